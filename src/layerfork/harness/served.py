"""Serves the build context by HTTP, as a tar and as a git repository, for clients that take a URL.

A client that fetches the context itself does so in our network; BuildKit does it in the engine's. So
the same port is served in both.
"""

import contextlib
import ctypes
import functools
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from layerfork.errors import ClientError
from layerfork.harness.workspace import Workspace
from layerfork.model.build import Command
from layerfork.process import ProgramMissingError, last_lines, run

HOST = "127.0.0.1"
CLONE_NEWNET = 0x40000000


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
    directory = workspace.root / "served"
    directory.mkdir()
    (directory / "context.tar").symlink_to(workspace.context_tar)
    has_git = make_repository(workspace.context, directory / "context.git")
    with contextlib.ExitStack() as stack:
        server = _start(stack, directory, 0, None)
        port = server.server_port
        if network is not None:
            _start(stack, directory, port, network)
        base = f"http://{HOST}:{port}"
        yield ServedContext(tar_url=f"{base}/context.tar", git_url=f"{base}/context.git" if has_git else "")


def make_repository(context: Path, repository: Path) -> bool:
    """A bare repository with the context as its one commit, ready for plain HTTP; False without git.

    Raises: ClientError with git's own words.
    """
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        **{f"GIT_{who}_NAME": "layerfork" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": "layerfork@localhost" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_DATE": "1970-01-01T00:00:00Z" for who in ("AUTHOR", "COMMITTER")},
    }
    tree = ("git", f"--git-dir={repository}", f"--work-tree={context}")
    commands = (
        ("git", "init", "--quiet", "--bare", "--initial-branch=master", str(repository)),
        (*tree, "add", "--all", "--force", "."),
        (*tree, "commit", "--quiet", "--allow-empty", "--message=context"),
        (*tree, "update-server-info"),
    )
    for argv in commands:
        try:
            completed = run(Command(argv=argv, env=env, cwd=context))
        except ProgramMissingError:
            return False
        if not completed.ok:
            raise ClientError(
                "could not make a git repository of the context",
                hint="leave out docker-git-build, or mend what git names",
                details=last_lines(completed.stderr),
            )
    return True


class _Quiet(SimpleHTTPRequestHandler):
    """Says nothing on our standard error."""

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
                _enter(network)
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


def _enter(network: Path) -> None:
    """Move this thread, and no other, into a network namespace. Raises: OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(network, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.setns(descriptor, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    finally:
        os.close(descriptor)
