"""Summaries of stored builds: enough to choose one, without reading what its context held.

A summary lies beside its record's file, under that file's name and an ending. It is no evidence: what it says
of keys is computed, by a version that it names, and computed anew by another one.
"""

import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

import msgspec

from layerfork import __version__
from layerfork.record.context import Digest
from layerfork.record.record import BuildPlace, BuildRecord, ClientInfo, StepStatus
from layerfork.record.store.blocks import UNREADABLE
from layerfork.record.store.recordfile import StoredRecord, encode

ENDING = ".summary"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_SESSION = re.compile(r'(?<=\["local\.session",")[0-9a-z]+(?="\])')
"""Source: moby/buildkit solver/pb/attr.go (AttrLocalSessionID) @ v0.13.2 to v0.32.2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSummary:
    """One stored build in short."""

    outline: BuildRecord
    """The record without context, definition, steps and the Dockerfile's text."""
    command: str
    """Names the command that asked for it: the builds of one have one name."""
    chain: tuple[str, ...] | None = None
    """A digest for each step, over its key and those above, as far as they are known; None: not computed."""
    marks: tuple[tuple[int, str], ...] = ()
    """Step index and a digest over all that decides the step, unknown images by the digests that the build
    names; empty where they were not needed."""
    computed_by: str = ""
    """Version that computed them."""
    took: tuple[tuple[int, float, float], ...] = ()
    """Of each step that was built: its index, when it began, and how long it took, in seconds."""
    timeless: str = ""
    """`timeless_digest` of the record: one that has the same has the same keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownBuild:
    """A stored build: where its record is, and its summary."""

    path: Path
    summary: BuildSummary

    @property
    def outline(self) -> BuildRecord:
        return self.summary.outline

    @property
    def chain(self) -> tuple[str, ...] | None:
        """Of the summary, if this version computed it."""
        return self.summary.chain if self.summary.computed_by == __version__ else None

    @property
    def marks(self) -> Mapping[int, str]:
        """Of the summary, if this version computed them; else none."""
        return dict(self.summary.marks) if self.summary.computed_by == __version__ else {}


def timeless_digest(form: StoredRecord) -> str:
    """SHA-256, hexadecimal, over all of a record but what every build has of its own.

    Those are names, times, and the session that BuildKit operations name: it gives them new digests, which
    become their positions here.
    """
    outline = form.outline
    internal = outline.definition is not None
    vertices = [each for each in outline.vertices if not (internal and each.internal)]
    ops = outline.definition.ops if outline.definition is not None else ()
    outline = replace(
        outline,
        id="",
        recorded_at="",
        client=ClientInfo(user_agent=outline.client.user_agent),
        ref="",
        place=BuildPlace(),
        seconds=0.0,
        steps=tuple(replace(step, created_at="", started_s=None, seconds=None) for step in outline.steps),
        vertices=tuple(
            replace(each, started_s=None, completed_s=None, seconds=None, work=()) for each in vertices
        ),
    )
    positions = dict.fromkeys((*(op.digest for op in ops), *(each.digest for each in vertices)))
    number = {digest: str(position) for position, digest in enumerate(positions)}
    own = _SESSION.sub("", encode(outline).decode())
    own = _DIGEST.sub(lambda found: number.get(Digest(found[0]), found[0]), own)
    digest = sha256(own.encode())
    for line in form.blocks:
        digest.update(b"\n" + line)
    return digest.hexdigest()


def known_build(path: Path, record: BuildRecord, command: str, timeless: str) -> KnownBuild:
    """A build whose record was just stored at ``path``; ``timeless`` is its `timeless_digest`."""
    request = replace(record.request, dockerfile=None)
    outline = replace(
        record, request=request, context=None, named_contexts=(), definition=None, vertices=(), steps=()
    )
    if record.context is not None and record.context.remote:
        outline = replace(outline, context=replace(record.context, entries=()))
    took = tuple(
        (step.index, step.started_s, step.seconds)
        for step in record.steps
        if step.status is StepStatus.MISS and not step.error
        if step.started_s is not None and step.seconds is not None
    )
    summary = BuildSummary(outline=outline, command=command, timeless=timeless, took=took)
    return KnownBuild(path=path, summary=summary)


def with_chain(
    known: KnownBuild, chain: tuple[str, ...], marks: Mapping[int, str] = MappingProxyType({})
) -> KnownBuild:
    """The same with the digests of its steps."""
    summary = replace(known.summary, chain=chain, marks=tuple(marks.items()), computed_by=__version__)
    return replace(known, summary=summary)


def keep_summary(known: KnownBuild) -> None:
    """Write a summary beside its record. One that cannot be written is done without."""
    path = _beside(known.path)
    unfinished = path.with_suffix(".unfinished")
    with contextlib.suppress(OSError):
        unfinished.write_bytes(msgspec.json.encode(known.summary))
        unfinished.chmod(0o600)
        unfinished.rename(path)


def read_summaries(directory: Path) -> list[KnownBuild]:
    """All stored builds that have a summary, newest first; summaries of records that are gone are removed."""
    return sorted(_read(directory), key=lambda known: known.outline.recorded_at, reverse=True)


def _read(directory: Path) -> Iterator[KnownBuild]:
    for path in directory.glob(f"*{ENDING}"):
        record = path.with_name(path.name.removesuffix(ENDING))
        if not record.exists():
            path.unlink(missing_ok=True)
            continue
        with contextlib.suppress(OSError, *UNREADABLE):
            summary = msgspec.json.decode(path.read_bytes(), type=BuildSummary)
            yield KnownBuild(path=record, summary=summary)


def _beside(record: Path) -> Path:
    return record.with_name(record.name + ENDING)
