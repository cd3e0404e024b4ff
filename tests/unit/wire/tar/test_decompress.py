import bz2
import gc
import gzip
import lzma
import resource
import weakref
from collections.abc import Callable, Iterator, Sequence

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from layerfork.wire.tar import decompress
from layerfork.wire.tar.decompress import Decompressor, sniff

Cut = Callable[[bytes, Sequence[int]], Iterator[memoryview]]

WRITERS: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstandard.ZstdCompressor(write_checksum=True).compress,
}
SIZES = st.lists(st.integers(1, 3000), min_size=1, max_size=5)
CONTENTS = st.builds(
    lambda text, times: text * times, st.binary(max_size=200), st.sampled_from([1, 30, 3000])
)


def run(pieces: Iterator[memoryview] | Sequence[bytes]) -> tuple[Decompressor, bytes]:
    output = bytearray()
    decompressor = Decompressor(output.extend)
    for piece in pieces:
        decompressor.feed(piece)
    decompressor.close()
    return decompressor, bytes(output)


@pytest.mark.parametrize("compression", WRITERS)
@given(contents=st.lists(CONTENTS, min_size=1, max_size=3), sizes=SIZES)
def test_concatenated_streams_in_any_pieces(
    cut: Cut, compression: str, contents: list[bytes], sizes: list[int]
) -> None:
    contents = [b"plain", *contents]  # no content may look compressed itself
    data = b"".join(map(WRITERS[compression], contents))
    decompressor, output = run(cut(data, sizes))
    assert decompressor.error == ""
    assert output == b"".join(contents)
    assert decompressor.compression == sniff(data)


@pytest.mark.parametrize("compression", WRITERS)
def test_the_compression_is_seen_in_the_first_bytes(compression: str) -> None:
    assert sniff(WRITERS[compression](b"some text")) == compression
    assert run([WRITERS[compression](b"some text")])[0].compression == compression


def test_an_empty_or_tiny_body() -> None:
    assert run([])[0].compression == "identity"
    assert run([b"BZ"])[1] == b"BZ"


def test_zstd_after_a_skippable_frame() -> None:
    data = b"\x5a\x2a\x4d\x18\x04\0\0\0note" + WRITERS["zstd"](b"text")
    assert run([data[:3], data[3:]])[1] == b"text"


def test_xz_padding_between_streams() -> None:
    data = lzma.compress(b"a") + bytes(8) + lzma.compress(b"b") + bytes(4)
    assert run([data])[1] == b"ab"
    assert run([data])[0].error == ""


@pytest.mark.parametrize("compression", ["gzip", "bzip2", "xz", "zstd"])
def test_damaged_data(compression: str) -> None:
    data = bytearray(WRITERS[compression](bytes(range(256)) * 400))
    data[len(data) // 2 : len(data) // 2 + 40] = bytes(40)
    decompressor, _ = run([bytes(data)])
    assert decompressor.error
    length = len(run([bytes(data), b"more"])[1])
    assert length <= 256 * 400


@pytest.mark.parametrize("compression", ["gzip", "bzip2", "xz"])
def test_cut_data(compression: str) -> None:
    data = WRITERS[compression](b"text" * 1000)
    for at in range(11, len(data) - 1, 7):
        assert run([data[:at]])[0].error, at


@pytest.mark.parametrize("compression", ["gzip", "bzip2", "xz", "zstd"])
def test_bombs_pass_in_small_steps_and_are_given_up(
    compression: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decompress, "FREE_BYTES", 64 << 20)
    monkeypatch.setattr(decompress, "MAX_RATIO", 100)
    data = WRITERS[compression](bytes(128 << 20))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    largest = total = 0

    def sink(piece: bytes | memoryview) -> None:
        nonlocal largest, total
        largest = max(largest, len(piece))
        total += len(piece)

    decompressor = Decompressor(sink)
    decompressor.feed(data)
    decompressor.close()
    assert largest <= decompress.STEP_BYTES
    assert "expands" in decompressor.error
    assert total <= 64 << 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40 << 10


@given(
    st.sampled_from([b"\x1f\x8b\x08", b"BZh9", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd"]),
    st.binary(max_size=300),
    SIZES,
)
def test_garbage_never_raises(cut: Cut, magic: bytes, garbage: bytes, sizes: list[int]) -> None:
    run(cut(magic + garbage, sizes))


@pytest.mark.parametrize("damage", [b"", b"\0\0damage"])
@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstandard.compress])
def test_nothing_of_it_stays(pack: Callable[[bytes], bytes], damage: bytes) -> None:
    decompressor = Decompressor(lambda _: None)
    decompressor.feed(damage.join((pack(b"x" * 1000)[:20], pack(b"x" * 1000)[20:])))
    decompressor.close()
    left = weakref.ref(decompressor)
    del decompressor
    gc.collect()
    assert left() is None
