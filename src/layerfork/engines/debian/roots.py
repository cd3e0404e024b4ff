"""Unpacked generations of engines, fetched once into the cache directory and shared by all runs."""

import hashlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from layerfork.engines.cachedir import debian_architecture, making
from layerfork.engines.debian.generation import Generation
from layerfork.engines.debian.packages import download
from layerfork.engines.debian.rootcli import find_toolchain, prepare_toolchain
from layerfork.engines.debian.unpack import unpack
from layerfork.errors import EngineError
from layerfork.model.build import Toolchain
from layerfork.model.progress import Say
from layerfork.userdirs import cache_directory

NEEDED_BYTES = 700_000_000
"""Downloads and unpacked root of the largest generation, at once."""
DOCKER = Path("usr/bin/docker")


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRoot:
    """An unpacked, complete generation."""

    path: Path
    packages: tuple[tuple[str, str], ...]
    """Debian package and version, sorted."""

    @property
    def toolchain(self) -> Toolchain:
        """The docker CLI and its plugins; only a generation of Docker Engine has them."""
        return find_toolchain(self.path, dict(self.packages))


def root_path(generation: Generation) -> Path:
    """Where the generation's root lies, fetched or not; another list of packages is another root."""
    names = (*generation.packages, *(name for link in generation.links for name in link))
    recipe = hashlib.sha256(" ".join(names).encode()).hexdigest()[:8]
    name = f"{generation.suite}-{debian_architecture()}-{recipe}"
    return cache_directory() / "engines" / name


def ensure_root(generation: Generation, environment: Mapping[str, str], say: Say) -> EngineRoot:
    """The generation's root, fetched first when it is not there yet.

    Raises: EngineError.
    """
    path = root_path(generation)
    if not path.exists():
        with making(path, NEEDED_BYTES, say) as missing:
            if missing:
                name = f"{generation.title} {generation.name}"
                if os.geteuid() != 0:
                    say(f"{name} can be fetched by anybody; running it needs root (sudo)")
                say(f"fetching {name} (Debian {generation.suite}) into {path}")
                _fetch(generation, path, environment, say)
    return read_root(path)


def read_root(path: Path) -> EngineRoot:
    """An existing root, after a quick check that every file still is what was unpacked.

    Size and time settle it, unless the time of the last change of any kind is younger than the root: then the
    checksum does.

    Raises: EngineError when a file was changed or removed.
    """
    try:
        manifest = path / "FILES"
        unpacked_ns = manifest.stat().st_mtime_ns
        for line in manifest.read_text(encoding="utf-8").splitlines():
            size, mtime_ns, sha256, name = line.split(" ", 3)
            found = (path / name).stat()
            if (found.st_size, found.st_mtime_ns) != (int(size), int(mtime_ns)):
                raise _tampered(path, name)
            # Nobody can set this time: content, owner, mode or links were touched after the unpacking.
            if found.st_ctime_ns > unpacked_ns and _sha256(path / name) != sha256:
                raise _tampered(path, name)
        sums = (path / "DEBS").read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise _tampered(path, getattr(error, "filename", None) or "FILES") from error
    packages = tuple(_package_of(line.split()[1]) for line in sums.splitlines())
    return EngineRoot(path=path, packages=packages)


def verify_root(path: Path) -> None:
    """Check the content of every file of a root against the checksums taken when it was unpacked.

    Raises: EngineError when a file was changed or removed.
    """
    read_root(path)
    for line in (path / "FILES").read_text(encoding="utf-8").splitlines():
        _, _, sha256, name = line.split(" ", 3)
        if _sha256(path / name) != sha256:
            raise _tampered(path, name)


def _fetch(generation: Generation, path: Path, environment: Mapping[str, str], say: Say) -> None:
    downloads = path.with_name(f".{path.name}.downloads")
    partial = path.with_name(f".{path.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        debs = download(generation.suite, generation.packages, downloads, environment, say)
        unpack(debs, partial)
        for name, link in generation.links:
            (partial / "usr" / name).symlink_to(link)
        sums = "".join(f"{_sha256(deb)}  {deb.name}\n" for deb in sorted(debs))
        (partial / "DEBS").write_text(sums, encoding="utf-8")
        _check_complete(partial, generation, dict(_package_of(deb.name) for deb in debs))
        if (partial / DOCKER).exists():
            prepare_toolchain(partial, path)
        _write_manifest(partial)
        partial.rename(path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    shutil.rmtree(downloads, ignore_errors=True)


def _check_complete(root: Path, generation: Generation, packages: Mapping[str, str]) -> None:
    for program in generation.programs:
        if not (root / "usr" / program).is_file():
            message = f"Debian {generation.suite}'s packages hold no {program}"
            raise EngineError(message, "this version of layerfork does not know that suite's packages")
    found = packages[generation.package]
    if not found.startswith(generation.version):
        raise EngineError(
            f"Debian {generation.suite} has {generation.package} {found} now, not {generation.name}",
            "choose another engine: layerfork engines",
        )


def _write_manifest(root: Path) -> None:
    lines = []
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.is_symlink():
            found = path.stat()
            name = path.relative_to(root)
            lines.append(f"{found.st_size} {found.st_mtime_ns} {_sha256(path)} {name}\n")
    (root / "FILES").write_text("".join(lines), encoding="utf-8")


def _package_of(deb_name: str) -> tuple[str, str]:
    """Package and version of ``libcap2_1%3a2.75-10_amd64.deb``; apt writes an epoch's colon so."""
    package, version, _ = deb_name.split("_", 2)
    return package, version.replace("%3a", ":")


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _tampered(path: Path, name: str) -> EngineError:
    return EngineError(
        f"the engine in {path} is not what was unpacked there: {name} was changed or removed",
        f"remove it and run again to fetch it again: rm -r {path}",
    )
