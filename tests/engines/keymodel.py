"""Builds on a real engine through its API, for tests that compare what it did with the key model."""

import http.client
import io
import json
import os
import re
import socket
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from layerfork.builders.engines import RunningEngine
from layerfork.builders.process import run
from layerfork.builders.recording.imagefacts import add_base_facts
from layerfork.builders.recording.recorder import Recorder
from layerfork.context.tarball import write_tar
from layerfork.dockerfile import parse_dockerfile
from layerfork.keys.classic.tarsum import tarsum
from layerfork.record.build import Builder, Command, Toolchain
from layerfork.record.context import (
    ContentSource,
    ContextEntry,
    ContextManifest,
    Digest,
    EntryType,
    Transport,
)
from layerfork.record.record import (
    BuildOutcome,
    BuildRecord,
    BuildResult,
    ClientInfo,
    RecordedRequest,
    StepRecord,
    StepStatus,
)


@dataclass(slots=True)
class HandMadeContext:
    """Tar entries with their contents, every header field as a test wants it."""

    entries: list[ContextEntry] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)

    def add(self, name: str, data: bytes = b"", **fields: object) -> "HandMadeContext":
        """Append a file, or with ``type=`` something else."""
        kind = fields.pop("type", EntryType.FILE)
        default_mode = {EntryType.DIRECTORY: 0o755, EntryType.SYMLINK: 0o777}.get(kind, 0o644)  # type: ignore[call-overload]
        attributes: dict[str, object] = {"mode": default_mode, "size": len(data)} | fields
        entry = ContextEntry(name=name, type=kind, **attributes)  # type: ignore[arg-type]
        if kind is EntryType.FILE:
            content = Digest("sha256:" + sha256(data).hexdigest())
            entry = replace(entry, content=content, content_source=ContentSource.SENT)
        self.entries.append(replace(entry, tarsum=tarsum(entry, [data])))
        self.contents.append(data)
        return self

    def tar(self) -> bytes:
        out = io.BytesIO()
        contents = iter(self.contents)
        by_entry = {id(entry): next(contents) for entry in self.entries}
        write_tar(self.entries, lambda entry: [by_entry[id(entry)]], out)
        return out.getvalue()

    def manifest(self) -> ContextManifest:
        return ContextManifest(transport=Transport.TAR, entries=tuple(self.entries))


def build_classic(
    engine: RunningEngine,
    dockerfile: str,
    context: HandMadeContext,
    request: RecordedRequest | None = None,
    base: str = "alpine",
) -> BuildRecord:
    """Build with the classic builder and record it; the Dockerfile is put into the context."""
    asked = replace(request or RecordedRequest(), dockerfile=dockerfile)
    context.add(asked.dockerfile_name or "Dockerfile", dockerfile.encode())
    query = {
        "version": "1",
        "dockerfile": asked.dockerfile_name,
        "buildargs": json.dumps(dict(asked.build_args)),
        "labels": json.dumps(dict(asked.labels)),
        "target": asked.target,
    }
    assert engine.socket is not None
    lines = post_build(engine.socket, query, context.tar())
    text = "".join(line.get("stream", "") for line in lines)
    errors = [line["error"] for line in lines if "error" in line]
    assert not errors, errors
    facts = engine.image_facts(base)
    return BuildRecord(
        id="build",
        recorded_at="2026-01-01T00:00:00Z",
        builder=Builder.CLASSIC,
        engine=engine.info,
        request=asked,
        context=context.manifest(),
        steps=tuple(read_steps(text, dockerfile)),
        base_images=((base, facts),),
        result=BuildResult(outcome=BuildOutcome.SUCCEEDED),
    )


def post_build(path: Path, query: Mapping[str, str], body: bytes) -> list[dict[str, str]]:
    """``POST /build`` with a tar; the JSON lines of the answer."""
    connection = http.client.HTTPConnection("localhost", timeout=120)
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.sock.connect(str(path))
    try:
        connection.request("POST", f"/build?{urlencode(query)}", body, {"Content-Type": "application/x-tar"})
        answer = connection.getresponse().read()
    finally:
        connection.close()
    return [json.loads(line) for line in answer.splitlines() if line.strip()]


