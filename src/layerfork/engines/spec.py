"""Reads what a person writes after ``--engine``."""

from dataclasses import dataclass

from layerfork.errors import UsageError

IMAGE_STORES = ("graphdriver", "containerd")


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSpec:
    """An engine as it was asked for: ``kind[:name][+store]``."""

    kind: str
    """``private``, ``podman`` or ``host``."""
    name: str = ""
    """Generation of an engine of ours, docker context of a host engine; empty means the default one."""
    store: str = ""
    """``graphdriver`` or ``containerd``; empty means the engine's default."""


def parse_spec(text: str) -> EngineSpec:
    """Parse ``private``, ``private:28.5``, ``private:26.1+containerd``, ``podman``, ``podman:4.3``, ``host``
    or ``host:CONTEXT``.

    Whether there is such a generation or context is not checked here.

    Raises: UsageError.
    """
    kind, colon, rest = text.partition(":")
    if kind == "host":
        if colon and not rest:
            raise UsageError(f"{text!r} names no docker context", "write host, or host:CONTEXT")
        return EngineSpec(kind="host", name=rest)
    kind_and_name, plus, store = text.partition("+")
    kind, colon, name = kind_and_name.partition(":")
    if kind not in ("private", "podman") or (colon and not name):
        hint = "write private, podman, host, or one of them with a name (see: layerfork engines)"
        raise UsageError(f"there is no engine {text!r}", hint)
    if plus and kind == "podman":
        raise UsageError(f"{text!r}: podman has one image store", "write podman, or podman:GENERATION")
    if plus and store not in IMAGE_STORES:
        hint = f"write {' or '.join(IMAGE_STORES)} after the +"
        raise UsageError(f"there is no image store {store!r}", hint)
    return EngineSpec(kind=kind, name=name, store=store)
