import io
import tarfile
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerfork.record.context import ContentSource, ContextEntry, EntryType
from layerfork.wire.tar.tarstream import TarDecoder

Cut = Callable[[bytes, Sequence[int]], Iterator[memoryview]]

SIZES = st.lists(st.integers(1, 3000) | st.sampled_from([1, 511, 512, 513, 32768]), min_size=1, max_size=6)
FORMATS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1, max_size=30)
PATHS = st.lists(NAMES, min_size=1, max_size=9).map("/".join).filter(lambda path: len(path.encode()) < 240)
KINDS = st.sampled_from(
    [tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE]
)


@st.composite
def members(draw: st.DrawFn) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(draw(st.sampled_from(["", "./", "../", "a/"])) + draw(PATHS))
    info.type = draw(KINDS)
    info.mode = draw(st.integers(0, 0o7777) | st.just(0o100644))
    info.uid, info.gid = draw(st.integers(0, 0o7777777)), draw(st.integers(0, 0o7777777))
    info.uname, info.gname = (
        draw(st.sampled_from(["", "root", "jürgen"])),
        draw(st.sampled_from(["", "wheel"])),
    )
    info.mtime = draw(st.integers(0, 0o77777777777))
    content = b""
    if info.type in (tarfile.SYMTYPE, tarfile.LNKTYPE):
        info.linkname = draw(PATHS.filter(lambda path: len(path.encode()) < 100))
    if info.type == tarfile.CHRTYPE:
        info.devmajor, info.devminor = draw(st.integers(0, 255)), draw(st.integers(0, 255))
    if info.type == tarfile.REGTYPE:
        content = draw(st.binary(max_size=60)) * draw(st.sampled_from([0, 1, 9, 40]))
    info.size = len(content)
    return info, content


