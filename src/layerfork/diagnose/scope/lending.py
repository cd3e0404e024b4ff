"""BuildKit builds whose record shows no definition: whose definition, and whose keys, they must have had."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from layerfork.diagnose.compare.builds import JudgedBuild, names_of
from layerfork.diagnose.matching.alignment import keyword, normalise
from layerfork.diagnose.scope.asked import read_asked
from layerfork.keys import keys_of
from layerfork.keys.buildkit.reported import definition_as_reported
from layerfork.record.build import Builder
from layerfork.record.context import ContextManifest, Transport
from layerfork.record.llb import Definition, ExecOp, FileAction
from layerfork.record.record import BuildRecord, StepRecord

STEPS = "the steps' own texts"
"""What a definition is taken from when no build shows one."""
_SENT = (Transport.FILE_SYNC, Transport.TAR)
_ALIKE = "same Dockerfile, request, frontend and base images"


def lend_definitions(builds: Sequence[JudgedBuild]) -> tuple[JudgedBuild, ...]:
    """The builds, those without a definition as if they had shown the one that another build shows.

    Only a build with the same Dockerfile, request, frontend and base images lends its definition; keys
    are computed anew, with the borrower's own context. In which order the builds ran does not matter.
    """
    return tuple(_borrow(build, builds) for build in builds)


def _borrow(build: JudgedBuild, others: Iterable[JudgedBuild]) -> JudgedBuild:
    if build.record.definition is not None or build.record.builder is not Builder.BUILDKIT:
        return build
    lenders = list(_lenders(build.record, others))
    if len({_work(lender.record.definition) for lender in lenders}) != 1:
        # Nobody shows one, or more decides about definitions than this program knows of.
        return build if lenders or build.as_reported else replace(build, as_reported=_as_reported(build))
    record = _with_definition(build.record, lenders[0].record)
    return replace(build, record=record, keys=keys_of(record), definition_from=lenders[0].client)


def _work(definition: Definition | None) -> frozenset[tuple[ExecOp | tuple[FileAction, ...], str]]:
    """What a definition does, wherever it has its files from."""
    done = ((op.exec or op.file, op.platform) for op in (definition.ops if definition is not None else ()))
    return frozenset((work, platform) for work, platform in done if work and not _unpacks(work))


def _unpacks(work: ExecOp | tuple[FileAction, ...]) -> bool:
    """A context that came as a tar is unpacked by an operation of its own, which no instruction makes.
    Source: moby/buildkit frontend/dockerui/context.go @ v0.13.2."""
    return isinstance(work, tuple) and any(
        action.attempt_unpack and not action.create_dest_path for action in work
    )


def _lenders(record: BuildRecord, others: Iterable[JudgedBuild]) -> Iterator[JudgedBuild]:
    """Builds with the definition that the record's must be, step by step."""
    asked = read_asked(record)
    if asked is None or not _is_sent(record.context):
        return
    steps = _places(record.steps)
    for other in others:
        if (
            other.record.definition is not None
            and _is_sent(other.record.context)
            and _places(other.record.steps) == steps
            and read_asked(other.record) == asked
        ):
            yield other


def _with_definition(record: BuildRecord, lender: BuildRecord) -> BuildRecord:
    steps = zip(record.steps, lender.steps, strict=True)
    return replace(
        record,
        definition=lender.definition,
        steps=tuple(replace(step, vertices=lent.vertices) for step, lent in steps),
        gaps=tuple(gap for gap in record.gaps if gap.where != "definition"),
    )


def _places(steps: Iterable[StepRecord]) -> list[tuple[int, str, str]]:
    """Stage, platform and text of each step. A FROM may show a digest or none, as the client asked for the
    image."""
    texts = ((step.stage, step.platform, normalise(step.instruction)) for step in steps)
    return [(stage, platform, "FROM" if keyword(text) == "FROM" else text) for stage, platform, text in texts]


def _is_sent(context: ContextManifest | None) -> bool:
    """Whether the client itself sent it, in whichever way: what reads files of it is the same."""
    return context is not None and not context.remote and context.transport in _SENT


def define_alike(writer: JudgedBuild, reader: JudgedBuild) -> tuple[JudgedBuild, JudgedBuild]:
    """Two builds without a definition as if they had one, where they must have had one and the same.

    What is made of the vertices' texts then stands for it in both, and says nothing beside a third build.
    """
    if writer.as_reported is None or reader.as_reported is None:
        return writer, reader
    asked = read_asked(writer.record)
    alike = asked == read_asked(reader.record) and _places(writer.record.steps) == _places(
        reader.record.steps
    )
    return (writer.as_reported, reader.as_reported) if asked is not None and alike else (writer, reader)


def _as_reported(build: JudgedBuild) -> JudgedBuild | None:
    if read_asked(build.record) is None:
        return None
    record = replace(build.record, definition=definition_as_reported(build.record))
    return replace(build, record=record, keys=keys_of(record), definition_from=STEPS)


def definition_lines(writer: JudgedBuild, reader: JudgedBuild) -> tuple[str, ...]:
    """Evidence lines that say which definitions stand in for those that records do not show."""
    if STEPS in (writer.definition_from, reader.definition_from):
        line = (
            f"neither record shows BuildKit's definition, but it is one: {_ALIKE}; what a step reads of the "
        )
        return (line + "context is taken from its text",)
    names = zip(names_of(writer, reader), (writer, reader), strict=True)
    return tuple(
        f"BuildKit's definition of {name} is not shown, but it is that of {build.definition_from}: {_ALIKE}"
        for name, build in names
        if build.definition_from
    )
