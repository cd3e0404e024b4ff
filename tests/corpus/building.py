"""Builds on real engines, through the product's own recorder."""

import contextlib
import functools
import http.client
import io
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, urlencode

from corpus.subjects import Build, Client, Node

from layerfork.builders.engines import RunningEngine, fetch_toolchain
from layerfork.builders.environments.served import enter_network
from layerfork.builders.process import run
from layerfork.builders.recording.contextdigests import fill_from_disk
from layerfork.builders.recording.contextplaces import place_at
from layerfork.builders.recording.imagefacts import add_base_facts, add_image_facts
from layerfork.builders.recording.printed import read_printed_build
from layerfork.builders.recording.recorder import Recorder
from layerfork.context.tarball import write_tar
from layerfork.record.build import Builder, BuildRequest, Command, Completed, Toolchain
from layerfork.record.context import EntryType
from layerfork.record.record import BuildOutcome, BuildRecord, ClientInfo

TIMEOUT_S = 120.0
PORT = 8000


class BuildFailedError(Exception):
    """An engine did not build what a pair asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """One engine, and a private place for what a build needs."""

    engine: RunningEngine
    directory: Path
    """Short: sockets lie in it. It is there and empty."""
    shared: Path
    """What both builds of a pair see: an exported cache."""

    def build(self, build: Build, client: Client) -> BuildRecord:
        """Build once and record it, with the engine's word about the images.

        Raises: BuildFailedError, LayerforkError.
        """
        for tag, base in build.bases:
            self.make_base(tag, base)
        recorder = Recorder(self.engine, self.directory / "s", b"corpus")
        place = self.directory / build.directory
        with self._served(build.served), recorder:
            done = _SEND[client](self, recorder, build, place)
        version = "" if client is Client.POST else build.client_version or self._own_version()
        info = ClientInfo(id=client.value, version=version)
        records = recorder.records(info)
        if client is Client.PODMAN:
            printed = read_printed_build(recorder, _request_of(build, place), info, done)
            records = () if printed is None else (printed,)
        if len(records) != 1 or records[0].result.outcome is not BuildOutcome.SUCCEEDED:
            why = records[0].result.error if records else "nothing was recorded"
            raise BuildFailedError(f"{why}\n{done.stderr}\n{done.stdout}\n{build.dockerfile}")
        record = replace(records[0], client=replace(records[0].client, argv=()))
        record = fill_from_disk(record, lambda manifest: (place_at(place, manifest),))
        if record.builder is not Builder.BUILDKIT:
            record = add_image_facts(record, recorder.image_facts, record.result.image_id)
        return add_base_facts(record, recorder.image_facts)

    def ask(self, request: str) -> None:
        """``POST /path?query``: a request to the engine beside the builds."""
        method, _, path = request.partition(" ")
        path = quote(path, safe="/?&=")
        status, body = _exchange(self.engine, method, path, b"", {})
        if status >= 400:
            raise BuildFailedError(f"{request}: {body}")

    def _own_version(self) -> str:
        return self.engine.toolchain.version if self.engine.toolchain is not None else ""

    def toolchain(self, build: Build) -> Toolchain:
        """The engine's own programs, or those of another generation. Raises: BuildFailedError."""
        if build.client_version:
            return fetch_toolchain(build.client_version, os.environ, lambda text: None)
        if self.engine.toolchain is None:
            raise BuildFailedError("the engine has no client of its own")
        return self.engine.toolchain

    def make_base(self, tag: str, base: Build) -> None:
        query = {"version": "1", "t": tag, **base.query}
        status, body = _exchange(self.engine, "POST", f"/build?{urlencode(query)}", tar_of(base), _TAR)
        if status >= 400 or '"error"' in body:
            raise BuildFailedError(f"base {tag}: {body}")

    @contextlib.contextmanager
    def _served(self, files: Sequence[tuple[str, str]]) -> Iterator[None]:
        """Serve texts inside the engine's network while the context is open."""
        if not files:
            yield
            return
        server = _listen(self.engine, {f"/{name}": text.encode() for name, text in files})
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()


_TAR = {"Content-Type": "application/x-tar"}


def tar_of(build: Build) -> bytes:
    """The context as a tar: entries in their order, exactly as they are."""
    nodes = build.tar_nodes()
    contents = {id(node.entry): node.data for node in nodes}
    out = io.BytesIO()
    write_tar([node.entry for node in nodes], lambda entry: [contents[id(entry)]], out)
    return out.getvalue()


def _listen(engine: RunningEngine, texts: dict[str, bytes]) -> ThreadingHTTPServer:
    """A server on loopback in the network that the engine fetches from."""
    made: list[ThreadingHTTPServer] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = texts.get(self.path)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is inherited
            """Say nothing."""

    def make() -> None:
        if engine.network is not None:
            enter_network(engine.network)
        made.append(ThreadingHTTPServer(("127.0.0.1", PORT), Handler))

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    return made[0]


def _exchange(
    engine: RunningEngine | str, method: str, path: str, body: bytes, headers: dict[str, str]
) -> tuple[int, str]:
    host = engine if isinstance(engine, str) else engine.docker_host
    connection = http.client.HTTPConnection("localhost", timeout=TIMEOUT_S)
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.sock.connect(host.removeprefix("unix://"))
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    finally:
        connection.close()


