"""Which engine the user's own docker would speak to: DOCKER_HOST, DOCKER_CONTEXT, the current context.

Source: docker/cli cli/command/cli.go (resolveContextName, resolveDefaultDockerEndpoint), v20.10
to v28; opts/hosts.go (ParseHost).
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from layerfork.errors import EngineError

DEFAULT_HOST = "unix:///var/run/docker.sock"
DEFAULT_CONTEXT = "default"
_SCHEMES = frozenset({"unix", "tcp", "ssh", "npipe", "fd", "http", "https"})
"""Of addresses that docker itself takes, the last two in contexts alone.

Source: docker/cli opts/hosts.go (parseDockerDaemonHost) and cli/context/docker/load.go, v20.10 to v28.
"""


class NotPlainError(EngineError):
    """An engine that only docker's own program reaches: over ssh, or with keys."""

    def __init__(self, host: str, protocol: str) -> None:
        super().__init__(
            f"the engine {host} is reached over {protocol}, which needs the docker CLI",
            "install the docker CLI, or forward the engine's socket and name that: "
            "ssh -nNT -L /tmp/engine.sock:/var/run/docker.sock HOST, then DOCKER_HOST=unix:///tmp/engine.sock",
        )
        self.host = host


def resolve_docker_host(environment: Mapping[str, str], context: str = "") -> str:
    """Address of the user's engine: ``unix:///path`` or ``tcp://host:port``.

    ``context`` is the docker context that was asked for by name; it wins over the environment.

    Raises: EngineError when there is no such context, NotPlainError when it takes ssh or TLS.
    """
    if context:
        return _host_of_context(context, environment)
    if environment.get("DOCKER_HOST"):
        return _default_host(environment)
    name = environment.get("DOCKER_CONTEXT") or _current_context(environment)
    return _host_of_context(name, environment)


def named_by(environment: Mapping[str, str], context: str = "") -> str:
    """What names the engine of `resolve_docker_host`, for people; empty when nothing does but the default.

    Raises: EngineError when docker's configuration cannot be read.
    """
    if not context and environment.get("DOCKER_HOST"):
        return "DOCKER_HOST"
    name = context or environment.get("DOCKER_CONTEXT") or _current_context(environment)
    return "" if name == DEFAULT_CONTEXT else f"the docker context {name!r}"


def resolve_endpoint(environment: Mapping[str, str], endpoint: str) -> str:
    """Address of the engine of a buildx node: ``endpoint`` is an address, or the name of a docker context.

    Source: docker/buildx util/dockerutil/api.go (NewClientAPI), v0.8 to v0.36.
    Raises: EngineError, as `resolve_docker_host` does.
    """
    return _plain(endpoint) if "://" in endpoint else _host_of_context(endpoint, environment)


def endpoint_key(environment: Mapping[str, str]) -> str:
    """What buildx calls the engine that docker uses: the context's name, of the default context the address.

    Source: docker/buildx util/dockerutil/context.go (GetCurrentEndpoint), v0.8 to v0.36.
    Raises: EngineError, as `resolve_docker_host` does.
    """
    if not environment.get("DOCKER_HOST"):
        name = environment.get("DOCKER_CONTEXT") or _current_context(environment)
        if name != DEFAULT_CONTEXT:
            return name
    return _default_host(environment)


def _default_host(environment: Mapping[str, str]) -> str:
    """Address of the context that needs no file."""
    host = environment.get("DOCKER_HOST") or DEFAULT_HOST
    if any(environment.get(name) for name in ("DOCKER_TLS", "DOCKER_TLS_VERIFY")):
        raise NotPlainError(host, "TLS")
    return _plain(host)


def docker_config_directory(environment: Mapping[str, str]) -> Path:
    """Where the user's docker keeps its configuration."""
    if directory := environment.get("DOCKER_CONFIG"):
        return Path(directory)
    return Path(environment.get("HOME") or Path.home()) / ".docker"


def _current_context(environment: Mapping[str, str]) -> str:
    config = docker_config_directory(environment) / "config.json"
    if not config.exists():
        return DEFAULT_CONTEXT
    return str(_read_json(config).get("currentContext") or DEFAULT_CONTEXT)


def _host_of_context(name: str, environment: Mapping[str, str]) -> str:
    """A context lies in a directory named after the SHA-256 of its name."""
    if name == DEFAULT_CONTEXT:
        return _default_host(environment)
    contexts = docker_config_directory(environment) / "contexts"
    directory = hashlib.sha256(name.encode()).hexdigest()
    meta = contexts / "meta" / directory / "meta.json"
    if not meta.exists():
        raise EngineError(f"there is no docker context {name!r}", "see: docker context ls")
    endpoint = (_read_json(meta).get("Endpoints") or {}).get("docker") or {}
    host = str(endpoint.get("Host") or "")
    if (contexts / "tls" / directory / "docker").is_dir():
        raise NotPlainError(host, "TLS")
    return _plain(host or DEFAULT_HOST)


def _plain(host: str) -> str:
    """A normal form of an address that the recorder can forward to by itself."""
    if "://" not in host:
        host = f"tcp://{host}"
    try:
        parts = urlsplit(host)
        port = parts.port
    except ValueError as error:
        raise EngineError(
            f"{host} is not an address of an engine: {error}", "write tcp://HOST:PORT"
        ) from error
    if parts.scheme == "unix" and parts.path.startswith("/"):
        return host
    if parts.scheme == "tcp" and parts.hostname:
        return f"tcp://{parts.netloc if port else f'{parts.netloc}:2375'}"
    if parts.scheme not in _SCHEMES:
        raise EngineError(
            f"unsupported scheme {parts.scheme!r} in {host}",
            "write unix:///PATH, tcp://HOST:PORT or ssh://USER@HOST",
        )
    raise NotPlainError(host, parts.scheme)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise EngineError(f"{path} cannot be read: {error}", "fix or remove it") from error
    if not isinstance(value, dict):
        raise EngineError(f"{path} is not a JSON object", "fix or remove it")
    return value
