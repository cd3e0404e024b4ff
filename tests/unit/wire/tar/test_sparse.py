"""Sparse files, built by hand in all four formats; the standard library reads them for comparison."""

import io
import tarfile
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerfork.record.context import ContentSource
from layerfork.wire.tar import sparse as tarsparse
from layerfork.wire.tar.tarstream import TarDecoder

Fragments = list[tuple[int, bytes]]


@st.composite
def layouts(draw: st.DrawFn) -> tuple[int, Fragments]:
    """Size of the file, and offset and bytes of each piece of data."""
    fragments: Fragments = []
    at = 0
    for hole, length in draw(st.lists(st.tuples(st.integers(1, 3000), st.integers(1, 700)), max_size=60)):
        fragments.append((at + hole, bytes([1 + len(fragments) % 255]) * length))
        at += hole + length
    return at + draw(st.integers(0, 2000)), fragments


def expanded(size: int, fragments: Fragments) -> bytes:
    content = bytearray(size)
    for offset, data in fragments:
        content[offset : offset + len(data)] = data
    return bytes(content)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 512)


def sealed(block: bytearray) -> bytes:
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def octal(number: int) -> bytes:
    return b"%011o\0" % number


def old_gnu(size: int, fragments: Fragments) -> bytes:
    info = tarfile.TarInfo("sparse")
    info.size = sum(len(data) for _, data in fragments)
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    block[156:157] = b"S"
    numbers = [octal(offset) + octal(len(data)) for offset, data in fragments]
    block[386 : 386 + 24 * len(numbers[:4])] = b"".join(numbers[:4])
    block[482] = len(numbers) > 4
    block[483:495] = octal(size)
    more = b""
    rest = numbers[4:]
    while rest:
        more += b"".join(rest[:21]).ljust(504, b"\0") + bytes([len(rest) > 21]) + bytes(7)
        rest = rest[21:]
    return sealed(block) + more + padded(b"".join(data for _, data in fragments))


def pax(records: list[tuple[str, str]], body: bytes) -> bytes:
    text = b""
    for key, value in records:
        rest = f" {key}={value}\n".encode()
        length = len(rest)
        while len(str(length)) + len(rest) != length:
            length = len(str(length)) + len(rest)
        text += str(length).encode() + rest
    header, file = tarfile.TarInfo("pax"), tarfile.TarInfo("sparse")
    header.type, header.size, file.size = b"x", len(text), len(body)
    return header.tobuf(tarfile.USTAR_FORMAT) + padded(text) + file.tobuf(tarfile.USTAR_FORMAT) + padded(body)


def pax_0_0(size: int, fragments: Fragments) -> bytes:
    records = [("GNU.sparse.size", str(size)), ("GNU.sparse.numblocks", str(len(fragments)))]
    for offset, data in fragments:
        records += [("GNU.sparse.offset", str(offset)), ("GNU.sparse.numbytes", str(len(data)))]
    return pax(records, b"".join(data for _, data in fragments))


def pax_0_1(size: int, fragments: Fragments) -> bytes:
    listed = ",".join(f"{offset},{len(data)}" for offset, data in fragments)
    records = [
        ("GNU.sparse.size", str(size)),
        ("GNU.sparse.numblocks", str(len(fragments))),
        ("GNU.sparse.name", "real"),
        ("GNU.sparse.map", listed),
    ]
    return pax(records, b"".join(data for _, data in fragments))


def pax_1_0(size: int, fragments: Fragments) -> bytes:
    records = [
        ("GNU.sparse.major", "1"),
        ("GNU.sparse.minor", "0"),
        ("GNU.sparse.name", "real"),
        ("GNU.sparse.realsize", str(size)),
    ]
    lines = [len(fragments)] + [number for offset, data in fragments for number in (offset, len(data))]
    text = "".join(f"{line}\n" for line in lines).encode()
    return pax(records, padded(text) + b"".join(data for _, data in fragments))


WRITERS = [old_gnu, pax_0_0, pax_0_1, pax_1_0]


@pytest.mark.parametrize("write", WRITERS)
@given(layout=layouts(), step=st.integers(1, 2000))
def test_the_whole_file_is_hashed(write: object, layout: tuple[int, Fragments], step: int) -> None:
    size, fragments = layout
    if write is pax_0_1 and not fragments:
        return  # this format cannot say so: the record would be empty
    following = tarfile.TarInfo("after").tobuf(tarfile.USTAR_FORMAT)
    data = write(size, fragments) + following + bytes(1024)  # type: ignore[operator]
    decoder = TarDecoder(header_sum=lambda entry: str(entry.size).encode())
    for at in range(0, len(data), step):
        decoder.feed(data[at : at + step])
    decoder.close()
    assert decoder.gaps == []
    sparse, after = decoder.entries
    content = expanded(size, fragments)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        member = tar.next()
        assert member is not None
        assert (member.name, member.size) == (sparse.name, sparse.size)
        if fragments:
            assert tar.extractfile(member).read() == content  # type: ignore[union-attr]
    assert sparse.content == "sha256:" + sha256(content).hexdigest()
    assert sparse.tarsum == "sha256:" + sha256(str(size).encode() + content).hexdigest()
    assert after.name == "after"


def test_huge_holes_are_passed_over_with_a_gap() -> None:
    size = 1 << 50
    decoder = TarDecoder()
    decoder.feed(pax_1_0(size, [(5, b"data")]) + tarfile.TarInfo("after").tobuf())
    decoder.close()
    sparse, after = decoder.entries
    assert (sparse.size, sparse.content, sparse.content_source) == (size, None, ContentSource.NOT_SENT)
    assert after.name == "after"
    assert "holes" in decoder.gaps[0].what


def test_a_map_that_does_not_fit_the_data_keeps_the_archive_in_step() -> None:
    data = pax([("GNU.sparse.size", "100"), ("GNU.sparse.map", "0,4,50,9")], b"data")
    decoder = TarDecoder()
    decoder.feed(data + tarfile.TarInfo("after").tobuf())
    decoder.close()
    assert [entry.name for entry in decoder.entries] == ["sparse", "after"]
    assert "does not fit" in decoder.gaps[0].what


@pytest.mark.parametrize("listed", ["5,3,2,1", "0,-1", "90,20", "1", "x,1", str(1 << 70) + ",1"])
def test_a_map_that_makes_no_sense_ends_the_decoding(listed: str) -> None:
    decoder = TarDecoder()
    decoder.feed(pax([("GNU.sparse.size", "100"), ("GNU.sparse.map", listed)], b"data"))
    decoder.close()
    assert not decoder.complete


@pytest.mark.parametrize("text", [b"-1\n", b"9" * 600, b"5\n1\n", b"x\n"])
def test_a_map_in_the_data_that_makes_no_sense(text: bytes) -> None:
    data = pax([("GNU.sparse.major", "1"), ("GNU.sparse.realsize", "100")], padded(text))
    decoder = TarDecoder()
    decoder.feed(data)
    decoder.close()
    assert not decoder.complete


def test_limits_are_above_what_archivers_write() -> None:
    assert tarsparse.MAX_NUMBERS > 2 * 21 * 1000
