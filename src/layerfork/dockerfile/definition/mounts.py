"""The ``--mount`` flags of a RUN.

Source: moby/buildkit frontend/dockerfile/instructions/commands_runmount.go:parseMount @ v0.13.1 and v0.25.0;
docker/go-units size.go:RAMInBytes @ v0.5.0.
"""

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass

from layerfork.dockerfile.definition.stage import NotModelledError, RefusedError

_NAMES = {
    "src": "source",
    "dst": "target",
    "destination": "target",
    "ro": "readonly",
    "rw": "readwrite",
}
_TYPES = frozenset({"bind", "cache", "tmpfs", "secret", "ssh"})
_WITHOUT_VALUE = frozenset({"readonly", "readwrite", "required"})
_OWNED = frozenset({"secret", "ssh", "cache"})
_AFTER_TYPE = {"required": frozenset({"secret", "ssh"}), "size": frozenset({"tmpfs"})}
"""Fields that only some types have, and that are written behind the type."""
_SHARING = frozenset({"shared", "private", "locked"})
TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
"""What Go's strconv.ParseBool reads."""
_SIZE = re.compile(r"(\d+)(?:([kKmMgGtTpP])[iI]?[bB]?|[bB])?")
_UNITS: dict[str, int] = {"": 1} | {unit: 1024 ** (power + 1) for power, unit in enumerate("kmgtp")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """One mount as it is asked for, variables replaced."""

    type: str = "bind"
    origin: str = ""
    """What ``from`` names; empty for the context, or for nothing where the type has no files."""
    source: str = ""
    target: str = ""
    readonly: bool = True
    identity: str = ""
    """``id``."""
    sharing: str = ""
    required: bool = False
    env: str | None = None
    """The variable that a secret becomes."""
    size: int = 0
    """Bytes of a tmpfs."""
    mode: int | None = None
    uid: int | None = None
    gid: int | None = None

    @property
    def is_owned(self) -> bool:
        """Owner or mode were asked for."""
        return (self.mode, self.uid, self.gid) != (None, None, None)


def read_mount(text: str, expand: Callable[[str], str]) -> Mount:
    """A mount from the text of its flag. Raises: NotModelledError, RefusedError, BadSubstitutionError."""
    found: dict[str, str] = {}
    readonly: bool | None = None
    for field in _fields(text):
        name, equals, value = field.partition("=")
        name = _NAMES.get(name.lower(), name.lower())
        if name == "from" and "$" in value[:-1]:
            raise NotModelledError("a variable in the from of a mount, which BuildKit refuses")
        if not equals and name not in _WITHOUT_VALUE:
            raise RefusedError(f"{name} of a mount has no value")
        if name in _AFTER_TYPE and found.get("type", "bind").lower() not in _AFTER_TYPE[name]:
            raise RefusedError(f"{name} of a mount whose type, as far as it is read, has none")
        value = expand(value) if equals else "true"
        if name in ("readonly", "readwrite"):
            readonly = _is_true(value, text) is (name == "readonly")
        else:
            found[name] = value
    kind = found.pop("type", "bind").lower()
    if kind not in _TYPES:
        raise RefusedError(f"a mount of type {kind}")
    _check(kind, found)
    return Mount(
        type=kind,
        origin=found.pop("from", ""),
        source=found.pop("source", ""),
        target=found.pop("target", ""),
        readonly=kind not in ("cache", "tmpfs") if readonly is None else readonly,
        identity=found.pop("id", ""),
        sharing=found.pop("sharing", "").lower(),
        required=_is_true(found.pop("required", "false"), text),
        env=found.pop("env", None),
        size=_bytes(found.pop("size", "0"), text),
        mode=_number(found.pop("mode", None), 8, text),
        uid=_number(found.pop("uid", None), 10, text),
        gid=_number(found.pop("gid", None), 10, text),
        **_nothing_more(found, text),
    )


def _check(kind: str, found: dict[str, str]) -> None:
    """Raises: RefusedError for what has no meaning for a type of mount."""
    if kind not in _OWNED and (owned := {"mode", "uid", "gid"} & found.keys()):
        raise RefusedError(f"{min(owned)} of a mount of type {kind}")
    if "sharing" in found and (kind != "cache" or found["sharing"].lower() not in _SHARING):
        raise RefusedError(f"sharing={found['sharing']} of a mount of type {kind}")
    if kind == "secret":
        named = [name for name in ("source", "id", "target") if found.get(name)]
        if not named or named[:2] == ["source", "id"] or found.get("from"):
            raise RefusedError("a mount of a secret with no name, with two, or with a from")


def _fields(text: str) -> list[str]:
    try:
        return next(csv.reader([text], strict=True), [])
    except csv.Error as error:
        raise NotModelledError(f"the mount {text}") from error


def _nothing_more(found: dict[str, str], text: str) -> dict[str, str]:
    if found:
        raise NotModelledError(f"{min(found)} of the mount {text}")
    return {}


def _is_true(value: str, text: str) -> bool:
    if value not in TRUE | FALSE:
        raise NotModelledError(f"the mount {text}")
    return value in TRUE


def _number(value: str | None, base: int, text: str) -> int | None:
    if value is None:
        return None
    try:
        return int(value, base)
    except ValueError as error:
        raise NotModelledError(f"the mount {text}") from error


def _bytes(value: str, text: str) -> int:
    match = _SIZE.fullmatch(value)
    if match is None:
        raise NotModelledError(f"the size of the mount {text}")
    return int(match[1]) * _UNITS[(match[2] or "").lower()]
