"""Hand-made builds: a few lines of Dockerfile with the key parts that a model would give them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from layerfork.diagnose import JudgedBuild
from layerfork.record.build import Builder
from layerfork.record.cachekey import BuildKeys, CacheKey, KeyPart, StepKey
from layerfork.record.context import (
    ContentSource,
    ContextEntry,
    ContextManifest,
    Digest,
    EntryType,
    Transport,
)
from layerfork.record.engine import EngineInfo
from layerfork.record.record import (
    BuildOutcome,
    BuildRecord,
    BuildResult,
    ClientInfo,
    RecordedRequest,
    StepRecord,
    StepStatus,
)

HIT, MISS = StepStatus.HIT, StepStatus.MISS
ENGINE = EngineInfo(
    ours=True,
    kind="private",
    version="26.1.5",
    api_version="1.45",
    image_store="graphdriver",
    instance="engine-1",
)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One step to be made."""

    text: str
    parts: tuple[KeyPart, ...] = ()
    """Parts beside the instruction's own text; only these when `bare`."""
    bare: bool = False
    stage: int = 0
    stage_name: str = ""
    parents: tuple[int, ...] | None = None
    """None: the step before it in its stage."""
    unknown: tuple[str, ...] = ()
    line: int | None = None
    status: StepStatus | None = None


def part(cause: str, value: str, path: str = "", name: str = "") -> KeyPart:
    return KeyPart(cause=cause, path=path, field=name or cause, value=value)


def entry_parts(path: str, **changes: str) -> tuple[KeyPart, ...]:
    """Parts of a plain file; ``changes`` replace values by cause, ``-`` written as ``_``."""
    values = {
        "entry-name": path,
        "entry-type": "0",
        "mode": "0644",
        "uid": "0",
        "gid": "0",
        "content": digest(path),
    } | {cause.replace("_", "-"): value for cause, value in changes.items()}
    return tuple(part(cause, value, path) for cause, value in values.items())


def digest(text: str) -> Digest:
    return Digest("sha256:" + sha256(text.encode()).hexdigest())


def entry(name: str, data: str = "x", **changes: object) -> ContextEntry:
    made = ContextEntry(
        name=name,
        type=EntryType.FILE,
        mode=0o644,
        size=len(data),
        content=digest(data),
        content_source=ContentSource.SENT,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def context(*entries: ContextEntry, transport: Transport = Transport.TAR) -> ContextManifest:
    return ContextManifest(transport=transport, entries=entries)


def from_line(image: str = "alpine", digest_of: str = "alpine", **more: object) -> Line:
    made = Line(text=f"FROM {image}", parts=(part("base-image", digest(digest_of), name="id"),), bare=True)
    return replace(made, **more)  # type: ignore[arg-type]


@dataclass
class Cache:
    """What a clean engine has stored: the chain of keys of each step, and its image id."""

    stored: dict[str, str] = field(default_factory=dict)
    builds: int = 0


def build(
    client: str,
    lines: Sequence[Line],
    cache: Cache | None = None,
    *,
    builder: Builder = Builder.CLASSIC,
    control: str = "hit",
    outcome: BuildOutcome = BuildOutcome.SUCCEEDED,
    sent: ContextManifest | None = None,
    engine: EngineInfo | None = ENGINE,
    request: RecordedRequest | None = None,
    created_by: bool = True,
    ruled_out: tuple[KeyPart, ...] = (),
    version: str = "",
) -> JudgedBuild:
    """Build ``lines`` as an engine with that cache would, and write its record and keys."""
    cache = cache if cache is not None else Cache()
    cache.builds += 1
    request = request or RecordedRequest()
    steps: list[StepRecord] = []
    keys: list[StepKey] = []
    chains: dict[int, str] = {}
    last: dict[int, int] = {}
    for index, line in enumerate(lines, start=1):
        base = line.text.upper().startswith("FROM ")
        own = () if line.bare else (part("instruction", line.text, name="Cmd"),)
        parents = line.parents
        if parents is None:
            parents = (last[line.stage],) if line.stage in last else ()
        last[line.stage] = index
        parts = (*own, *line.parts)
        form = f"/bin/sh -c #(nop) {digest(repr(sorted(parts)))}" if parts and not base else ""
        chain = digest("|".join([repr(sorted(parts)), *(chains[parent] for parent in parents)]))
        chains[index] = chain
        known = chain in cache.stored and not request.no_cache
        status = HIT if base or known else MISS
        if not known:
            cache.stored[chain] = chain if base else digest(f"{cache.builds} {index} {chain}")
        steps.append(
            StepRecord(
                index=index,
                stage=line.stage,
                stage_name=line.stage_name,
                instruction=line.text,
                line=index if line.line is None else line.line,
                status=line.status or status,
                identity=cache.stored[chain] if builder is Builder.CLASSIC else "",
                created_by=form if created_by and builder is not Builder.BUILDKIT else "",
                seconds=0.5 if status is MISS else 0.0,
            )
        )
        key = CacheKey(
            parts=parts, engine_form=form if builder is not Builder.BUILDKIT else "", unknown=line.unknown
        )
        keys.append(StepKey(index=index, key=key, parents=parents, always_runs=base))
    record = BuildRecord(
        id=f"{client}-{cache.builds}",
        recorded_at="2025-01-01T00:00:00Z",
        client=ClientInfo(id=client, version=version),
        engine=engine,
        builder=builder,
        request=request,
        context=sent,
        steps=tuple(steps),
        result=BuildResult(outcome=outcome),
    )
    return JudgedBuild(
        client=client,
        record=record,
        keys=BuildKeys(rules=builder.value, steps=tuple(keys), ruled_out=ruled_out),
        control=control,
    )


def seed(copied: tuple[KeyPart, ...] | None = None) -> tuple[Line, ...]:
    """The Dockerfile of 2015."""
    return (
        from_line(),
        Line(text="RUN  du -s /"),
        Line(text="COPY important.txt /", parts=copied or entry_parts("important.txt")),
        Line(text="RUN  du -s /"),
    )
