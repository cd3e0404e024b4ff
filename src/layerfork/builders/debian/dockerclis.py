"""Docker CLIs of other generations than the engine's: the client is an axis of its own."""

from collections.abc import Mapping

from layerfork.builders.debian.roots import ensure_root
from layerfork.builders.suites import SUITES
from layerfork.errors import ClientError, EngineError
from layerfork.record.build import Toolchain
from layerfork.record.run import Say


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
    raise ClientError(
        f"there is no docker CLI {version} to fetch", hint=f"Debian has these generations: {names}"
    )


def _may_have(start: str, version: str) -> bool:
    """Whether a generation whose version starts so can be the one asked for."""
    return f"{version}.".startswith(start) or start.startswith(version)
