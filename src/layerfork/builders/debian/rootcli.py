"""The docker CLI and its plugins of an engine root, made to run outside of it."""

from collections.abc import Mapping
from pathlib import Path

from layerfork.builders.process import run
from layerfork.record.build import Command, Toolchain

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
