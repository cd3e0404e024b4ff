"""Debian packages of any suite: which ones an engine needs, their download, and a root unpacked from them."""

import os
import shutil
import stat
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import IO

from layerfork.builders.process import end_group, find_program, last_lines, run, spawn
from layerfork.errors import EngineError
from layerfork.record.build import Command, Completed
from layerfork.record.progress import Say

MIRROR_VARIABLE = "LAYERFORK_DEBIAN_MIRROR"
KEYRINGS = tuple(Path(f"/usr/share/keyrings/debian-archive-keyring.{ending}") for ending in ("pgp", "gpg"))
"""Of package debian-archive-keyring; ``.pgp`` is its name from trixie on."""
DOWNLOAD_LIMIT_S = 1800.0
NO_SPACE = "No space left on device"

_SETTINGS = """\
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "{state}/sources";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "{state}/preferences";
Dir::State "{state}/state";
Dir::State::status "{state}/status";
Dir::Cache "{state}/cache";
Dir::Log "{state}";
APT::Sandbox::User "{user}";
Acquire::Languages "none";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
"""
_SOURCE = """\
Types: deb
URIs: {mirror}
Suites: {suite}
Components: main
Signed-By: {keyring}
"""


def download(
    suite: str, packages: Sequence[str], state: Path, environment: Mapping[str, str], say: Say
) -> list[Path]:
    """Bring packages of a suite into ``state/debs`` and return the files; how much that is is said before.

    ``state`` is a private directory of apt's; what an earlier, interrupted call left there is used.
    The mirror is the one that the machine's own apt sources name, or ``$LAYERFORK_DEBIAN_MIRROR``.

    Raises: EngineError when this is no Debian family, the mirror can't be reached, or the disk is full.
    """
    for tool in ("apt-get", "dpkg-deb"):
        if find_program(tool) is None:
            raise EngineError(
                f"{tool} is missing: engines are unpacked from Debian's packages",
                "use Debian or Ubuntu, or an installed Docker with --engine host",
            )
    debs = state / "debs"
    for directory in ("sources", "preferences", "state/lists/partial", "cache/archives/partial", "debs"):
        (state / directory).mkdir(parents=True, exist_ok=True)
    (state / "status").write_text("", encoding="ascii")
    source = _SOURCE.format(mirror=find_mirror(environment), suite=suite, keyring=_keyring())
    (state / "sources" / "debian.sources").write_text(source, encoding="utf-8")
    user = "root" if os.geteuid() == 0 else "_apt"
    (state / "apt.conf").write_text(_SETTINGS.format(state=state, user=user), encoding="utf-8")
    apt = ("apt-get", "-qq", "-c", str(state / "apt.conf"))
    _check(_apt((*apt, "update", "--error-on=any"), state, environment), suite)
    # Listed from a directory without packages: apt leaves out what the current one has already.
    listing = _check(_apt((*apt, "download", "--print-uris", *packages), state, environment), suite)
    found = [line.split() for line in listing.stdout.splitlines()]
    size_mb = sum(int(size) for _, _, size, *_ in found) / 1e6
    count = f"{len(found)} package{'' if len(found) == 1 else 's'}"
    say(f"downloading {count} of Debian {suite}, {size_mb:.0f} MB")
    _check(_apt((*apt, "download", *packages), debs, environment), suite)
    return [debs / name for _, name, *_ in found]


def find_mirror(environment: Mapping[str, str]) -> str:
    """The Debian mirror to use.

    Raises: EngineError when the machine's apt sources name none.
    """
    if mirror := environment.get(MIRROR_VARIABLE):
        return mirror
    argv = ("apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages")
    sites = _apt(argv, Path("/"), environment).stdout.split()
    for site in sites:
        if site.startswith(("http://", "https://")) and site.rstrip("/").endswith("/debian"):
            return site
    raise EngineError(
        "the apt sources of this machine name no Debian mirror",
        f"name one: {MIRROR_VARIABLE}=http://…/debian",
    )


def _keyring() -> Path:
    for keyring in KEYRINGS:
        if keyring.is_file():
            return keyring
    raise EngineError(
        "Debian's archive keys are missing, so its packages cannot be checked",
        "install the package debian-archive-keyring",
    )


