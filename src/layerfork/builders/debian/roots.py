"""Unpacked generations of engines, fetched once into the cache directory and shared by all runs."""

import contextlib
import hashlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from layerfork.builders.debian.cachedir import debian_architecture, making
from layerfork.builders.debian.generation import Generation
from layerfork.builders.debian.packages import download
from layerfork.builders.debian.rootcli import find_toolchain, prepare_toolchain
from layerfork.builders.debian.unpack import unpack
from layerfork.errors import EngineError
from layerfork.record.build import Toolchain
from layerfork.record.run import Say
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
    """Where the generation's root lies, or would be fetched to; another list of packages is another root.

    A suite that went on has several roots, told apart by the version that they hold. Of those that fit, the
    newest counts.
    """
    first = _first_root(generation)
    fitting = [(_numbers(held), path) for path, held in _held(generation) if _fits(held, generation)]
    if fitting:
        return max(fitting)[1]
    return first.with_name(f"{first.name}-{generation.name}") if first.exists() else first


def _first_root(generation: Generation) -> Path:
    names = (*generation.packages, *(name for link in generation.links for name in link))
    recipe = hashlib.sha256(" ".join(names).encode()).hexdigest()[:8]
    return cache_directory() / "engines" / f"{generation.suite}-{debian_architecture()}-{recipe}"


def _held(generation: Generation) -> Iterator[tuple[Path, str]]:
    """Each root of a suite and recipe with the version that it holds; empty where it does not say."""
    first = _first_root(generation)
    for path in (first, *sorted(first.parent.glob(f"{first.name}-*"))):
        if path.is_dir():
            version = ""
            with contextlib.suppress(OSError, ValueError, IndexError):
                lines = (path / "DEBS").read_text(encoding="utf-8").splitlines()
                version = dict(_package_of(line.split()[1]) for line in lines).get(generation.package, "")
            yield path, version


def _fits(held: str, generation: Generation) -> bool:
    """Whether a root's version is the generation's; one that does not say is for `read_root` to refuse."""
    return not held or held.startswith(generation.version)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)))


def ensure_root(
    generation: Generation, environment: Mapping[str, str], say: Say, *, anew: bool = False
) -> EngineRoot:
    """The generation's root, fetched first when it is not there yet; with ``anew`` even if it is.

    Raises: EngineError, also when the suite has gone on to another version.
    """
    path = root_path(generation)
    if anew and path.exists():
        path = path.with_name(f"{_first_root(generation).name}-{generation.name}")
    if not path.exists():
        _refuse_what_is_gone(generation)
        with making(path, NEEDED_BYTES, say) as missing:
            if missing:
                name = f"{generation.title} {generation.name}"
                if os.geteuid() != 0:
                    say(f"{name} can be fetched by anybody; running it needs root (sudo)")
                say(f"fetching {name} (Debian {generation.suite}) into {path}")
                _fetch(generation, path, environment, say)
    return read_root(root_path(generation))


def _refuse_what_is_gone(generation: Generation) -> None:
    """A suite never goes back: what is unpacked of it in a newer version is not worth a download."""
    newest = max((held for _, held in _held(generation)), key=_numbers, default="")
    if generation.version and _numbers(newest) > _numbers(generation.version):
        raise _moved_on(generation, newest)


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
    """What the suite has now becomes a root, also where it is not what was asked for."""
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
        _check_complete(partial, generation)
        found = dict(_package_of(deb.name) for deb in debs)[generation.package]
        final = root_path(replace(generation, name=_short(found), version=f"{_short(found)}."))
        if not final.exists():
            if (partial / DOCKER).exists():
                prepare_toolchain(partial, final)
            _write_manifest(partial)
            partial.rename(final)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    shutil.rmtree(downloads, ignore_errors=True)
    if not _fits(found, generation):
        raise _moved_on(generation, found)


def _short(version: str) -> str:
    """``29.1`` of ``29.1.2+dfsg1-1``: what a generation is called."""
    return ".".join(map(str, _numbers(version)[:2]))


def _moved_on(generation: Generation, found: str) -> EngineError:
    suite = generation.suite
    hint = "choose another engine: layerfork engines"
    if generation.package == "docker.io":
        hint = f"private:{_short(found)} is that one, unpacked now; private:{suite} is whatever {suite} has"
    return EngineError(
        f"Debian {suite} has {generation.package} {found} now, and no {generation.name} is unpacked here",
        hint,
    )


def _check_complete(root: Path, generation: Generation) -> None:
    for program in generation.programs:
        if not (root / "usr" / program).is_file():
            message = f"Debian {generation.suite}'s packages hold no {program}"
            raise EngineError(message, "this version of layerfork does not know that suite's packages")


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
