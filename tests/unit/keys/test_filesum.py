from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from layerfork.keys.classic.tarsum import hash_strings, tarsum, tarsum_header
from layerfork.record.context import ContextEntry, EntryType

EntryOf = Callable[[dict[str, Any]], ContextEntry]
FILE = ContextEntry(name="a", type=EntryType.FILE, mode=0o644, size=1, typeflag="0")


def test_entry_digests_are_the_measured_ones(vectors: Any, entry_of: EntryOf) -> None:
    for vector in vectors["classic"]["entry_digests"]:
        digest = tarsum(entry_of(vector), [vector["data"].encode()])
        assert digest == "sha256:" + vector["sha256"], vector["name"]


def test_several_sources_are_the_measured_ones(vectors: Any, entry_of: EntryOf) -> None:
    digests = {vector["name"]: vector["sha256"] for vector in vectors["classic"]["entry_digests"]}
    multi = hash_strings("multi", [f"file:{digests[name]}" for name in ("a.txt", "b.txt")])
    assert multi in vectors["classic"]["created_by"]["COPY a.txt b.txt /m/"]


def test_header_spells_out_every_field() -> None:
    entry = ContextEntry(
        name="./l",
        type=EntryType.SYMLINK,
        typeflag="2",
        mode=0o100777,
        uid=1,
        gid=2,
        size=9,
        linkname="t",
        uname="u",
        gname="g",
        devmajor=3,
        devminor=4,
        xattrs=(("user.b", b"\xff"), ("user.a", b"x")),
    )
    assert tarsum_header(entry) == (
        b"name./lmode33279uid1gid2size0typeflag2linknametunamegnamedevmajor3devminor4user.axuser.b\xff"
    )
    assert b"unameugnameg" in tarsum_header(entry, owner_names=True)


def test_nul_type_is_a_file_or_with_a_slash_a_directory() -> None:
    old = replace(FILE, typeflag="\0")
    assert tarsum_header(old) == tarsum_header(FILE)
    assert b"typeflag5" in tarsum_header(replace(old, name="d/"))


def test_names_that_are_not_utf8_enter_as_their_bytes() -> None:
    entry = replace(FILE, name="caf\\xe9", raw_name=b"caf\xe9")
    assert tarsum_header(entry).startswith(b"namecaf\xe9mode")


@given(st.integers(), st.text(max_size=5), st.text(max_size=5))
def test_times_and_owner_names_are_no_part(mtime_ns: int, uname: str, comment: str) -> None:
    changed = replace(FILE, mtime_ns=mtime_ns, uname=uname, gname=uname, pax=(("comment", comment),))
    assert tarsum_header(changed) == tarsum_header(FILE)


@given(st.lists(st.binary(max_size=9), max_size=5))
def test_pieces_do_not_matter(pieces: list[bytes]) -> None:
    assert tarsum(FILE, pieces) == tarsum(FILE, [b"".join(pieces)])
