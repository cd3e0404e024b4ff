"""A secret that comes in pieces, of reads, of chunks or of frames, is as hidden as one that comes whole."""

import json
import struct
from urllib.parse import quote

import pytest

from layerfork.builders.recording.decoders import Decoders
from layerfork.record.build import Builder
from layerfork.record.record import BuildOutcome, BuildRecord, BuildResult, ClientInfo
from layerfork.wire.buildkit import control_pb2 as control
from layerfork.wire.http.http2 import PREFACE
from layerfork.wire.redact import Redactor

SECRET = "Qm7-zR2xVb9LtK4w"
UPGRADE = b"POST /grpc HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
SWITCHED = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"


def frame(kind: int, flags: int, number: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, number) + payload


def headers(**fields: str) -> bytes:
    """A block that adds nothing to any table."""
    out = b""
    for name, value in fields.items():
        key = name.replace("_", "-").replace("path", ":path").encode()
        out += bytes([0, len(key)]) + key + bytes([len(value)]) + value.encode()
    return out


def in_frames(number: int, message: bytes, size: int) -> bytes:
    """A message of gRPC in DATA frames of so many bytes."""
    whole = struct.pack(">BI", 0, len(message)) + message
    return b"".join(frame(0, 0, number, whole[at : at + size]) for at in range(0, len(whole), size))


def in_continuations(number: int, block: bytes, size: int) -> bytes:
    """Headers that end a stream, in frames of so many bytes."""
    pieces = [block[at : at + size] for at in range(0, len(block), size)]
    last = len(pieces) - 1
    return b"".join(
        frame(9 if at else 1, (0 if at else 1) | (4 if at == last else 0), number, piece)
        for at, piece in enumerate(pieces)
    )


def blank(started_at: float, client: ClientInfo) -> BuildRecord:
    return BuildRecord(
        id="x",
        recorded_at="2026-01-01T00:00:00.000Z",
        layerfork="x",
        client=client,
        builder=Builder.CLASSIC,
        result=BuildResult(outcome=BuildOutcome.CUT),
    )


def recorded(client: list[bytes], engine: list[bytes], read: int) -> str:
    """The one record of both sides' words, in turn, each in reads of so many bytes."""
    decoders = Decoders(Redactor(b"key"), blank, lambda manifest: None)
    tap = decoders.tap(lambda: None)
    for asked, answered in zip(client, engine, strict=True):
        for feed, data in ((tap.client_sent, asked), (tap.engine_sent, answered)):
            for at in range(0, len(data), read):
                feed(data[at : at + read])
    tap.client_closed()
    tap.engine_closed()
    [record] = decoders.records(ClientInfo())
    return repr(record)


@pytest.mark.parametrize("read", [1, 5, 1 << 16])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 16, 1 << 14])
def test_in_frames(size: int, read: int) -> None:
    solve = control.SolveRequest(ref=b"r", frontend=b"dockerfile.v0")
    solve.frontend_attrs.add(key=b"build-arg:API_TOKEN", value=SECRET.encode())
    vertex = control.StatusVertex(digest=b"sha256:a", name=f"[1/2] RUN login {SECRET}".encode())
    vertex.error = f"{SECRET} is refused".encode()
    status = control.StatusResponse(vertexes=[vertex])
    service = "/moby.buildkit.v1.Control/"
    failed = headers(grpc_status="2", grpc_message=f"no {SECRET}")
    client = PREFACE + frame(4, 0, 0)
    client += frame(1, 4, 1, headers(path=service + "Status"))
    client += in_frames(1, control.StatusRequest(ref=b"r").SerializeToString(), size)
    client += frame(1, 4, 3, headers(path=service + "Solve"))
    client += in_frames(3, solve.SerializeToString(), size)
    engine = frame(4, 0, 0) + in_frames(1, status.SerializeToString(), size)
    engine += in_continuations(1, headers(grpc_status="0"), size) + in_continuations(3, failed, size)
    text = recorded([UPGRADE, client], [SWITCHED, engine], read)
    assert "hidden:" in text
    assert "RUN login hidden:" in text
    assert "no hidden:" in text
    assert SECRET not in text


@pytest.mark.parametrize("read", [1, 5, 1 << 16])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 16, 1 << 14])
def test_in_chunks(size: int, read: int) -> None:
    arguments = quote(json.dumps({"API_TOKEN": SECRET}))
    lines = [{"stream": f"Step 1/1 : RUN login {SECRET}\n"}, {"error": f"no {SECRET}"}]
    body = "".join(json.dumps(line) + "\r\n" for line in lines).encode()
    chunks = b"".join(
        b"%x\r\n%b\r\n" % (len(body[at : at + size]), body[at : at + size])
        for at in range(0, len(body), size)
    )
    asked = f"POST /v1.45/build?buildargs={arguments} HTTP/1.1\r\nContent-Length: 0\r\n\r\n".encode()
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
    text = recorded([asked], [answer], read)
    assert "RUN login hidden:" in text
    assert "no hidden:" in text
    assert SECRET not in text
