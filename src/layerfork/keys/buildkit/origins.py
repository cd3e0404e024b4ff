"""The variables behind the parts of a step, SOURCE_DATE_EPOCH included."""

import re
from collections.abc import Iterator

from layerfork.dockerfile import Dockerfile
from layerfork.dockerfile.definition import Dated, Evaluated, Inputs, evaluate
from layerfork.dockerfile.recorded import dockerfile_of, instruction_at
from layerfork.dockerfile.scope import ValueSource
from layerfork.keys.recordedbases import base_facts
from layerfork.record.build import Builder
from layerfork.record.cachekey import KeyPart
from layerfork.record.engine import ImageFacts
from layerfork.record.record import BuildRecord, StepRecord
from layerfork.releases import buildkit_release, frontend_rules

# SOURCE_DATE_EPOCH: a build argument that the frontend itself uses, declared or not.
#
# - Since 0.22 a directory that WORKDIR makes has that time, and so it is in the key of WORKDIR.
# - Since 0.29 a global ARG of that name gives it too.
# - Since 0.30 the value may say where the time is to be taken from: ``context``, the name of a stage or of a
# named context. The frontend asks for it before it builds: a commit's time, a ``Last-Modified``, the newest
# file of an archive; of a directory that the client sends there is none, and the argument counts as not
# given. Only the number goes on, to WORKDIR and, where it is declared, to RUN: a definition shows it, a
# request does not. A git context is then checked out with its commit's time (``git.mtime``), which content
# keys do not hold.
#
# Source: moby/buildkit frontend/dockerfile/dockerfile2llb/{convert,epoch}.go and
# frontend/dockerui/{attr,context}.go @ v0.25.2, v0.29.0, v0.30.0 and v0.32.2; commits 01b3eb44f (0.22),
# d751ebd4b (0.29), 4e1c8acd5 and c126a86c1 (0.30).

NAME = "SOURCE_DATE_EPOCH"
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_SECOND_NS = 1_000_000_000


def dating(record: BuildRecord) -> Dated | None:
    """The argument as the builder's own frontend uses it; None where it dates no directories, and for any
    other frontend (``# syntax``), which is not modelled."""
    engine = record.engine
    if engine is None or record.request.syntax:
        return None
    release = buildkit_release(engine.buildkit_version, engine.version)
    if release is None:
        return None
    rules = frontend_rules(release, merges=None)
    if not rules.dates_directories:
        return None
    return Dated(name=NAME, to_timestamp=nanoseconds, by_global_default=rules.dates_by_global_default)


def arguments_of(record: BuildRecord) -> dict[str, str]:
    """The build's arguments as its frontend used them: a time that it looked up as the number that it found;
    without the argument where it found none, or where nothing of the build depends on it."""
    given = dict(record.request.build_args)
    asked = given.get(NAME, "")
    if record.builder is not Builder.BUILDKIT or not asked or is_number(asked):
        return given
    shown = tuple(_shown(record))
    if asked in shown:  # a frontend to which it is an argument like others
        return given
    del given[NAME]
    found = next(filter(is_number, shown), "")
    return given | ({NAME: found} if found else {})


def is_number(value: str) -> bool:
    """Whether it is seconds since 1970."""
    return _NUMBER.fullmatch(value) is not None


def nanoseconds(value: str) -> int:
    """The time as operations hold it; -1 for none."""
    return int(value) * _SECOND_NS if is_number(value) else -1


def _shown(record: BuildRecord) -> Iterator[str]:
    """The time that operations of the build show: of a directory, or in the environment of a RUN."""
    for op in record.definition.ops if record.definition is not None else ():
        for action in op.file or ():
            if action.kind == "mkdir" and action.timestamp != -1:
                yield str(action.timestamp // _SECOND_NS)
        for entry in op.exec.env if op.exec is not None else ():
            name, _, value = entry.partition("=")
            if name == NAME:
                yield value


# The variables behind the parts of a step: those that its text was expanded with, or that its RUN gets.


class Origins:
    """Finds the variables of every step of one record."""

    def __init__(self, record: BuildRecord) -> None:
        self.dockerfile = dockerfile_of(record)
        self.evaluated: dict[int, Evaluated] = {}
        if self.dockerfile is not None:
            images = _images(record, self.dockerfile)
            self.evaluated = evaluate(
                self.dockerfile,
                Inputs(build_args=arguments_of(record), images=images, dated=dating(record)),
            )

    def of_step(self, step: StepRecord) -> tuple[KeyPart, ...]:
        """The variables as parts; of a RUN only arguments, and what its environment was made from, since the
        environment itself is known without."""
        instruction = instruction_at(self.dockerfile, step)
        found = self.evaluated.get(instruction.first_line) if instruction is not None else None
        if found is None:
            return ()
        arguments = (
            each
            for each in found.environment
            if each.source is ValueSource.ARG or found.visible.get(each.name) != each.value
        )
        return tuple(
            KeyPart(cause=each.source.value, path=each.name, field="value", value=each.value)
            for each in dict.fromkeys((*found.variables, *arguments))
        )


def _images(record: BuildRecord, dockerfile: Dockerfile) -> dict[int, ImageFacts]:
    found = {stage.index: base_facts(record, dockerfile, stage) for stage in dockerfile.stages}
    return {index: facts for index, facts in found.items() if facts is not None}
