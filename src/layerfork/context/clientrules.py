"""What each client does to a directory's entries on the way: which it sends, and how they look then.

Source: moby/go-archive archive.go (FileInfoHeader, addTarFile) and docker/cli
cli/command/image/build.go @ v26.1.5; docker/docker-py docker/utils/build.py:create_archive @ 7.1.0 with
CPython Lib/tarfile.py:gettarinfo; mafintosh/tar-fs index.js @ 3.1.0; tonistiigi/fsutil stat_unix.go
@ 6d9dc2e with moby/buildkit client/solve.go @ v0.13.2; containers/podman-py podman/api/tar_utils.py
@ 5.8.0; GNU tar 1.35 manual.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from layerfork.context.ignore.ignorefile import (
    BUILDAH_FILES,
    BUILDKIT_FILES,
    DOCKER_FILES,
    GENERAL_FILES,
    PODMAN_SERVICE_FILES,
)
from layerfork.record.context import Transport


class Owners(StrEnum):
    """How it sends a file's owner."""

    ZERO = "zero"
    REAL = "real"
    ZERO_USER = "zero-user"
    """uid 0, real gid."""


class Hardlinks(StrEnum):
    """How it sends a file's second name."""

    LINK = "link"
    COPY = "copy"
    DROPPED = "dropped"


class Xattrs(StrEnum):
    """Which extended attributes are sent."""

    NONE = "none"
    CAPABILITY = "capability"
    ALL = "all"


class Ignores(StrEnum):
    """Which dialect of ignore rules the client applies before it sends."""

    NONE = "none"
    """It sends everything; the builder may still apply rules."""
    MOBY_TAR = "moby-tar"
    MOBY_20_10_TAR = "moby-20.10-tar"
    MOBY_TRANSFER = "moby-transfer"
    """BuildKit's file transfer."""
    MOBY_20_10_TRANSFER = "moby-20.10-transfer"
    PODMAN_REMOTE = "podman-remote"
    DOCKER_PY = "docker-py"
    DOCKERODE = "dockerode"
    PODMAN_PY = "podman-py"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextRules:
    """How one family of clients sends a directory."""

    id: str
    transport: Transport = Transport.TAR
    ignores: Ignores = Ignores.NONE
    ignore_files: tuple[str, ...] = DOCKER_FILES
    """Names of `ignore.files`."""
    reads_as_podman: bool = False
    """Lines of the ignore file are read as buildah and podman read them, not as Docker's programs do."""
    prefix: str = ""
    """Before every name: ``./`` for ``tar -cf x.tar .``."""
    directory_slash: bool = True
    sends_root: bool = False
    """An entry for the directory itself."""
    root_name: str = "./"
    owners: Owners
    owner_names: str = ""
    """``real``, ``root`` or empty."""
    type_bits: bool = False
    """The mode of a tar header has file-type bits."""
    masks_mode: bool = False
    """The mode loses the bits of the process's umask, links' modes too."""
    hardlinks: Hardlinks = Hardlinks.LINK
    xattrs: Xattrs = Xattrs.NONE
    tick_ns: int = 10**9
    """Times are cut to multiples of this: whole seconds, or nanoseconds."""
    sends_sockets: bool = False


_BUILDKIT = ContextRules(
    id="buildkit",
    transport=Transport.FILE_SYNC,
    ignores=Ignores.MOBY_TRANSFER,
    ignore_files=BUILDKIT_FILES,
    directory_slash=False,
    owners=Owners.ZERO,
    xattrs=Xattrs.ALL,
    tick_ns=1,
    sends_sockets=True,
)
RULES: tuple[ContextRules, ...] = (
    ContextRules(id="docker-cli", ignores=Ignores.MOBY_TAR, owners=Owners.ZERO, xattrs=Xattrs.CAPABILITY),
    ContextRules(
        id="docker-cli-23",
        ignores=Ignores.MOBY_TAR,
        owners=Owners.ZERO,
        xattrs=Xattrs.CAPABILITY,
        type_bits=True,
    ),
    ContextRules(
        id="docker-cli-20.10",
        ignores=Ignores.MOBY_20_10_TAR,
        owners=Owners.ZERO,
        owner_names="real",
        xattrs=Xattrs.CAPABILITY,
        type_bits=True,
    ),
    ContextRules(id="tar", owners=Owners.REAL, owner_names="real", prefix="./", sends_root=True),
    ContextRules(
        id="docker-py", ignores=Ignores.DOCKER_PY, owners=Owners.REAL, owner_names="real", tick_ns=1
    ),
    ContextRules(
        id="dockerode",
        ignores=Ignores.DOCKERODE,
        owners=Owners.REAL,
        masks_mode=True,
        hardlinks=Hardlinks.COPY,
    ),
    ContextRules(
        id="tar-fs",
        owners=Owners.REAL,
        masks_mode=True,
        hardlinks=Hardlinks.COPY,
        sends_root=True,
        root_name=".",
    ),
    _BUILDKIT,
    replace(_BUILDKIT, id="buildkit-20.10", ignores=Ignores.MOBY_20_10_TRANSFER),
    ContextRules(
        id="podman-remote",
        ignores=Ignores.PODMAN_REMOTE,
        reads_as_podman=True,
        ignore_files=PODMAN_SERVICE_FILES,
        directory_slash=False,
        owners=Owners.ZERO,
        owner_names="real",
        tick_ns=1,
    ),
    ContextRules(
        id="podman-py",
        ignores=Ignores.PODMAN_PY,
        reads_as_podman=True,
        ignore_files=GENERAL_FILES,
        owners=Owners.ZERO_USER,
        owner_names="root",
        hardlinks=Hardlinks.DROPPED,
        sends_root=True,
        root_name="/",
        tick_ns=1,
    ),
    ContextRules(
        id="buildah",
        transport=Transport.DISK,
        ignore_files=BUILDAH_FILES,
        reads_as_podman=True,
        directory_slash=False,
        owners=Owners.REAL,
        xattrs=Xattrs.ALL,
        tick_ns=1,
        sends_sockets=True,
    ),
)
"""``docker-cli`` is the classic builder's client from 24.0 on, ``docker-cli-23`` that of 23.0 and
``docker-cli-20.10`` the one before; ``buildkit`` any client of BuildKit but the docker CLI up to 20.10;
``tar`` GNU tar as ``tar -cf x.tar .``; ``tar-fs`` its ``pack(dir)``."""


def find_rules(rules_id: str) -> ContextRules:
    """The rules of a family. Raises: KeyError."""
    return {rules.id: rules for rules in RULES}[rules_id]
