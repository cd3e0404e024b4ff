"""Unpacks Debian packages into a root of their own; no package manager, no maintainer script."""

import os
import shutil
import stat
import tarfile
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import IO

from layerfork.builders.process import end_group, spawn
from layerfork.errors import EngineError
from layerfork.record.build import Command

DIRECTORIES = ("usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "usr/libexec")
MERGED = ("bin", "sbin", "lib", "lib64")
"""Links into ``usr``, as Debian has them; older packages still ship files under the short names."""
MOUNT_POINTS = ("proc", "sys", "dev", "run", "tmp", "etc", "var")
UNUSED = frozenset(
    {"ovrouter", "dnet", "ctr", "containerd-shim", "containerd-shim-runc-v1", "containerd-stress"}
    | {"podman-testing", "quadlet", "netavark-dhcp-proxy-client", "pidfd-kill", "recvtty", "sd-helper"}
    | {"git-daemon", "git-http-backend", "git-http-push", "git-imap-send", "git-shell", "scalar"}
)
"""Programs that no engine calls, a third of the size."""
UNUSED_DIRECTORIES = (
    *("usr/lib/systemd", "usr/lib/udev", "usr/lib/tmpfiles.d", "gconv", "usr/lib/sysusers.d"),
    "usr/libexec/buildah",  # programs for its own tests
)


def unpack(debs: list[Path], root: Path) -> None:
    """Unpack packages into ``root``, which must not exist yet.

    Only programs and libraries are kept. Absolute links become relative, so the root works from outside.

    Raises: EngineError when a package is damaged; OSError when the disk is full.
    """
    for directory in (*DIRECTORIES, *MOUNT_POINTS):
        (root / directory).mkdir(parents=True)
    for name in MERGED:
        (root / name).symlink_to(f"usr/{name}")
    with ThreadPoolExecutor(os.cpu_count()) as threads:  # the decompressors are the work, and processes
        for _ in threads.map(lambda deb: _unpack_one(deb, root), debs):
            pass


def _unpack_one(deb: Path, root: Path) -> None:
    command = Command(argv=("dpkg-deb", "--fsys-tarfile", str(deb)), env={"PATH": os.defpath, "LC_ALL": "C"})
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as stream, tempfile.TemporaryFile() as complaints:
        with os.fdopen(writer, "wb") as output:
            process = spawn(command, stdout=output, stderr=complaints)
        try:
            _unpack_stream(stream, root)
            if process.wait() != 0:
                raise tarfile.ReadError("dpkg-deb failed")
        except tarfile.TarError as error:
            end_group(process)
            complaints.seek(0)
            raise EngineError(
                f"the package {deb.name} is damaged",
                "run again to download it again",
                complaints.read().decode(errors="replace"),
            ) from error
        finally:
            end_group(process)


def _unpack_stream(stream: IO[bytes], root: Path) -> None:
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for member, path in _wanted(archive):
            _place(archive, member, path, root)
    while stream.read(1 << 16):
        pass


def _wanted(archive: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, PurePosixPath]]:
    for member in archive:
        path = _merged(member.name)
        kept = any(path.is_relative_to(directory) for directory in DIRECTORIES) and ".." not in path.parts
        inside_unused = any(f"/{name}/" in f"/{path}/" for name in UNUSED_DIRECTORIES)
        if kept and not inside_unused and path.name not in UNUSED:
            yield member, path


def _merged(name: str) -> PurePosixPath:
    path = PurePosixPath(name.lstrip("./"))
    return "usr" / path if path.parts and path.parts[0] in MERGED else path


def _place(archive: tarfile.TarFile, member: tarfile.TarInfo, path: PurePosixPath, root: Path) -> None:
    target = root / path
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if member.issym():
        link = member.linkname
        if link.startswith("/"):
            link = os.path.relpath(f"{root}{link}", target.parent)
        target.symlink_to(link)
    elif member.islnk():
        target.hardlink_to(root / _merged(member.linkname))
    elif member.isfile():
        source = archive.extractfile(member)
        assert source is not None
        with source, target.open("xb") as out:
            shutil.copyfileobj(source, out, 1 << 20)
        target.chmod(stat.S_IMODE(member.mode) & 0o755)
