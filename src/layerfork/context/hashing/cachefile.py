"""Files of layerfork's cache: columns of plain values, checked when they are read, replaced whole."""

import contextlib
import marshal
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Any

_DIGEST_BYTES = 32
_LIMIT_FILES = 64
"""So many of one ending stay in a directory."""


def read_columns(file: Path, form: str) -> tuple[Any, ...] | None:
    """What `write_columns` wrote in that form; None when there is none, or it is damaged."""
    try:
        whole = file.read_bytes()
        checksum, body = whole[:_DIGEST_BYTES], memoryview(whole)[_DIGEST_BYTES:]
        # Marshal trusts what it reads.
        if sha256(body).digest() != checksum:
            return None
        found, *columns = marshal.loads(body)
        return tuple(columns) if found == form else None
    except (OSError, ValueError, EOFError, TypeError):
        return None


def write_columns(file: Path, form: str, *columns: Any) -> bool:
    """Write values that marshal knows beside a file's place and move them there; the oldest of very many go.

    A full disk or a read-only one is no error: gives whether it was written.
    """
    body = marshal.dumps((form, *columns))
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _replace(file, sha256(body).digest(), body)
        _drop_oldest(file)
        return True
    return False


def _replace(file: Path, *parts: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as out:
        try:
            for part in parts:
                out.write(part)
            out.flush()
            Path(out.name).replace(file)
        except BaseException:
            Path(out.name).unlink(missing_ok=True)
            raise


def _drop_oldest(file: Path) -> None:
    files = [(each.stat().st_mtime_ns, each) for each in file.parent.glob(f"*{file.suffix}")]
    for _, each in sorted(files)[:-_LIMIT_FILES]:
        each.unlink(missing_ok=True)
