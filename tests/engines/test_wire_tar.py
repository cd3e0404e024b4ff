"""Odd archives: what the decoder makes of them is what the engine's own tar reader hashes."""

import http.client
import json
import os
import socket
import tarfile
from collections.abc import Iterator, Sequence

import pytest

from layerfork.builders.engines import RunningEngine, open_engine
from layerfork.keys.classic.tarsum import tarsum_header
from layerfork.wire.tar.tarstream import TarDecoder

pytestmark = pytest.mark.engine

LONG = "d/" * 60 + "f"


@pytest.fixture(scope="module")
def engine() -> Iterator[RunningEngine]:
    with open_engine("private").start(os.environ, print) as running:
        yield running


def header(name: str = "a", flag: bytes = b"0", size: int = 0, **fields: bytes) -> bytes:
    block = bytearray(tarfile.TarInfo(name).tobuf(tarfile.GNU_FORMAT)[-512:])
    block[156:157] = flag
    places = {
        "mode": 100,
        "uid": 108,
        "size": 124,
        "mtime": 136,
        "link": 157,
        "magic": 257,
        "major": 329,
        "prefix": 345,
    }
    for field, value in {"size": b"%011o\0" % size, **fields}.items():
        block[places[field] : places[field] + len(value)] = value
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def with_data(block: bytes, data: bytes) -> bytes:
    return block + data + bytes(-len(data) % 512)


def file(name: str = "a", data: bytes = b"text", flag: bytes = b"0", **fields: bytes) -> bytes:
    return with_data(header(name, flag, len(data), **fields), data)


def pax(*records: tuple[bytes, bytes], flag: bytes = b"x") -> bytes:
    text = b""
    for key, value in records:
        rest = b" " + key + b"=" + value + b"\n"
        length = next(n for n in range(len(rest), len(rest) + 9) if len(str(n)) + len(rest) == n)
        text += str(length).encode() + rest
    return with_data(header("pax", flag, len(text)), text)


def gnu_long(name: bytes) -> bytes:
    return with_data(header("././@LongLink", b"L", len(name) + 1), name + b"\0")


SPARSE = [
    (b"GNU.sparse.size", b"9000"),
    (b"GNU.sparse.numblocks", b"2"),
    (b"GNU.sparse.map", b"100,3,5000,2"),
]

ARCHIVES: dict[str, tuple[str, bytes]] = {
    "a NUL type": ("a", file(flag=b"\0")),
    "v7": ("a", file(flag=b"\0", magic=bytes(255))),
    "base 256": ("a", file(uid=b"\x80\0\0\0\0\1\0\0", mtime=b"\xff" * 11 + b"\xfb")),
    "numbers in odd clothes": ("a", file(mode=b"   644 \0", mtime=b"000000000012")),
    "an empty mode": ("a", file(mode=bytes(8))),
    "type bits, link and device of a file": ("a", file(mode=b"0100755\0", link=b"weird", major=b"0000005\0")),
    "a long GNU name": (LONG, gnu_long(LONG.encode()) + file("short")),
    "two long names": ("a", gnu_long(b"b") + gnu_long(b"a") + file("c")),
    "a ustar prefix": (LONG, file("f", magic=b"ustar\x0000", prefix=LONG[:-2].encode())),
    "a prefix in a GNU header": ("pre/a", file(prefix=b"pre\0")),
    "PAX fields": (
        "a",
        pax((b"path", b"a"), (b"uid", b"4294967"), (b"mtime", b"1.5"), (b"comment", b"x")) + file("b"),
    ),
    "PAX attributes": ("a", pax((b"SCHILY.xattr.user.z", b"1\xff"), (b"SCHILY.xattr.user.e", b"")) + file()),
    "the last of equal records, empty": ("a", pax((b"uid", b"12"), (b"uid", b"")) + file()),
    "a long name beats a PAX path": ("a", pax((b"path", b"b")) + gnu_long(b"a") + file("c")),
    "a global header": ("a", pax((b"comment", b"1"), (b"uid", b"7"), flag=b"g") + file()),
    "a global header forgets the records before it": (
        "a",
        pax((b"uid", b"55")) + pax((b"comment", b"1"), flag=b"g") + file(),
    ),
    "a sparse file": ("a", pax(*SPARSE) + file(data=b"abcde")),
    "a directory with a size": ("d/a", header("d", b"5", 4096) + file("d/a")),
    "records at the end": ("a", file() + pax((b"comment", b"x"))),
    "no padding at the end": ("a", file()[:516]),
}


def build(engine: RunningEngine, body: bytes) -> str:
    """How the engine's history calls the last step of a build."""
    headers = {"Content-Type": "application/x-tar"}
    lines = call(engine, "POST", "/build?rm=1&nocache=1", body, headers).splitlines()
    answers = [json.loads(line) for line in lines if line.strip()]
    [image] = [answer["aux"]["ID"] for answer in answers if "aux" in answer] or pytest.fail(str(answers))
    history: Sequence[dict[str, str]] = json.loads(call(engine, "GET", f"/images/{image}/history"))
    return history[0]["CreatedBy"]


def call(
    engine: RunningEngine, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> bytes:
    connection = http.client.HTTPConnection("docker")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(engine.socket))
    try:
        connection.request(method, path, body, headers or {})
        return connection.getresponse().read()
    finally:
        connection.close()


@pytest.mark.parametrize("case", ARCHIVES)
def test_the_engine_hashes_what_was_decoded(engine: RunningEngine, case: str) -> None:
    name, archive = ARCHIVES[case]
    body = file("Dockerfile", f"FROM alpine\nCOPY {name} /\n".encode()) + archive
    decoder = TarDecoder(header_sum=tarsum_header)
    decoder.feed(body)
    decoder.close()
    entry = next(entry for entry in decoder.entries if entry.name == name)
    assert entry.tarsum is not None
    assert entry.tarsum.replace("sha256:", "file:") in build(engine, body)
