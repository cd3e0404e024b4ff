"""Archives that no archiver writes: never an exception, never much memory, never endless work."""

import tarfile
import tracemalloc
from collections.abc import Callable, Iterator, Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from layerfork.record.context import ContentSource
from layerfork.wire.tar.tarstream import TarDecoder

Cut = Callable[[bytes, Sequence[int]], Iterator[memoryview]]


def header(name: str = "a", flag: bytes = b"0", size: bytes | int = 0, **fields: bytes) -> bytes:
    info = tarfile.TarInfo(name)
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT)[-512:])
    block[156:157] = flag
    block[124:136] = size if isinstance(size, bytes) else b"%011o\0" % size
    places = {"mode": 100, "uid": 108, "gid": 116, "mtime": 136, "devmajor": 329}
    for field, value in fields.items():
        block[places[field] : places[field] + len(value)] = value
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def base_256(number: int) -> bytes:
    return (number & ((1 << 96) - 1) | 1 << 95).to_bytes(12, "big")


def decode(data: bytes) -> TarDecoder:
    decoder = TarDecoder(header_sum=lambda entry: entry.name_bytes, capture="Dockerfile")
    decoder.feed(data)
    decoder.close()
    return decoder


@pytest.mark.parametrize(
    "block",
    [
        header(size=base_256(-1)),
        header(size=base_256(-(1 << 90))),
        header(size=base_256(1 << 80)),
        header(size=b"-0000000001\0"),
        header(size=b"999999999999"),
        header(mode=b"garbage\0"),
        header()[:148] + b"000000\0 " + header()[156:],
        b"\xff" * 512,
        b"FROM alpine\n" * 43,
        header(flag=b"x", size=1 << 21),
        header(flag=b"L", size=4 << 30),
        header(flag=b"x", size=base_256(-5)),
        header(flag=b"x", size=11) + b"not records".ljust(512, b"\0"),
        header(flag=b"x", size=12) + b"99999999 a=b".ljust(512, b"\0"),
        header(flag=b"x", size=8) + b"8 size=\n".ljust(512, b"\0")[:512] + header(size=base_256(-1)),
        header(flag=b"x", size=14) + b"14 size=-0001\n".ljust(512, b"\0") + header(),
        header(flag=b"x", size=13) + b"13 uid=9x999\n".ljust(512, b"\0") + header(),
        header(flag=b"S", size=5),
        bytes(512) + header(),
    ],
)
def test_what_go_refuses_ends_the_decoding_with_a_gap(block: bytes) -> None:
    decoder = decode(header("before") + block.ljust(4096, b"\0"))
    assert decoder.entries[0].name == "before"
    assert len(decoder.gaps) == 1
    assert decoder.gaps[0].where.startswith("tar entry 2 at byte ")
    decoder.feed(header("later"))
    assert len(decoder.gaps) == 1


def test_a_negative_number_that_go_allows() -> None:
    [entry] = decode(header(uid=b"\xff" * 7 + b"\xfe", mtime=base_256(-5))).entries
    assert (entry.uid, entry.mtime_ns) == (-2, -5 * 10**9)


def test_eight_exbibytes_are_only_counted() -> None:
    decoder = TarDecoder()
    decoder.feed(header(size=base_256((1 << 63) - 1)))
    for _ in range(100):
        decoder.feed(bytes(10000))
    decoder.close()
    [entry] = decoder.entries
    assert (entry.size, entry.content_source, entry.content) == ((1 << 63) - 1, ContentSource.TRUNCATED, None)
    assert not decoder.complete


def test_signed_checksums_of_old_archivers() -> None:
    block = bytearray(header("ä"))
    others = block[:148] + block[156:]
    block[148:156] = b"%06o\0 " % (sum(b - 256 if b > 127 else b for b in others) + 256)
    assert decode(bytes(block)).entries[0].name == "ä"


def test_a_prefix_in_a_gnu_header_by_old_go_programs() -> None:
    def with_prefix(prefix: bytes) -> bytes:
        block = bytearray(header("a"))
        block[345 : 345 + len(prefix)] = prefix
        block[148:156] = b" " * 8
        block[148:156] = b"%06o\0 " % sum(block)
        return bytes(block)

    assert decode(with_prefix(b"pre")).entries[0].name == "pre/a"
    assert decode(with_prefix(b"14524451000\0" * 2)).entries[0].name == "a", "these are times"


def test_extensions_that_follow_each_other() -> None:
    record = header(flag=b"x", size=11) + b"11 path=abc\n"[:11].ljust(512, b"\0")
    long_name = header(flag=b"L", size=5) + b"long\0".ljust(512, b"\0")
    good = header(flag=b"x", size=12) + b"12 path=abc\n".ljust(512, b"\0")
    assert decode(good + long_name + good + header()).entries[0].name == "long"
    assert decode(good * 3 + header()).entries[0].name == "abc"
    assert not decode(record + header()).complete
    assert not decode(good).complete


def test_memory_does_not_grow_with_contents_or_extensions() -> None:
    decoder = TarDecoder(capture="Dockerfile")
    piece = bytes(1 << 20)
    long_name = header(flag=b"L", size=1 << 20) + b"n" * (1 << 20)
    tracemalloc.start()
    try:
        decoder.feed(header("Dockerfile", size=200 << 20))
        for _ in range(200):
            decoder.feed(piece)
        for _ in range(20):
            decoder.feed(long_name)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


BLOCKS = st.one_of(
    st.builds(
        header,
        st.sampled_from(["a", "Dockerfile", "d/", "../x"]),
        st.sampled_from([bytes([flag]) for flag in b"01234567xgLKSXV\0 \xff"]),
        st.integers(0, 3000)
        | st.binary(min_size=12, max_size=12)
        | st.integers(-(1 << 90), 1 << 90).map(base_256),
    ),
    st.just(bytes(512)),
    st.binary(max_size=1200),
    st.sampled_from(
        [
            b"12 path=abc\n",
            b"22 GNU.sparse.major=1\n",
            b"22 GNU.sparse.size=99\n",
            b"25 GNU.sparse.map=0,2,4,2\n",
            b"1\n0\n5\n",
        ]
    ).map(lambda text: text.ljust(512, b"\0")),
)


@given(st.lists(BLOCKS, max_size=12).map(b"".join), st.lists(st.integers(1, 1500), min_size=1, max_size=4))
@example(header(flag=b"x", size=0) + header(), [512])
def test_nothing_raises_and_cutting_changes_nothing(cut: Cut, data: bytes, sizes: list[int]) -> None:
    whole = decode(data)
    pieces = TarDecoder(header_sum=lambda entry: entry.name_bytes, capture="Dockerfile")
    for piece in cut(data, sizes):
        pieces.feed(piece)
    pieces.close()
    assert pieces.entries == whole.entries
    assert pieces.gaps == whole.gaps
    assert pieces.captured == whole.captured