def archive(members: Sequence[tuple[tarfile.TarInfo, bytes]], form: int) -> bytes:
    """What the standard library writes; members that the format cannot hold are left out."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as tar:
        for info, content in members:
            try:
                tar.addfile(info, io.BytesIO(content))
            except ValueError:
                continue
    return file.getvalue()


def decode(pieces: Iterator[memoryview] | Sequence[bytes], **options: object) -> TarDecoder:
    decoder = TarDecoder(**options)  # type: ignore[arg-type]
    for piece in pieces:
        decoder.feed(piece)
    decoder.close()
    return decoder


def as_stdlib_reads(data: bytes) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for info in tar:
            content = tar.extractfile(info).read() if info.isreg() else None  # type: ignore[union-attr]
            rows.append(
                (
                    info.name,
                    info.type,
                    info.mode,
                    info.uid,
                    info.gid,
                    info.uname,
                    info.gname,
                    info.size,
                    int(info.mtime),
                    info.linkname,
                    info.devmajor,
                    info.devminor,
                    "sha256:" + sha256(content).hexdigest() if content is not None else None,
                )
            )
    return rows


def row(entry: ContextEntry) -> tuple[object, ...]:
    name = entry.name.rstrip("/") if entry.type is EntryType.DIRECTORY else entry.name
    return (
        name,
        entry.typeflag.encode(),
        entry.mode,
        entry.uid,
        entry.gid,
        entry.uname,
        entry.gname,
        entry.size,
        entry.mtime_ns // 1_000_000_000,
        entry.linkname,
        entry.devmajor,
        entry.devminor,
        entry.content,
    )


@given(st.lists(members(), max_size=6), st.sampled_from(FORMATS), SIZES)
def test_reads_what_the_standard_library_reads(
    cut: Cut, entries: list[tuple[tarfile.TarInfo, bytes]], form: int, sizes: list[int]
) -> None:
    data = archive(entries, form)
    decoder = decode(cut(data, sizes))
    assert decoder.gaps == []
    assert [row(entry) for entry in decoder.entries] == as_stdlib_reads(data)
    assert decode([data]).entries == decoder.entries


@given(st.lists(members(), max_size=4), st.sampled_from(FORMATS), SIZES)
def test_hashes_header_bytes_before_the_content(
    cut: Cut, entries: list[tuple[tarfile.TarInfo, bytes]], form: int, sizes: list[int]
) -> None:
    def header_sum(entry: ContextEntry) -> bytes:
        return f"{entry.name} {entry.size}".encode()

    data = archive(entries, form)
    contents = []
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        contents = [tar.extractfile(info).read() if info.isreg() else b"" for info in tar]  # type: ignore[union-attr]
    decoder = decode(cut(data, sizes), header_sum=header_sum)
    for entry, content in zip(decoder.entries, contents, strict=True):
        assert entry.tarsum == "sha256:" + sha256(header_sum(entry) + content).hexdigest()


@given(st.lists(members(), min_size=1, max_size=4), st.sampled_from(FORMATS), st.data())
def test_a_cut_archive_is_incomplete_and_its_whole_entries_are_kept(
    entries: list[tuple[tarfile.TarInfo, bytes]], form: int, data: st.DataObject
) -> None:
    whole = archive(entries, form)
    at = data.draw(st.integers(0, len(whole)))
    decoder = decode([whole[:at]])
    kept = decode([whole]).entries
    cut_entries = [e for e in decoder.entries if e.content_source is not ContentSource.TRUNCATED]
    assert cut_entries == kept[: len(cut_entries)]
    assert decoder.complete or len(decoder.gaps) == 1
    if len(decoder.entries) != len(cut_entries):
        assert not decoder.complete


def one(info: tarfile.TarInfo, content: bytes = b"", form: Literal[0, 1, 2] = tarfile.GNU_FORMAT) -> bytes:
    info.size = info.size or len(content)
    header = info.tobuf(form)
    return header + content + bytes(-len(content) % 512)


def test_pax_records() -> None:
    info = tarfile.TarInfo("a")
    info.pax_headers = {
        "mtime": "1700000000.123456789123",
        "atime": "1.5",
        "comment": "hello",
        "uid": "4294967294",
        "path": "long/" * 60 + "näme",
    }
    data = one(info, b"x", tarfile.PAX_FORMAT)
    [entry] = decode([data]).entries
    assert entry.mtime_ns == 1700000000123456789
    assert entry.uid == 4294967294
    assert entry.name == "long/" * 60 + "näme"
    assert sorted(entry.pax) == [("atime", "1.5"), ("comment", "hello")]


def pax_header(records: Sequence[tuple[bytes, bytes]], flag: bytes = b"x") -> bytes:
    body = b""
    for key, value in records:
        rest = b" " + key + b"=" + value + b"\n"
        length = len(rest) + 1
        while len(str(length)) + len(rest) != length:
            length = len(str(length)) + len(rest)
        body += str(length).encode() + rest
    info = tarfile.TarInfo("pax")
    info.type = flag
    return one(info, body, tarfile.USTAR_FORMAT)


def test_xattrs_are_raw_and_sorted() -> None:
    capability = b"\x01\x00\x00\x02\n=\xff"
    data = pax_header(
        [
            (b"SCHILY.xattr.user.z", b"1"),
            (b"SCHILY.xattr.security.capability", capability),
            (b"SCHILY.xattr.user.e", b""),
        ]
    )
    [entry] = decode([data + one(tarfile.TarInfo("a"))]).entries
    assert entry.xattrs == (("security.capability", capability), ("user.e", b""), ("user.z", b"1"))


def test_negative_and_old_times() -> None:
    data = pax_header([(b"mtime", b"-1.5")]) + one(tarfile.TarInfo("a"))
    assert decode([data]).entries[0].mtime_ns == -1_500_000_000
    info = tarfile.TarInfo("b")
    info.mtime = -86400
    assert decode([one(info)]).entries[0].mtime_ns == -86400 * 10**9


def test_a_global_header_changes_no_entry() -> None:
    """Go's reader, unlike GNU tar, applies it to nothing."""
    data = pax_header([(b"comment", b"0123"), (b"uid", b"7")], b"g") + one(tarfile.TarInfo("a"))
    decoder = decode([data])
    assert decoder.global_pax == [("comment", "0123"), ("uid", "7")]
    assert [entry.uid for entry in decoder.entries] == [0]


def with_flag(block: bytes, flag: bytes) -> bytes:
    changed = bytearray(block)
    changed[156:157] = flag
    changed[148:156] = b" " * 8
    changed[148:156] = b"%06o\0 " % sum(changed[:512])
    return bytes(changed)


