"""Serves the build context by HTTP, as a tar and as a git repository, for clients that take a URL.

A client that fetches the context itself does so in our network; BuildKit does it in the engine's. So
the same port is served in both. The repository speaks git's smart protocol: BuildKit fetches with a depth,
which plain files cannot answer. Source: git Documentation/gitprotocol-http.txt @ v2.47.
"""

import contextlib
import ctypes
import functools
import gzip
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from layerfork.builders.commits.git import git_command
from layerfork.builders.environments.workspace import Workspace
from layerfork.builders.process import ProgramMissingError, end_group, last_lines, run, spawn
from layerfork.errors import ClientError

HOST = "127.0.0.1"
CLONE_NEWNET = 0x40000000
FETCH_LIMIT_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedContext:
    """Where a context can be fetched."""

    tar_url: str
    git_url: str
    """Empty when this machine has no git to make a repository with."""


@contextlib.contextmanager
def served_context(workspace: Workspace, network: Path | None) -> Iterator[ServedContext]:
    """Serve ``context.tar`` and ``context.git`` of a workspace on loopback while the context is open.

    ``network`` is the engine's network namespace; None when the engine shares ours.
    Raises: ClientError when the repository cannot be made.
    """
    with serving(workspace, network) as offer:
        yield offer()


@contextlib.contextmanager
def serving(workspace: Workspace, network: Path | None) -> Iterator[Callable[[], ServedContext]]:
    """As `served_context`, of a context that changes: each call offers what it is then, at the same place."""
    directory = Path(tempfile.mkdtemp(prefix="served-", dir=workspace.root))
    (directory / "context.tar").symlink_to(workspace.context_tar)
    with contextlib.ExitStack() as stack:
        server = _start(stack, directory, 0, None)
        port = server.server_port
        if network is not None:
            _start(stack, directory, port, network)
        yield functools.partial(_offer, workspace, directory, f"http://{HOST}:{port}")


def _offer(workspace: Workspace, directory: Path, base: str) -> ServedContext:
    """Raises: ClientError."""
    repository = directory / "context.git"
    shutil.rmtree(repository, ignore_errors=True)
    has_git = make_repository(workspace.context, repository, workspace.context_tar)
    return ServedContext(tar_url=f"{base}/context.tar", git_url=f"{base}/context.git" if has_git else "")


def cloned_tar(context_tar: Path) -> Path:
    """Where the files lie as the engine finds them in a clone: beside the context's own tar."""
    return context_tar.with_name("context-cloned.tar")


def make_repository(context: Path, repository: Path, context_tar: Path) -> bool:
    """A bare repository with the context as its one commit, and the tar of a clone; False without git.

    Raises: ClientError with git's own message.
    """
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        **{f"GIT_{who}_NAME": "layerfork" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": "layerfork@localhost" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_DATE": "1970-01-01T00:00:00Z" for who in ("AUTHOR", "COMMITTER")},
    }
    tree = (f"--git-dir={repository}", f"--work-tree={context}")
    commands = (
        ("init", "--quiet", "--bare", "--initial-branch=master", str(repository)),
        (*tree, "add", "--all", "--force", "."),
        (*tree, "commit", "--quiet", "--allow-empty", "--message=context"),
        (*tree, "update-server-info"),
        ("-c", "tar.umask=0022", *tree, "archive", f"--output={cloned_tar(context_tar)}", "master"),
    )
    # A clone has also what the context's attributes keep out of archives.
    (repository / "info").mkdir(parents=True)
    (repository / "info" / "attributes").write_text("* -export-ignore -export-subst\n", "ascii")
    for words in commands:
        try:
            completed = run(git_command(*words, directory=context, inherited=env))
        except ProgramMissingError:
            return False
        if not completed.ok:
            raise ClientError(
                "could not make a git repository of the context",
                hint="leave out docker-git-build, or fix what git reports",
                details=last_lines(completed.stderr),
            )
    return True


UPLOAD_PACK = "git-upload-pack"
_SERVICE = f"# service={UPLOAD_PACK}\n".encode()


class _Quiet(SimpleHTTPRequestHandler):
    """Files of the directory, and fetching from its repository; says nothing on our standard error."""

    def do_GET(self) -> None:
        """A file, or what a repository has to offer."""
        path, _, query = self.path.partition("?")
        if query != f"service={UPLOAD_PACK}" or not path.endswith("/info/refs"):
            super().do_GET()
            return
        greeting = b"%04x%s0000" % (len(_SERVICE) + 4, _SERVICE)
        self._upload_pack(path.removesuffix("/info/refs"), "advertisement", greeting, "--advertise-refs")

    def do_POST(self) -> None:
        """The objects that a client wants."""
        self._upload_pack(self.path.removesuffix(f"/{UPLOAD_PACK}"), "result", b"")

    def _upload_pack(self, path: str, kind: str, greeting: bytes, *flags: str) -> None:
        repository = self.translate_path(path)
        protocol = self.headers.get("Git-Protocol", "")
        env = {"PATH": os.environ.get("PATH", os.defpath), "GIT_PROTOCOL": protocol, "HOME": os.devnull}
        words = ("upload-pack", "--strict", "--stateless-rpc", *flags, repository)
        with tempfile.NamedTemporaryFile() as asked, tempfile.TemporaryFile() as answer:
            asked.write(self._body())
            asked.flush()
            command = git_command(*words, inherited=env, stdin=Path(asked.name))
            process = spawn(command, stdout=answer)
            try:
                code = process.wait(FETCH_LIMIT_S)
            finally:
                end_group(process)
            if code:
                self.send_error(HTTPStatus.INTERNAL_SERVER_ERROR, f"git upload-pack ended with {code}")
                return
            answer.seek(0)
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", f"application/x-{UPLOAD_PACK}-{kind}")
            self.send_header("Cache-Control", "no-cache")
            self.send_header("Content-Length", str(len(greeting) + os.fstat(answer.fileno()).st_size))
            self.end_headers()
            self.wfile.write(greeting)
            shutil.copyfileobj(answer, self.wfile)

    def _body(self) -> bytes:
        """What was posted, whole: git sends large requests in chunks, and may compress them."""
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            parts = []
            while size := int(self.rfile.readline().partition(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            body = b"".join(parts)
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is inherited
        """Nothing: requests show in the records."""


def _start(
    stack: contextlib.ExitStack, directory: Path, port: int, network: Path | None
) -> ThreadingHTTPServer:
    """A server on a thread that listens in the given network namespace."""
    made: list[ThreadingHTTPServer | OSError] = []
    ready = threading.Event()

    def serve() -> None:
        try:
            if network is not None:
                enter_network(network)
            handler = functools.partial(_Quiet, directory=os.fspath(directory))
            made.append(ThreadingHTTPServer((HOST, port), handler))
        except OSError as error:
            made.append(error)
        ready.set()
        if isinstance(made[0], ThreadingHTTPServer):
            made[0].serve_forever(poll_interval=0.05)

    thread = threading.Thread(target=serve, name="served context", daemon=True)
    thread.start()
    ready.wait()
    server = made[0]
    if isinstance(server, OSError):
        raise ClientError(f"cannot serve the context on {HOST}: {server}") from server
    stack.callback(server.server_close)
    stack.callback(server.shutdown)
    return server


def enter_network(network: Path) -> None:
    """Move this thread, and no other, into a network namespace. Raises: OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(network, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.setns(descriptor, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    finally:
        os.close(descriptor)