def read_steps(text: str, dockerfile: str) -> Sequence[StepRecord]:
    """Steps of a classic build's output: number, text, status and short image id."""
    stages = [(i.stage, i.stage_name) for i in parse_dockerfile(dockerfile).instructions]
    steps = []
    for piece in re.split(r"^Step (?=\d+/\d+ : )", text, flags=re.MULTILINE)[1:]:
        head = re.match(r"(\d+)/\d+ : (.*)", piece)
        assert head is not None
        index = int(head[1])
        stage, name = stages[min(index, len(stages)) - 1]
        ids = re.findall(r"^ ---> ([0-9a-f]{12})$", piece, flags=re.MULTILINE)
        hit = "---> Using cache" in piece
        steps.append(
            StepRecord(
                index=index,
                stage=stage,
                stage_name=name,
                instruction=head[2],
                status=StepStatus.HIT if hit else StepStatus.MISS,
                identity=ids[-1] if ids else "",
            )
        )
    return steps


def created_by(engine: RunningEngine, step: StepRecord) -> str:
    """What history says the step's image was created by."""
    return engine.image_facts(step.identity).history[-1].created_by


@dataclass(frozen=True, slots=True)
class Recorded:
    """One recorded BuildKit build and the cache that it exported."""

    record: BuildRecord
    exported: frozenset[str]
    """Digests of all records in the export; empty when none was asked for."""


GONE_BELOW = re.compile(r"parent snapshot \S+ does not exist")
"""What the containerd image store says, rarely, of a layer that its collector was just removing: containerd
collects behind the back of what a reset has pruned. Seen with 26.1.5 and 28.5.2; the next build succeeds."""


def build_buildkit(
    engine: RunningEngine,
    scratch: Path,
    arguments: Sequence[str],
    stdin: Path | None = None,
    export: bool = True,
    toolchain: Toolchain | None = None,
) -> Recorded:
    """``docker buildx build`` through a recorder, with the engine's own CLI unless another one is given; a
    failed build fails the test."""
    toolchain = toolchain or engine.toolchain
    assert toolchain is not None
    scratch.mkdir(exist_ok=True)
    config = scratch / "docker"
    config.mkdir(exist_ok=True)
    plugins = {"cliPluginsExtraDirs": [str(toolchain.cli_plugins)]}
    (config / "config.json").write_text(json.dumps(plugins))
    cache = scratch / f"cache-{len(list(scratch.iterdir()))}"
    argv = [str(toolchain.docker), "buildx", "build", "--provenance=false", "-t", "key-model"]
    argv += [f"--cache-to=type=local,dest={cache},mode=max"] if export else []
    env = {"PATH": os.defpath, "HOME": str(scratch), "DOCKER_CONFIG": str(config)}
    with tempfile.TemporaryDirectory(prefix="lf-") as short:
        recorder = Recorder(engine, Path(short) / "s", b"key")
        with recorder:
            env["DOCKER_HOST"] = recorder.docker_host
            command = Command(argv=(*argv, *arguments), env=env, stdin=stdin)
            done = run(command)
            if GONE_BELOW.search(done.stderr):
                done = run(command)
        assert done.ok, done.stderr
        *_, record = recorder.records(ClientInfo())
        record = add_base_facts(record, recorder.image_facts)
    return Recorded(record, exported_digests(cache) if export else frozenset())


def exported_digests(cache: Path) -> frozenset[str]:
    """Digests of the records in a local cache export."""

    def blob(digest: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((cache / "blobs" / digest.replace(":", "/")).read_text())
        return found

    index = json.loads((cache / "index.json").read_text())
    manifest = blob(index["manifests"][0]["digest"])
    # The cache config is one blob among the layers or, since BuildKit 0.21, the config of an image manifest.
    descriptors = [manifest["config"]] if "config" in manifest else manifest["manifests"]
    kind = "application/vnd.buildkit.cacheconfig.v0"
    (config,) = [blob(each["digest"]) for each in descriptors if each["mediaType"] == kind]
    return frozenset(record["digest"] for record in config["records"])