def test_nul_type_is_a_file_or_with_a_slash_a_directory() -> None:
    data = with_flag(one(tarfile.TarInfo("a"), b"text"), b"\0") + with_flag(one(tarfile.TarInfo("d/")), b"\0")
    a, d = decode([data]).entries
    assert (a.type, a.typeflag, a.content_source) == (EntryType.FILE, "0", ContentSource.SENT)
    assert (d.type, d.typeflag, d.content) == (EntryType.DIRECTORY, "5", None)


def test_a_name_that_is_not_utf8() -> None:
    info = tarfile.TarInfo("b\udcff")
    data = info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")
    [entry] = decode([data]).entries
    assert (entry.name, entry.raw_name, entry.name_bytes) == ("b\\xff", b"b\xff", b"b\xff")


def test_unknown_types_keep_their_content_in_step() -> None:
    data = with_flag(one(tarfile.TarInfo("v"), b"volume"), b"V") + one(tarfile.TarInfo("a"), b"text")
    volume, a = decode([data]).entries
    assert (volume.type, volume.typeflag) == (EntryType.OTHER, "V")
    assert a.content == "sha256:" + sha256(b"text").hexdigest()


def test_a_size_in_a_directory_header_is_not_content() -> None:
    info = tarfile.TarInfo("d")
    info.type, info.size = tarfile.DIRTYPE, 4096
    d, a = decode([one(info) + one(tarfile.TarInfo("a"))]).entries
    assert (d.size, a.name) == (4096, "a")


def test_junk_after_the_end_is_ignored() -> None:
    data = one(tarfile.TarInfo("a"), b"x") + bytes(1024)
    assert decode([data, b"junk" * 1000]).entries == decode([data]).entries
    assert decode([data, b"junk" * 1000]).complete


def test_an_archive_may_end_without_padding_or_end_blocks() -> None:
    whole = one(tarfile.TarInfo("a"), b"text")
    for end in (512 + 4, 600, 1024):
        decoder = decode([whole[:end]])
        assert decoder.complete
        assert len(decoder.entries) == 1


def test_duplicates_are_all_kept() -> None:
    data = one(tarfile.TarInfo("a"), b"1") + one(tarfile.TarInfo("a"), b"2")
    assert len(decode([data]).entries) == 2


@pytest.mark.parametrize("name", ["Dockerfile", "./Dockerfile", "/Dockerfile", "x/../Dockerfile"])
@pytest.mark.parametrize("size", [1, 5000])
def test_the_captured_file(name: str, size: int) -> None:
    data = one(tarfile.TarInfo("sub/Dockerfile"), b"FROM no") + one(tarfile.TarInfo(name), b"F" * size)
    assert decode([data], capture="Dockerfile").captured == b"F" * size
    assert (
        decode([data[i : i + 700] for i in range(0, len(data), 700)], capture="Dockerfile").captured
        == b"F" * size
    )


def test_of_several_captured_files_the_last_counts_and_never_more_than_a_mebibyte() -> None:
    data = one(tarfile.TarInfo("Dockerfile"), b"old") + one(tarfile.TarInfo("Dockerfile"), b"F" * (3 << 20))
    assert decode([data], capture="Dockerfile").captured == b"F" * (1 << 20)
    pieces = [data[i : i + 100_000] for i in range(0, len(data), 100_000)]
    assert decode(pieces, capture="Dockerfile").captured == b"F" * (1 << 20)


def link(name: str, target: str) -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, target
    return one(info)


def test_a_captured_link_is_followed() -> None:
    data = link("./Dockerfile", "docker/../docker/Dockerfile.prod") + one(
        tarfile.TarInfo("docker/Dockerfile.prod"), b"FROM x"
    )
    assert decode([data], capture="Dockerfile").captured == b"FROM x"
    assert (
        decode([data + one(tarfile.TarInfo("Dockerfile"), b"FROM y")], capture="Dockerfile").captured
        == b"FROM y"
    )
    loop = link("Dockerfile", "a") + link("a", "Dockerfile")
    assert decode([loop], capture="Dockerfile").captured is None


def test_the_default_name_in_lower_case() -> None:
    lower, upper = one(tarfile.TarInfo("dockerfile"), b"low"), one(tarfile.TarInfo("Dockerfile"), b"up")
    assert decode([lower], capture="Dockerfile").captured == b"low"
    assert decode([upper + lower], capture="Dockerfile").captured == b"up"
    assert decode([lower], capture="Dockerfile.dev").captured is None
