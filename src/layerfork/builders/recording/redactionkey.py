"""This machine's own key for stand-ins of secrets: records that hold them compare here and only here."""

import os
import secrets
from hashlib import sha256
from pathlib import Path

from layerfork.userdirs import make_private, state_directory

KEY_BYTES = 32


def key_id(key: bytes) -> str:
    """What records call a key."""
    return sha256(key).hexdigest()[:16]


def redaction_key() -> bytes:
    """The machine's key, made on first use and readable by its owner only.

    Where it cannot be kept, a fresh one: stand-ins then compare within one run.
    """
    path = state_directory() / "redaction.key"
    try:
        return _read(path) or _create(path)
    except OSError:
        return secrets.token_bytes(KEY_BYTES)


def _read(path: Path) -> bytes | None:
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        return None
    return key if len(key) == KEY_BYTES else None


def _create(path: Path) -> bytes:
    make_private(path.parent)
    key = secrets.token_bytes(KEY_BYTES)
    unfinished = path.with_suffix(f".{secrets.token_hex(4)}")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(key)
    try:
        os.link(unfinished, path)
    except FileExistsError:
        return _read(path) or key
    finally:
        unfinished.unlink()
    return key
