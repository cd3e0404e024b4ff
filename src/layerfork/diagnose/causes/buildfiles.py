"""The Dockerfile or the ignore file is itself copied, so editing it forks the copy."""

import re
from collections.abc import Iterator

from layerfork.diagnose.causes.forms import (
    claim_paths,
    describe_entry,
    distinct_paths,
    evidence_lines,
    one_sided_paths,
    show_value,
)
from layerfork.diagnose.causes.rule import Case, CauseRule, Finding
from layerfork.diagnose.causes.wording import name_paths, shorten_digests
from layerfork.diagnose.compare.copied import copied_sources, is_covered
from layerfork.diagnose.compare.differences import Difference
from layerfork.diagnose.undo.entries import undo_presence
from layerfork.record.cause import CauseCode

REMEDY = "list the Dockerfile and .dockerignore in .dockerignore, and keep the Dockerfile in the context"
_GENERATED = re.compile(r"\.dockerfile\.[0-9a-f]{10,}")
"""Names that clients give to a Dockerfile from outside the context: 20 hexadecimal digits by the
docker CLI, 40 by docker-py. Source: docker/cli cli/command/image/build/context.go @ v26.1.5,
docker-py docker/api/build.py @ 7.1.0."""


def find(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """Content of such a file differs, or only one side sent it."""
    sources = copied_sources(case.reader_view.step.instruction)
    names = frozenset(name for name in _build_files(case) if is_covered(name, sources))
    absent = frozenset().union(*one_sided_paths(case, unclaimed))
    one_sided = frozenset(path for path in absent if path in names or _GENERATED.fullmatch(path))
    content = [each for each in unclaimed if each.cause == "content" and each.path in names]
    claims = [*claim_paths(unclaimed, one_sided), *(each for each in content if each.path not in one_sided)]
    if not claims:
        return
    paths = distinct_paths(claims)
    first = claims[0]
    yield Finding(
        code=CauseCode.DOCKERFILE_IN_CONTEXT,
        path=first.path,
        field=first.field,
        writer=first.writer or "",
        reader=first.reader or "",
        what=(
            f"it copies {name_paths(paths)}, which {case.reader_name} and {case.writer_name} sent differently"
        ),
        evidence=tuple(
            f"{path}, only sent by one: {describe_entry(claims, path)}" for path in sorted(one_sided)
        )
        + evidence_lines(case, content, "content", lambda value: shorten_digests(show_value(value))),
        remedy=REMEDY,
        more=len(paths) - 1,
        claims=tuple(claims),
    )


def _build_files(case: Case) -> frozenset[str]:
    names = {".dockerignore", ".containerignore"}
    for build in (case.writer, case.reader):
        name = (build.record.request.dockerfile_name or "Dockerfile").removeprefix("./")
        names.update((name, f"{name}.dockerignore"))
    return frozenset(names)


DOCKERFILE_IN_CONTEXT = CauseRule(code=CauseCode.DOCKERFILE_IN_CONTEXT, find=find, undo=undo_presence)


RULES = (DOCKERFILE_IN_CONTEXT,)
