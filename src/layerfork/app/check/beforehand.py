"""What can be said against a check with a baseline before anything is built."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import PurePath
from typing import TYPE_CHECKING

from layerfork.builders.secrets.redactionkey import key_id, redaction_key
from layerfork.dockerfile.recorded import dockerfile_of
from layerfork.record.build import Builder
from layerfork.record.record import BuildRecord
from layerfork.wire.redact import Redactor

if TYPE_CHECKING:
    from layerfork.app.compare.pairing import NamedRecord

_BUILDERS = frozenset({"docker", "docker-compose"})
_OPTION = "--build-arg"
_PREDEFINED = re.compile(r"(?i)(?:https?|ftp|no|all)_proxy|buildkit_.*|source_date_epoch")
"""No part of the key of a RUN, or not as other arguments are.
Source: moby/buildkit frontend/dockerfile/docs/reference.md ("Predefined ARGs", "BuildKit built-in build
args") @ v0.13.2."""
_HIDDEN = "hidden:"


def unlike_the_baseline(
    argv: Sequence[str], baseline: "Sequence[NamedRecord]", file: str, environment: Mapping[str, str]
) -> Iterator[str]:
    """Build arguments that a docker command gives another value than the baseline's build had, where RUN
    steps have them in their keys: a line each."""
    redactor, own_key = Redactor(redaction_key()), key_id(redaction_key())
    for name, value in _arguments(argv, environment).items():
        shown = redactor.hide(name, value)
        if any(_reaches(each.record, name, shown, own_key) for each in baseline):
            yield (
                f"--build-arg {name} has another value than in {file}: RUN steps below `ARG {name}` cannot "
                f"have its keys, and count as built again; give {name} one fixed value in both checks, or "
                "allow it (--allow build-arg)"
            )


def _arguments(argv: Sequence[str], environment: Mapping[str, str]) -> dict[str, str]:
    """The build arguments on a command line; a bare name takes its value from the environment."""
    if not argv or PurePath(argv[0]).name not in _BUILDERS:
        return {}
    given = [word for before, word in pairwise(argv) if before == _OPTION]
    given += [word.removeprefix(f"{_OPTION}=") for word in argv if word.startswith(f"{_OPTION}=")]
    values: dict[str, str] = {}
    for each in given:
        name, equals, value = each.partition("=")
        if equals or name in environment:
            values[name] = value if equals else environment[name]
    return values


def _reaches(record: BuildRecord, name: str, value: str, own_key: str) -> bool:
    """Whether RUN steps of a recorded build have the argument in their keys, with another value."""
    was = dict(record.request.build_args).get(name)
    if was == value or record.builder is Builder.BUILDAH or _PREDEFINED.fullmatch(name):
        return False
    hidden = [each for each in (was, value) if each is not None and each.startswith(_HIDDEN)]
    if hidden and record.redaction_key_id != own_key:
        return False
    dockerfile = dockerfile_of(record)
    if dockerfile is None:
        return False
    for stage in dockerfile.stages:
        declared = False
        for each in stage.instructions:
            if each.keyword == "ARG" and any(own == name for own, _ in each.pairs):
                declared = was is not None or dict(each.pairs)[name] != value
            elif each.keyword == "RUN" and declared:
                return True
    return False