def _post(_place: Workplace, recorder: Recorder, build: Build, _context: Path) -> Completed:
    query = {
        "version": "1",
        "rm": "1",
        "buildargs": json.dumps(dict(build.args)),
        "labels": json.dumps(dict(build.labels)),
        "target": build.target,
        "networkmode": build.network or "default",
        "platform": build.platform,
        **build.query,
    }
    path = f"/build?{urlencode({name: value for name, value in query.items() if value})}"
    status, body = _exchange(recorder.docker_host, "POST", path, tar_of(build), _TAR)
    return Completed(argv=("POST",), returncode=status >= 400, stdout=body, stderr="", seconds=0.0)


def _command_line(build: Build, shared: Path) -> list[str]:
    words = [f"--build-arg={name}={value}" for name, value in build.args.items()]
    words += [f"--label={name}={value}" for name, value in build.labels.items()]
    words += [f"--target={build.target}"] if build.target else []
    words += [f"--network={build.network}"] if build.network else []
    words += [f"--platform={build.platform}"] if build.platform else []
    return [*words, *(flag.format(shared=shared) for flag in build.flags)]


def _buildx(place: Workplace, recorder: Recorder, build: Build, context: Path) -> Completed:
    write_directory(build.tar_nodes(), context)
    return _run_buildx(place, recorder, build, str(context), None)


def _buildx_tar(place: Workplace, recorder: Recorder, build: Build, context: Path) -> Completed:
    archive = context.with_suffix(".tar")
    archive.write_bytes(tar_of(build))
    return _run_buildx(place, recorder, build, "-", archive)


def _run_buildx(
    place: Workplace, recorder: Recorder, build: Build, where: str, stdin: Path | None
) -> Completed:
    toolchain = place.toolchain(build)
    if toolchain.cli_plugins is None:
        raise BuildFailedError("there is no buildx")
    program = str(toolchain.cli_plugins / "docker-buildx")
    words = _command_line(build, place.shared)
    output = [] if any("--output" in word for word in words) else ["--output=type=cacheonly"]
    argv = (program, "build", "--provenance=false", *output, *words, where)
    return run(Command(argv=argv, env=_environment(place, recorder), stdin=stdin), timeout_s=TIMEOUT_S)


def _docker(place: Workplace, recorder: Recorder, build: Build, context: Path) -> Completed:
    write_directory(build.tar_nodes(), context)
    argv = (str(place.toolchain(build).docker), "build", *_command_line(build, place.shared), str(context))
    env = {**_environment(place, recorder), "DOCKER_BUILDKIT": "0"}
    return run(Command(argv=argv, env=env), timeout_s=TIMEOUT_S)


def _podman(place: Workplace, _recorder: Recorder, build: Build, context: Path) -> Completed:
    if place.engine.podman is None:
        raise BuildFailedError("the engine is not podman")
    write_directory(build.tar_nodes(), context)
    words = _command_line(build, place.shared)
    argv = (str(place.engine.podman.podman), "build", *words, str(context))
    return run(Command(argv=argv, env=_environment(place, _recorder)), timeout_s=TIMEOUT_S)


_SEND: dict[Client, Callable[[Workplace, Recorder, Build, Path], Completed]] = {
    Client.POST: _post,
    Client.BUILDX: _buildx,
    Client.BUILDX_TAR: _buildx_tar,
    Client.DOCKER: _docker,
    Client.PODMAN: _podman,
}


def _environment(place: Workplace, recorder: Recorder) -> dict[str, str]:
    home = place.shared.with_name("home")
    home.mkdir(exist_ok=True)
    return {"PATH": os.defpath, "HOME": str(home), "DOCKER_HOST": recorder.docker_host}


def _request_of(build: Build, context: Path) -> BuildRequest:
    return BuildRequest(
        context=context,
        context_tar=context.with_suffix(".tar"),
        dockerfile=context / "Dockerfile",
        tag="",
        scratch=context.parent,
        build_args=tuple(build.args.items()),
        labels=tuple(build.labels.items()),
        target=build.target,
        platform=build.platform,
    )


def write_directory(nodes: Sequence[Node], place: Path) -> None:
    """The context as a new directory: owners, modes, times and attributes included."""
    place.mkdir()
    for node in nodes:
        _create(node, place, place / node.entry.name)
    # Deepest first: writing into a directory would change its time again.
    for node in sorted(nodes, key=lambda each: each.entry.name, reverse=True):
        if node.entry.type is not EntryType.HARDLINK:
            _dress(node, place / node.entry.name)


def _create(node: Node, place: Path, path: Path) -> None:
    match node.entry.type:
        case EntryType.DIRECTORY:
            path.mkdir()
        case EntryType.SYMLINK:
            path.symlink_to(node.entry.linkname)
        case EntryType.HARDLINK:
            path.hardlink_to(place / node.entry.linkname)
        case _:
            path.write_bytes(node.data)


def _dress(node: Node, path: Path) -> None:
    entry = node.entry
    os.chown(path, entry.uid, entry.gid, follow_symlinks=False)
    set_xattr = functools.partial(os.setxattr, path, follow_symlinks=False)
    if entry.type is not EntryType.SYMLINK:
        path.chmod(entry.mode & 0o7777)
        for name, value in entry.xattrs:
            set_xattr(name, value)
    os.utime(path, ns=(entry.mtime_ns, entry.mtime_ns), follow_symlinks=False)
