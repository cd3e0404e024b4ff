import io
import tarfile
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerfork.context.tarball import RECORD, write_tar
from layerfork.record.context import ContextEntry, EntryType

names = st.text(st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1, max_size=130)


def written(entries: Iterable[ContextEntry], content: bytes = b"") -> bytes:
    out = io.BytesIO()
    write_tar(entries, lambda _: [content], out)
    return out.getvalue()


@given(
    name=names,
    mode=st.integers(0, 0o177777),
    uid=st.integers(0, 2**32),
    mtime_ns=st.integers(-(10**18), 10**20),
    content=st.binary(max_size=1100),
    xattr=st.binary(max_size=40),
)
def test_the_standard_library_reads_back_every_field(
    name: str, mode: int, uid: int, mtime_ns: int, content: bytes, xattr: bytes
) -> None:
    entry = ContextEntry(
        name="x" + name,
        type=EntryType.FILE,
        mode=mode,
        uid=uid,
        gid=7,
        uname="me",
        size=len(content),
        mtime_ns=mtime_ns,
        xattrs=(("user.a", xattr),),
    )
    archive = written([entry], content)
    assert len(archive) % RECORD == 0
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        (member,) = tar.getmembers()
        stream = tar.extractfile(member)
        assert stream is not None
        assert stream.read() == content
    assert (member.name, member.mode, member.uid, member.gid) == (entry.name, mode, uid, 7)
    assert member.uname == "me"
    assert member.mtime == pytest.approx(mtime_ns / 10**9)
    value = member.pax_headers["SCHILY.xattr.user.a"]
    assert value.encode("utf-8", "surrogateescape") == xattr


def test_links_and_directories_have_no_content() -> None:
    entries = (
        ContextEntry(name="d/", type=EntryType.DIRECTORY, mode=0o40755, size=4096),
        ContextEntry(name="d/l", type=EntryType.SYMLINK, mode=0o777, linkname="x" * 200),
        ContextEntry(name="s", type=EntryType.SOCKET, mode=0o777),
    )
    archive = written(entries, b"never written")
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        directory, link = tar.getmembers()
    assert directory.isdir()
    assert link.linkname == "x" * 200


def test_names_keep_their_bytes() -> None:
    entry = ContextEntry(name="\\xe9", raw_name=b"\xe9", type=EntryType.FILE, mode=0o644)
    assert written([entry])[:2] == b"\xe9\0"


def test_a_wrong_size_is_refused() -> None:
    with pytest.raises(ValueError, match="a has 3 bytes, its header says 2"):
        written([ContextEntry(name="a", type=EntryType.FILE, mode=0, size=2)], b"abc")
