"""The private directory of one run: the context as clients get it, its tar, a home for each client."""

import contextlib
import errno
import os
import random
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from layerfork.builders.environments.privatedir import PREFIX, private_directory
from layerfork.builders.process import ProgramMissingError, last_lines, run
from layerfork.errors import LayerforkError, UsageError
from layerfork.record.build import BuildRequest, Command
from layerfork.record.scenario import Entry, EntryKind, Phase, RunOptions, Scenario

# Writes a phase's context to disk, with owners, modes, links, attributes and times as it says.

DOCKERFILE = b"Dockerfile"
_CHUNK = 1 << 20


def write_context(phase: Phase, context: Path) -> None:
    """Make ``context`` anew: what it held before is gone.

    Raises: UsageError for what this user or this file system cannot make.
    """
    if context.exists():
        shutil.rmtree(context)
    context.mkdir()
    context.chmod(0o755)
    entries = tuple(_with_dockerfile(phase))
    for entry in entries:
        try:
            _make(context, entry)
        except OSError as error:
            raise UsageError(
                f"cannot make {os.fsdecode(entry.name)} of the scenario: {error.strerror}",
                hint="owners need root, xattrs a file system that has them: try as root, another TMPDIR",
            ) from error
    for entry in sorted(entries, key=lambda each: each.name, reverse=True):
        _set_time(context, entry)


def _with_dockerfile(phase: Phase) -> Iterator[Entry]:
    """The entries, the Dockerfile among them with its text: an entry of that name gives the rest."""
    text = phase.dockerfile.encode()
    if not any(entry.name == DOCKERFILE for entry in phase.entries):
        yield Entry(name=DOCKERFILE, content=text)
    for entry in phase.entries:
        if entry.name == DOCKERFILE:
            yield Entry(
                name=entry.name,
                mode=entry.mode,
                uid=entry.uid,
                gid=entry.gid,
                mtime=entry.mtime,
                content=text,
                xattrs=entry.xattrs,
            )
        else:
            yield entry


def _make(context: Path, entry: Entry) -> None:
    path = _path(context, entry.name)
    if entry.kind is EntryKind.HARDLINK:
        path.hardlink_to(_path(context, entry.target))
        return
    if entry.kind is EntryKind.LINK:
        path.symlink_to(os.fsdecode(entry.target))
    elif entry.kind is EntryKind.DIRECTORY:
        path.mkdir()
    elif entry.kind is EntryKind.FIFO:
        os.mkfifo(path)
    else:
        with path.open("wb") as file:
            for chunk in _content(entry):
                file.write(chunk)
    _set_owner(path, entry)
    if entry.kind is not EntryKind.LINK:
        path.chmod(entry.mode)
    _set_xattrs(path, entry)


def _set_owner(path: Path, entry: Entry) -> None:
    """Root's, as of entries that name no owner, are the user's own where the user is not root."""
    user, owner = (os.geteuid(), os.getegid()), (entry.uid, entry.gid)
    if owner != user and (user[0] == 0 or owner != (0, 0)):
        os.chown(path, entry.uid, entry.gid, follow_symlinks=False)


def _set_xattrs(path: Path, entry: Entry) -> None:
    if sys.platform != "linux":
        if entry.xattrs:
            raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))
        return
    for name, value in entry.xattrs:
        os.setxattr(path, name, value, follow_symlinks=False)


def _path(context: Path, name: bytes) -> Path:
    return context / os.fsdecode(name)


def _content(entry: Entry) -> Iterator[bytes]:
    """The bytes of a file; those that are made are the same for the same seed, everywhere."""
    if not entry.size:
        yield entry.content
        return
    made = random.Random(entry.seed)
    for start in range(0, entry.size, _CHUNK):
        yield made.randbytes(min(_CHUNK, entry.size - start))


def _set_time(context: Path, entry: Entry) -> None:
    at = round(entry.mtime * 1e9)
    os.utime(_path(context, entry.name), ns=(at, at), follow_symlinks=False)


ROOM_BYTES = 1 << 20
"""A disk with less free space than this counts as full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """The directory of one run's files."""

    root: Path
    context: Path
    dockerfile: Path
    name: str
    """Part of every image tag of this run: unique on the engine."""

    @property
    def context_tar(self) -> Path:
        return self.root / "context.tar"

    def request(
        self, client: str, number: int, options: RunOptions, urls: tuple[str, str] = ("", "")
    ) -> BuildRequest:
        """The request for one client; ``number`` keeps tags and scratch directories apart,
        ``urls`` are where the context is served as a tar and as a git repository.
        """
        scratch = self.root / "builds" / f"{number}"
        (scratch / "home").mkdir(parents=True)
        repository = client.lower().replace("_", "-").replace("@", "-").replace("+", "-")
        return BuildRequest(
            context=self.context,
            context_tar=self.context_tar,
            dockerfile=self.dockerfile,
            tag=f"layerfork-{self.name}/{repository}:{number}",
            scratch=scratch,
            build_args=options.build_args,
            labels=options.labels,
            target=options.target,
            context_url=urls[0],
            context_git=urls[1],
        )


@contextlib.contextmanager
def open_workspace(scenario: Scenario) -> Iterator[Workspace]:
    """A workspace that is removed at the end.

    Raises: LayerforkError when it cannot be made.
    """
    with private_directory() as root:
        yield prepare(scenario, root)


def prepare(scenario: Scenario, root: Path) -> Workspace:
    """Lay out the context in ``root``.

    That of a scenario with phases is made as its first phase has it; a person's own directory is used where
    it is. Raises: UsageError.
    """
    context, dockerfile = scenario.context, scenario.dockerfile
    if scenario.phases:
        context = root / "context"
        write_context(scenario.phases[0], context)
        if not scenario.other_dockerfile:
            dockerfile = context / "Dockerfile"
    return Workspace(root=root, context=context, dockerfile=dockerfile, name=root.name.removeprefix(PREFIX))


def make_tar(workspace: Workspace) -> None:
    """Make the context tar as the 2015 test did: ``tar -cf ../context.tar .`` inside the context.

    Raises: UsageError when tar cannot read the context, LayerforkError when there is no tar.
    """
    command = Command(
        argv=("tar", "-cf", str(workspace.context_tar), "."),
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
        cwd=workspace.context,
    )
    try:
        completed = run(command)
    except ProgramMissingError as error:
        raise LayerforkError("tar is not installed", hint="install GNU tar (Debian package tar)") from error
    if not completed.ok:
        room = shutil.disk_usage(workspace.root).free > ROOM_BYTES
        raise UsageError(
            f"tar could not pack build context {workspace.context}",
            hint="make every file of it readable for you"
            if room
            else f"no space left in {workspace.root.parent}: free some, or point TMPDIR at another place",
            details=last_lines(completed.stderr),
        )
