"""Unpacked generations of engines, fetched once and shared by all runs; their docker CLIs run outside too."""

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
from layerfork.builders.debian.packages import download, unpack
from layerfork.builders.process import run
from layerfork.builders.suites import SUITES
from layerfork.errors import ClientError, EngineError
from layerfork.record.build import Command, Toolchain
from layerfork.record.progress import Say
from layerfork.userdirs import cache_directory

# The docker CLI and its plugins of an engine root, made to run outside of it.

PLUGIN_DIRECTORIES = ("usr/libexec/docker/cli-plugins", "usr/lib/docker/cli-plugins")
WRAPPERS = "tools"
"""Directory of a root with a wrapper for each program that this machine's C library is too old for."""
LOADERS = ("usr/lib64/ld-linux-x86-64.so.2", "usr/lib/ld-linux-aarch64.so.1")
LIBRARIES = ("usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu")

_WRAPPER = """\
#!/bin/sh
exec '{root}/{loader}' --library-path '{libraries}' '{program}' "$@"
"""


def prepare_toolchain(root: Path, final: Path) -> None:
    """Write wrappers into a fresh root when its programs do not run on this machine's C library.

    They start a program with the root's own loader and libraries. ``final`` is the root's later place.
    """
    docker = root / "usr/bin/docker"
    if not run(Command(argv=(str(docker), "--version"), env={}), timeout_s=30).ok:
        write_wrappers(root, final)


def write_wrappers(root: Path, final: Path) -> None:
    """Write a wrapper for the CLI and each of its plugins."""
    loader = next(name for name in LOADERS if (root / name).exists())
    libraries = ":".join(f"{final}/{name}" for name in LIBRARIES if (root / name).is_dir())
    plugins = _plugins(root)
    programs = [root / "usr/bin/docker", *(sorted(plugins.iterdir()) if plugins else ())]
    for program in programs:
        directory = root / WRAPPERS / ("cli-plugins" if program.parent == plugins else "")
        directory.mkdir(parents=True, exist_ok=True)
        wrapper = directory / program.name
        place = final / program.relative_to(root)
        text = _WRAPPER.format(root=final, loader=loader, libraries=libraries, program=place)
        wrapper.write_text(text, encoding="utf-8")
        wrapper.chmod(0o755)


def through_loader(root: Path, program: Path) -> tuple[str, ...]:
    """Arguments that start a program of a root outside of it, whatever C library this machine has."""
    loader = next(name for name in LOADERS if (root / name).exists())
    libraries = ":".join(str(root / name) for name in LIBRARIES if (root / name).is_dir())
    return (str(root / loader), "--library-path", libraries, str(program))


def find_toolchain(root: Path, packages: Mapping[str, str]) -> Toolchain:
    """The toolchain of a complete root; ``packages`` are Debian package names and versions."""
    version = packages.get("docker-cli", packages["docker.io"])
    wrappers = root / WRAPPERS
    plugins = _plugins(root)
    if wrappers.is_dir():
        docker = wrappers / "docker"
        plugins = wrappers / "cli-plugins" if plugins else None
    else:
        docker = root / "usr/bin/docker"
    names = sorted(path.name.removeprefix("docker-") for path in plugins.iterdir()) if plugins else []
    return Toolchain(
        docker=docker, cli_plugins=plugins, plugins=tuple(names), version=version.partition("+")[0]
    )


def _plugins(root: Path) -> Path | None:
    return next((root / name for name in PLUGIN_DIRECTORIES if (root / name).is_dir()), None)


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

    A suite that went on has several roots, distinguished by the version that they contain. Of those that
    fit, the newest counts.
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
                    say(f"fetching {name} needs no root; running it does (sudo)")
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
            # No program can set this time: content, owner, mode or links were touched after the unpacking.
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
        hint = f"private:{_short(found)} is that version; private:{suite} is the version that {suite} has"
    return EngineError(
        f"Debian {suite} has {generation.package} {found} now, and {generation.name} is not unpacked here",
        hint,
    )


def _check_complete(root: Path, generation: Generation) -> None:
    for program in generation.programs:
        if not (root / "usr" / program).is_file():
            message = f"Debian {generation.suite}'s packages contain no {program}"
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
        f"the engine in {path} is damaged: {name} was changed or removed",
        f"remove it and run again to fetch it again: rm -r {path}",
    )


# Docker CLIs of other generations than the engine's: the client is an axis of its own.


def fetch_toolchain(version: str, environment: Mapping[str, str], say: Say) -> Toolchain:
    """The docker CLI and plugins of a version, such as ``20.10.24`` or ``28.5``, fetched when missing.

    Raises: ClientError when no generation of Debian has that version, or it cannot be fetched.
    """
    generations = [suite.docker for suite in SUITES]
    for generation in generations:
        if not _may_have(generation.version, version):
            continue
        try:
            toolchain = ensure_root(generation, environment, say).toolchain
        except EngineError as error:
            raise ClientError(error.message, error.hint, error.details) from error
        if toolchain.version == version or toolchain.version.startswith(f"{version}."):
            return toolchain
    names = ", ".join(generation.name for generation in generations)
    raise ClientError(f"no docker CLI {version} is available", hint=f"Debian has these generations: {names}")


def _may_have(start: str, version: str) -> bool:
    """Whether a generation whose version starts so can be the one asked for."""
    return f"{version}.".startswith(start) or start.startswith(version)
