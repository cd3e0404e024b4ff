"""Measured vectors, and context entries made from them."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from fakes.copyaction import copy_action

from layerfork.dockerfile import parse_dockerfile
from layerfork.keys.classic.tarsum import tarsum
from layerfork.record.build import Builder
from layerfork.record.context import (
    ContentSource,
    ContextEntry,
    ContextManifest,
    Digest,
    EntryType,
    Transport,
)
from layerfork.record.engine import EngineInfo, ImageFacts
from layerfork.record.llb import Definition, ExecMount, ExecOp, FileAction, LLBInput, LLBOp, SourceOp
from layerfork.record.record import (
    BuildOutcome,
    BuildRecord,
    BuildResult,
    RecordedRequest,
    StepRecord,
    StepStatus,
)

VECTORS = Path(__file__).parents[2] / "vectors" / "cache-key-vectors.json"
TYPES = {
    "0": EntryType.FILE,
    "1": EntryType.HARDLINK,
    "2": EntryType.SYMLINK,
    "5": EntryType.DIRECTORY,
}


@pytest.fixture(scope="session")
def vectors() -> Any:
    """The whole file: every hash in it was printed or exported by a real engine."""
    return json.loads(VECTORS.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def entry_of() -> Callable[[dict[str, Any]], ContextEntry]:
    """Makes a tar entry of a vector's description, digests included as the recorder does."""
    return _entry_of


def _entry_of(vector: dict[str, Any]) -> ContextEntry:
    data = vector.get("data", "").encode()
    typeflag = vector.get("typeflag") or vector.get("type", "0")
    entry = ContextEntry(
        name=vector["name"],
        type=TYPES[typeflag],
        typeflag=typeflag,
        mode=vector["mode"],
        uid=vector["uid"],
        gid=vector["gid"],
        size=len(data),
        linkname=vector.get("linkname", ""),
        mtime_ns=vector.get("mtime", 0) * 10**9,
        content=Digest("sha256:" + sha256(data).hexdigest()) if typeflag == "0" else None,
        content_source=ContentSource.SENT if typeflag == "0" else ContentSource.NONE,
    )
    return replace(entry, tarsum=tarsum(entry, [data]))


BASE = ImageFacts(image_id="sha256:" + "b" * 64, history=(), diff_ids=(), env=("PATH=/bin",))


@pytest.fixture(scope="session")
def classic_record() -> Callable[..., BuildRecord]:
    """Makes the record of a classic build, its steps as the builder numbers and prints them."""
    return _classic_record


def _classic_record(
    dockerfile: str,
    entries: Sequence[ContextEntry] = (),
    created_by: Sequence[str] = (),
    bases: Mapping[str, ImageFacts] | None = None,
    engine: str = "26.1.5",
    excludes: tuple[str, ...] = (),
    request: RecordedRequest | None = None,
) -> BuildRecord:
    asked = replace(request or RecordedRequest(), dockerfile=dockerfile)
    parsed = parse_dockerfile(dockerfile)
    target = parsed.find_stage(asked.target) if asked.target else None
    kept = [i for i in parsed.instructions if target is None or i.stage <= target.index]
    lines = [(i.text, i.stage, i.stage_name) for i in kept]
    last = lines[-1]
    lines += [(f"LABEL {name}={value}", *last[1:]) for name, value in sorted(asked.labels)]
    steps = tuple(
        StepRecord(
            index=index,
            stage=stage,
            stage_name=name,
            instruction=text,
            status=StepStatus.MISS,
            created_by=created_by[index - 1] if index <= len(created_by) else "",
        )
        for index, (text, stage, name) in enumerate(lines, start=1)
    )
    known = {"base": BASE} if bases is None else bases
    return BuildRecord(
        id="test",
        recorded_at="2026-01-01T00:00:00Z",
        builder=Builder.CLASSIC,
        engine=EngineInfo(kind="private", version=engine, api_version="", image_store="graphdriver"),
        request=asked,
        context=ContextManifest(transport=Transport.TAR, entries=tuple(entries), excludes=excludes),
        steps=steps,
        base_images=tuple(known.items()),
        result=BuildResult(outcome=BuildOutcome.SUCCEEDED),
    )


@pytest.fixture(scope="session")
def buildkit_record() -> Callable[..., BuildRecord]:
    """Makes the record of a BuildKit build, with the graph that its frontend makes of COPY and RUN."""
    return _buildkit_record


def _buildkit_record(
    dockerfile: str,
    entries: Sequence[ContextEntry] = (),
    transport: Transport = Transport.TAR,
    engine: str = "26.1.5",
    env: tuple[str, ...] = ("PATH=/bin",),
) -> BuildRecord:
    graph = _Graph()
    image = graph.add("FROM base", source=SourceOp(identifier="docker-image://docker.io/library/base:latest"))
    if transport is Transport.TAR:
        upload = graph.add("", source=SourceOp(identifier="http://buildkit-session/x"))
        unpack = FileAction(kind="copy", secondary_input=0, src="/context", dest="/", attempt_unpack=True)
        context = graph.add("", file=(unpack,), inputs=(upload,))
    else:
        context = graph.add("", source=SourceOp(identifier="local://context"))
    last = image
    for instruction in parse_dockerfile(dockerfile).stages[0].instructions:
        if instruction.keyword == "RUN":
            root = ExecMount(type="bind", dest="/", input=0, output=0)
            args = ("/bin/sh", "-c", instruction.arguments[0])
            run = ExecOp(args=args, env=env, cwd="/", mounts=(root,), remove_mount_stubs_recursive=True)
            last = graph.add(instruction.text, exec=run, inputs=(last,))
        else:
            *sources, dest = instruction.arguments
            actions = tuple(copy_action(word, dest, n, len(sources)) for n, word in enumerate(sources))
            last = graph.add(instruction.text, file=actions, inputs=(last, context))
    base = _classic_record(dockerfile, entries, engine=engine)
    assert base.context is not None
    return replace(
        base,
        builder=Builder.BUILDKIT,
        engine=base.engine and replace(base.engine, os="linux", architecture="amd64"),
        definition=Definition(ops=tuple(graph.ops)),
        steps=tuple(graph.steps),
        context=replace(base.context, transport=transport),
        base_images=(("base", replace(BASE, diff_ids=("sha256:" + "1" * 64,))),),
    )


class _Graph:
    def __init__(self) -> None:
        self.ops: list[LLBOp] = []
        self.steps: list[StepRecord] = []

    def add(
        self,
        text: str,
        inputs: tuple[Digest, ...] = (),
        source: SourceOp | None = None,
        file: tuple[FileAction, ...] | None = None,
        exec: ExecOp | None = None,  # noqa: A002 - named as in the model
    ) -> Digest:
        """Append an op and, unless its text is empty, a step that it alone makes up."""
        digest = Digest("sha256:" + sha256(f"{len(self.ops)} {text}".encode()).hexdigest())
        kind = "source" if source else "file" if file else "exec"
        links = tuple(LLBInput(digest=each) for each in inputs)
        op = LLBOp(digest=digest, kind=kind, inputs=links, source=source, file=file, exec=exec)
        self.ops.append(op)
        if text:
            index = len(self.steps) + 1
            step = StepRecord(index=index, instruction=text, status=StepStatus.MISS, vertices=(digest,))
            self.steps.append(step)
        return digest
