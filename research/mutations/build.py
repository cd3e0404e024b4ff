"""Builds subjects on a running engine, through the product's own recorder."""

import http.client
import itertools
import json
import os
import shutil
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlencode

from layerfork.builders.engines import RunningEngine, fetch_toolchain
from layerfork.builders.process import run
from layerfork.builders.recording.contextdigests import fill_from_disk
from layerfork.builders.recording.contextplaces import place_at
from layerfork.builders.recording.imagefacts import add_base_facts, add_image_facts
from layerfork.builders.recording.recorder import Recorder
from layerfork.record.build import Builder, Command, Toolchain
from layerfork.record.engine import ImageFacts
from layerfork.record.record import BuildOutcome, BuildRecord, ClientInfo
from research.mutations.layout import tar_of, write_directory
from research.mutations.subject import OTHER_BASE, Arena, Delivery, Line, Node, Stage, Subject

TIMEOUT_S = 120.0
_BUILDX_OF = "26.1"
"""The docker CLI whose buildx builds on engines of before 23.0."""


class BuildFailedError(Exception):
    """The engine did not build what was generated; the case says nothing."""


@dataclass(slots=True, kw_only=True)
class Site:
    """One engine, and a private place for what its builds need."""

    engine: RunningEngine
    directory: Path
    """Short: sockets lie in it."""
    numbers: Iterator[int] = field(default_factory=itertools.count)
    bases: dict[str, ImageFacts] = field(default_factory=dict)

    def prepare(self) -> None:
        """Make the second base image. Raises: BuildFailedError."""
        self.bases.clear()
        subject = Subject(
            nodes=(Node(path="other", data=b"other\n"),),
            stages=(Stage(name="s0", lines=(Line(keyword="COPY", words=("other", "/other")),)),),
        )
        query = {**query_of(subject), "t": OTHER_BASE}
        answer = post(self.engine.docker_host, query, tar_of(subject), gzip=False)
        if "Successfully" not in answer:
            raise BuildFailedError(f"{OTHER_BASE}: {answer}")

    def build(
        self, subject: Subject, arena: Arena, look: Callable[[Path], None] = lambda _: None
    ) -> BuildRecord:
        """Build once and record it, with the engine's word about the images. ``look`` is called with the
        context's place when it is laid out, and nothing has been sent.

        Raises: BuildFailedError, LayerforkError.
        """
        number = next(self.numbers)
        recorder = Recorder(self.engine, self.directory / f"{number}.sock", b"mutations")
        context = self.directory / f"context{number}"
        with self._laid_out(subject, arena, context):
            look(context)
            with recorder:
                said = self._send(recorder, subject, arena, context)
            records = recorder.records(ClientInfo(id=f"build{number}"))
            if len(records) != 1 or records[0].result.outcome is not BuildOutcome.SUCCEEDED:
                why = records[0].result.error if records else "nothing was recorded"
                raise BuildFailedError(f"{why}\n{said}\n{subject.dockerfile()}")
            record = records[0]
            if arena.delivery is Delivery.DIRECTORY:
                record = fill_from_disk(record, lambda manifest: (place_at(context, manifest),))
        if record.builder is not Builder.BUILDKIT:
            record = add_image_facts(record, recorder.image_facts, record.result.image_id)
        return add_base_facts(record, lambda reference: self._base(recorder, reference))

    def _base(self, recorder: Recorder, reference: str) -> ImageFacts:
        """Base images stay as they are, so each is asked about once."""
        if reference not in self.bases:
            self.bases[reference] = recorder.image_facts(reference)
        return self.bases[reference]

    @contextmanager
    def _laid_out(self, subject: Subject, arena: Arena, context: Path) -> Iterator[None]:
        if arena.delivery is Delivery.DIRECTORY:
            write_directory(subject, context)
            try:
                yield
            finally:
                shutil.rmtree(context)
            return
        archive = context.with_suffix(".tar")
        archive.write_bytes(tar_of(subject))
        try:
            yield
        finally:
            archive.unlink()

    def _send(self, recorder: Recorder, subject: Subject, arena: Arena, context: Path) -> str:
        archive = context.with_suffix(".tar")
        if arena.delivery is Delivery.TAR and arena.builder is not Builder.BUILDKIT:
            return post(recorder.docker_host, query_of(subject), archive.read_bytes(), gzip=subject.wire.gzip)
        options = [f"--build-arg={name}={value}" for name, value in subject.build_args]
        options += [f"--label={name}={value}" for name, value in subject.labels]
        options += [f"--target={subject.target}"] if subject.target else []
        options += [f"--network={subject.network}"] if subject.network else []
        where = "-" if arena.delivery is Delivery.TAR else str(context)
        stdin = archive if arena.delivery is Delivery.TAR else None
        return self._client(recorder, arena, [*options, where], stdin)

    def _client(self, recorder: Recorder, arena: Arena, words: list[str], stdin: Path | None) -> str:
        toolchain = self.engine.toolchain
        if toolchain is None:
            raise BuildFailedError("the engine has no client of its own")
        home = self.directory / "home"
        env = {"PATH": os.defpath, "HOME": str(home), "DOCKER_HOST": recorder.docker_host}
        if arena.builder is Builder.BUILDKIT:
            # The plugin itself: the docker CLI would only start it, and each start costs.
            program = (str(_buildx(toolchain)), "build", "--provenance=false")
            argv: tuple[str, ...] = (*program, "--output=type=cacheonly", *words)
        else:
            env["DOCKER_BUILDKIT"] = "0"
            argv = (str(toolchain.docker), "build", *words)
        done = run(Command(argv=argv, env=env, stdin=stdin), timeout_s=TIMEOUT_S)
        return done.stderr + done.stdout


def _buildx(toolchain: Toolchain) -> Path:
    """The engine's own buildx; of engines that come without one, one that shows their definitions."""
    plugins = toolchain.cli_plugins or fetch_toolchain(_BUILDX_OF, os.environ, print).cli_plugins
    if plugins is None:
        raise BuildFailedError("there is no buildx")
    return plugins / "docker-buildx"


def query_of(subject: Subject) -> Mapping[str, str]:
    return {
        "version": "1",
        "rm": "1",
        "buildargs": json.dumps(dict(subject.build_args)),
        "labels": json.dumps(dict(subject.labels)),
        "target": subject.target,
        "networkmode": subject.network or "default",
    }


def post(docker_host: str, query: Mapping[str, str], body: bytes, *, gzip: bool) -> str:
    """``POST /build`` with a tar, straight to the socket: no client program has to start."""
    connection = http.client.HTTPConnection("localhost", timeout=TIMEOUT_S)
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.sock.connect(docker_host.removeprefix("unix://"))
    headers = {"Content-Type": "application/x-tar"} | ({"Content-Encoding": "gzip"} if gzip else {})
    try:
        connection.request("POST", f"/build?{urlencode(query)}", body, headers)
        return connection.getresponse().read().decode(errors="replace")
    finally:
        connection.close()


def blind(record: BuildRecord) -> BuildRecord:
    """The record without anything that the engine said about keys, hits and results.

    A model that sees only this cannot copy its prediction from the answer.
    """
    steps = tuple(
        replace(step, status=type(step.status).UNKNOWN, identity="", created_by="", seconds=None)
        for step in record.steps
    )
    vertices = tuple(replace(vertex, cached=False) for vertex in record.vertices)
    result = replace(record.result, image_id="", image=None)
    return replace(record, steps=steps, vertices=vertices, result=result)