def _apt(argv: tuple[str, ...], directory: Path, environment: Mapping[str, str]) -> Completed:
    kept = {name: value for name, value in environment.items() if name.lower().endswith("_proxy")}
    path = environment.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
    env = {"PATH": path, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive", **kept}
    return run(Command(argv=argv, env=env, cwd=directory), timeout_s=DOWNLOAD_LIMIT_S)


def _check(completed: Completed, suite: str) -> Completed:
    if completed.ok:
        return completed
    details = last_lines(completed.stderr)
    if NO_SPACE in details:
        raise EngineError(
            f"no space left while downloading the engine's packages from Debian {suite}",
            "free about 1 GB, or point XDG_CACHE_HOME to another disk",
            details,
        )
    raise EngineError(
        f"the engine's packages cannot be downloaded from Debian {suite}",
        f"check the network, or name a mirror that answers: {MIRROR_VARIABLE}=http://…/debian",
        details,
    )


# Debian packages by what they are for. A generation of an engine is made of several of these sets.

DOCKER = ("docker.io", "containerd", "runc", "libc6", "libseccomp2", "libsystemd0", "libcap2")
"""In every generation: the daemons and the libraries they link. What `docker run --init` starts is of another
package in some suites."""
OLD_DOCKER_LIBRARIES = (
    "libdevmapper1.02.1", "libselinux1", "libudev1", "libpcre2-8-0", "liblzma5", "libzstd1", "liblz4-1",
    "libgcrypt20", "libgpg-error0",
)  # fmt: skip
"""What dockerd 20.10 (devicemapper) and the libsystemd of its suites link besides."""
GIT = (
    "git", "libbrotli1", "libcom-err2", "libgmp10", "libgssapi-krb5-2", "libidn2-0", "libk5crypto3",
    "libkeyutils1", "libkrb5-3", "libkrb5support0", "libnghttp2-14", "libp11-kit0", "libsasl2-2",
    "libtasn1-6", "zlib1g", "busybox-static",
)  # fmt: skip
"""BuildKit clones a git context in the engine: git, what it and its HTTP helper link in every suite, and a
shell for its submodules."""
OLD_GIT = (
    *GIT, "libcurl3-gnutls", "libgnutls30", "libhogweed6", "libnettle8", "libpsl5", "librtmp1", "libssh2-1",
    "libunistring2",
)  # fmt: skip
NEW_GIT = (
    *GIT, "libgnutls30t64", "libhogweed6t64", "libldap2", "libnettle8t64", "libnghttp3-9", "libngtcp2-16",
    "libngtcp2-crypto-gnutls8", "libpsl5t64", "libssh2-1t64", "libunistring5", "libffi8", "libssl3t64",
    "libpcre2-8-0", "libzstd1",
)  # fmt: skip
SHELL_LINKS = tuple(
    (f"bin/{name}", "busybox")
    for name in ("sh", "basename", "cat", "cut", "dirname", "expr", "grep", "sed", "tr", "uname")
)
"""Programs of git's scripts. ``git submodule``, which BuildKit runs after each clone, is one.
Source: moby/buildkit source/git/source.go (Snapshot) @ v0.8 to v0.26; git git-submodule.sh, git-sh-setup.sh
@ v2.30 to v2.53."""
DOCKER_CLIENTS = ("docker-cli", "docker-buildx", "docker-compose")
"""Packages of their own from trixie on; before, docker.io held the CLI and there was no buildx."""

PODMAN = ("podman", "buildah", "runc", "conmon")
PODMAN_LIBRARIES = (
    "libc6", "libgcc-s1", "libgpg-error0", "libseccomp2", "libsystemd0", "libcap2", "libpcre2-8-0",
    "libselinux1",
)  # fmt: skip
"""What the programs link in every suite."""
SHADOW_LIBRARIES = (
    "libaudit1", "libcap-ng0", "libbz2-1.0", "libcrypt1", "libpam0g", "libsemanage2", "libsepol2",
)  # fmt: skip
"""What libsubid links."""
NEW_SHADOW_LIBRARIES = (*SHADOW_LIBRARIES, "libbsd0", "libmd0", "libacl1")


# Unpacks Debian packages into a root of their own; no package manager, no maintainer script.

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
