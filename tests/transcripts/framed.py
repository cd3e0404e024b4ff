"""Reads and writes transcript files; the format is in README.md beside this file."""

import gzip
import json
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

FIRST_LINE = b"layerfork-transcript/1\n"
HEADER = struct.Struct(">cHI")

CLIENT_SENT = b"C"
ENGINE_SENT = b"E"
CLIENT_CLOSED = b"c"
ENGINE_CLOSED = b"e"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One read of the proxy, or one side's end of stream (then ``data`` is empty)."""

    kind: bytes
    connection: int
    data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """What passed between one client command and one engine."""

    facts: dict[str, object]
    frames: tuple[Frame, ...]


def read_transcript(path: Path) -> Transcript:
    """Raises: ValueError when the file is no transcript or is cut."""
    raw = path.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        raw = gzip.decompress(raw)
    if not raw.startswith(FIRST_LINE):
        raise ValueError(f"{path} is not a transcript")
    end = raw.index(b"\n", len(FIRST_LINE))
    return Transcript(facts=json.loads(raw[len(FIRST_LINE) : end]), frames=tuple(_frames(raw, end + 1)))


def write_transcript(path: Path, facts: dict[str, object], frames: Iterable[Frame]) -> None:
    """Compresses what is larger than a few kilobytes; equal input makes an equal file."""
    raw = FIRST_LINE + json.dumps(facts, sort_keys=True).encode() + b"\n"
    raw += b"".join(HEADER.pack(f.kind, f.connection, len(f.data)) + f.data for f in frames)
    path.write_bytes(gzip.compress(raw, mtime=0) if len(raw) > 8192 else raw)


def _frames(raw: bytes, at: int) -> Iterator[Frame]:
    while at < len(raw):
        kind, connection, length = HEADER.unpack_from(raw, at)
        at += HEADER.size
        if at + length > len(raw):
            raise ValueError("the transcript is cut")
        yield Frame(kind=kind, connection=connection, data=raw[at : at + length])
        at += length
