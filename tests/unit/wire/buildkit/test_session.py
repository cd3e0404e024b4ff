"""Sessions: directory transfers in every shape, uploads, and calls whose payload must not be kept."""

import gc
import io
import tarfile
from collections.abc import Callable
from hashlib import sha256
from types import FunctionType
from typing import Any

import pytest

from layerfork.record.context import ContentSource, EntryType, Transport
from layerfork.wire.buildkit import control_pb2 as control
from layerfork.wire.buildkit import ops_pb2 as ops
from layerfork.wire.buildkit.session import MAX_KEPT_BYTES

Watched = Any
Talk = Any

SYNC = "moby.filesync.v1.FileSync/DiffCopy"
PULL = "moby.upload.v1.Upload/Pull"
DIRECTORY, SYMLINK, DEVICE, PIPE, CHAR = 1 << 31, 1 << 27, 1 << 26, 1 << 25, 1 << 21


def stat(path: bytes, mode: int = 0o644, **rest: Any) -> control.Packet:
    return control.Packet(stat=control.Stat(path=path, mode=mode, **rest))


def data(identifier: int, content: bytes = b"") -> control.Packet:
    return control.Packet(type=2, id=identifier, data=content)


FIN = control.Packet(type=3)


def source(identifier: str, **attrs: str) -> bytes:
    pairs = [
        ops.Pair(key=key.replace("_", ".").encode(), value=value.encode()) for key, value in attrs.items()
    ]
    return ops.Op(source=ops.SourceOp(identifier=identifier.encode(), attrs=pairs)).SerializeToString()


def solve(watched: Watched, session: str, *sources: bytes, attrs: dict[str, str] | None = None) -> None:
    """A build that solves a definition made of these sources."""
    talk = watched.control()
    request = control.SolveRequest(
        ref=b"ref",
        session=session.encode(),
        definition=ops.Definition(ops=sources),
        frontend_attrs=[
            ops.Pair(key=key.encode(), value=value.encode()) for key, value in (attrs or {}).items()
        ],
        frontend=b"" if sources else b"dockerfile.v0",
    )
    talk.whole("moby.buildkit.v1.Control/Solve", request, control.SolveResponse())


def sync(talk: Talk, *packets: control.Packet, name: str = "context", status: int = 0) -> None:
    number = talk.call(SYNC, ("dir-name", name))
    for packet in packets:
        talk.response(number, packet)
    talk.end(number, status)


def test_a_transfer_is_found_by_the_paths_and_patterns_of_its_source(watched: Watched) -> None:
    talk = watched.session("s1")
    for name, followed in (("context", ".dockerignore"), ("context", "src"), ("extra", "src")):
        number = talk.call(SYNC, ("dir-name", name), ("followpaths", followed), ("exclude-patterns", "*.log"))
        talk.response(number, stat(f"{name}-{followed}".encode()))
        talk.response(number, b"")
        talk.end(number)
    wanted = source("local://context", local_followpaths='["src"]', local_excludepatterns='["*.log"]')
    solve(watched, "s1", wanted)
    (parts,) = watched.parts()

    assert parts.context is not None
    assert [entry.name for entry in parts.context.entries] == ["context-src"]
    assert parts.context.followed_paths == ("src",)
    assert parts.context.excludes == ("*.log",)


def test_a_source_may_name_the_session_of_another_build(watched: Watched) -> None:
    sync(watched.session("shared"), stat(b"there"), control.Packet(), FIN)
    sync(watched.session("own"), stat(b"here"), control.Packet(), FIN)
    solve(watched, "own", source("local://context", local_session="shared"))
    (parts,) = watched.parts()

    assert [entry.name for entry in parts.context.entries] == ["there"]


def test_patterns_that_are_not_ascii_are_decoded(watched: Watched) -> None:
    talk = watched.session("s")
    number = talk.call(
        SYNC, ("dir-name", "context"), ("exclude-patterns", "%C3%BC+x"), ("exclude-patterns-encoded", "1")
    )
    talk.response(number, b"")
    talk.end(number)
    solve(watched, "s", source("local://context", local_excludepatterns='["ü x"]'))
    (parts,) = watched.parts()

    assert parts.context.excludes == ("ü x",)


def test_contents_arrive_in_pieces_and_interleaved(watched: Watched) -> None:
    big = bytes(range(256)) * 300
    sync(
        watched.session("s"),
        stat(b"big", size=len(big)),
        stat(b"dir", DIRECTORY | 0o755),
        stat(b"small", size=3),
        data(0, big[:40000]),
        stat(b"later", size=9),
        control.Packet(),
        data(2, b"abc"),
        data(0, big[40000:]),
        data(2),
        data(0),
        FIN,
    )
    solve(watched, "s", source("local://context"))
    (parts,) = watched.parts()
    entries = {entry.name: entry for entry in parts.context.entries}

    assert entries["big"].content == "sha256:" + sha256(big).hexdigest()
    assert entries["small"].content == "sha256:" + sha256(b"abc").hexdigest()
    assert entries["later"].content_source is ContentSource.NOT_SENT
    assert entries["dir"].type is EntryType.DIRECTORY
    assert parts.context.complete
    assert parts.gaps == ()


def test_devices_and_pipes_keep_their_numbers(watched: Watched) -> None:
    sync(
        watched.session("s"),
        stat(b"null", DEVICE | CHAR | 0o666, devmajor=1, devminor=3),
        stat(b"disk", DEVICE | 0o660, devmajor=8),
        stat(b"pipe", PIPE | 0o600),
        stat(b"odd", 1 << 19),
        control.Packet(),
    )
    solve(watched, "s", source("local://context"))
    (parts,) = watched.parts()
    kinds = {entry.name: (entry.type, entry.devmajor, entry.devminor) for entry in parts.context.entries}

    assert kinds == {
        "null": (EntryType.CHAR_DEVICE, 1, 3),
        "disk": (EntryType.BLOCK_DEVICE, 8, 0),
        "pipe": (EntryType.FIFO, 0, 0),
        "odd": (EntryType.OTHER, 0, 0),
    }


def test_an_unusual_encoding_means_the_same(watched: Watched) -> None:
    talk = watched.session("s")
    number = talk.call(SYNC, ("dir-name", "context"))
    talk.response(number, b"\x08\x00" + stat(b"first").SerializeToString())
    talk.response(number, b"\x08\x00")
    talk.response(number, b"\x22\x03abc\x08\x02")  # the data before the type
    talk.response(number, b"\x08\x02\x22\x00")  # empty data, written out
    talk.end(number)
    solve(watched, "s", source("local://context"))
    (parts,) = watched.parts()

    (entry,) = parts.context.entries
    assert entry.content == "sha256:" + sha256(b"abc").hexdigest()
    assert parts.context.complete


def test_a_transfer_that_fails_is_incomplete_and_says_why(watched: Watched) -> None:
    sync(watched.session("s"), stat(b"a"), data(0, b"x"), control.Packet(type=4, data=b"disk full"), status=2)
    solve(watched, "s", source("local://context"))
    (parts,) = watched.parts()

    assert parts.context.entries[0].content_source is ContentSource.TRUNCATED
    assert not parts.context.complete
    assert [(gap.where, gap.what) for gap in parts.gaps] == [("file sync of context", "disk full")]


def test_a_transfer_that_is_cut_is_incomplete(watched: Watched) -> None:
    talk = watched.session("s")
    number = talk.call(SYNC, ("dir-name", "context"))
    talk.response(number, stat(b"a", size=100))
    talk.response(number, data(0, b"part"))
    talk.close()
    solve(watched, "s", source("local://context"))
    (parts,) = watched.parts()

    assert parts.context.entries[0].content_source is ContentSource.TRUNCATED
    assert not parts.context.complete
    assert parts.gaps


@pytest.mark.parametrize("packet", [b"\x08\x09", b"\x08\x02\x18\xff", b"\xff\xff\xff", b"\x08\x02\x22\x05ab"])
def test_packets_that_are_none_end_the_transfer_with_a_gap(watched: Watched, packet: bytes) -> None:
    talk = watched.session("s")
    number = talk.call(SYNC, ("dir-name", "context"))
    talk.response(number, stat(b"before"))
    talk.response(number, packet)
    talk.response(number, stat(b"after"))
    talk.end(number)
    other = talk.call(SYNC, ("dir-name", "other"))
    talk.response(other, b"")
    talk.end(other)
    solve(watched, "s", source("local://context"), source("local://other"))
    (parts,) = watched.parts()

    assert [entry.name for entry in parts.context.entries] == ["before"]
    assert not parts.context.complete
    assert any(gap.where.endswith(SYNC) for gap in parts.gaps)
    assert parts.named_contexts[0].complete


def test_a_stat_that_is_none_is_left_out_with_a_gap(watched: Watched) -> None:
    talk = watched.session("s")
    number = talk.call(SYNC, ("dir-name", "context"))
    talk.response(number, b"\x12\xff\xff")
    talk.response(number, stat(b"good"))
    talk.response(number, b"")
    talk.end(number)
    solve(watched, "s", source("local://context"))
    (parts,) = watched.parts()

    assert [entry.name for entry in parts.context.entries] == ["good"]
    assert not parts.context.complete
    assert [gap.what for gap in parts.gaps] == ["stat 0 was not understood"]


def test_the_dockerfile_is_known_from_its_transfer_when_no_definition_holds_it(watched: Watched) -> None:
    sync(
        watched.session("s"),
        stat(b"Dockerfile", size=8),
        stat(b"Dockerfile.dockerignore", size=4),
        control.Packet(),
        data(1, b"*.md"),
        data(1),
        data(0, b"FROM sc"),
        data(0, b"ratch\n"),
        data(0),
        FIN,
        name="dockerfile",
    )
    solve(watched, "s")
    (parts,) = watched.parts()

    assert parts.request.dockerfile == "FROM scratch\n"
    assert parts.context is None


def test_a_huge_dockerfile_directory_is_not_kept(watched: Watched) -> None:
    big = bytes(MAX_KEPT_BYTES // 2)
    sync(
        watched.session("s"),
        stat(b"Dockerfile"),
        data(0, big),
        data(0, big + b"x"),
        data(0),
        name="dockerfile",
    )
    solve(watched, "s")
    (parts,) = watched.parts()

    assert parts.request.dockerfile is None


def archive(**files: bytes) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return raw.getvalue()


def upload(talk: Talk, path: str, body: bytes, status: int = 0) -> None:
    number = talk.call(PULL, ("urlpath", f"/{path}"), ("urlhost", "buildkit-session"))
    for at in range(0, len(body), 700):
        talk.response(number, control.BytesMessage(data=body[at : at + 700]))
    talk.end(number, status)


def test_an_upload_is_the_context_whose_address_it_has(watched: Watched) -> None:
    talk = watched.session("s")
    upload(talk, "main", archive(a=b"1" * 2000))
    upload(talk, "second", archive(b=b"2"))
    upload(talk, "unrelated", archive(c=b"3"))
    address = "http://buildkit-session/"
    attrs = {"context": address + "main", "context:docs": address + "second"}
    solve(watched, "s", source(address + "main"), attrs=attrs)
    (parts,) = watched.parts()

    assert parts.context.transport is Transport.TAR
    assert [(entry.name, entry.size) for entry in parts.context.entries] == [("a", 2000)]
    assert parts.context.complete
    assert [(each.name, each.entries[0].name) for each in parts.named_contexts] == [("docs", "b")]


def test_an_upload_that_is_cut_is_incomplete(watched: Watched) -> None:
    upload(watched.session("s"), "main", archive(a=b"1" * 2000)[:1500], status=1)
    solve(watched, "s", source("http://buildkit-session/main"))
    (parts,) = watched.parts()

    assert not parts.context.complete
    assert parts.context.entries[0].content_source is ContentSource.TRUNCATED
    assert parts.gaps


def test_a_remote_context_is_named_without_its_credentials(watched: Watched) -> None:
    watched.session("s")
    solve(watched, "s", attrs={"context": "https://user:planted-pass-8@host/repo.git#main"})
    (parts,) = watched.parts()

    assert parts.context.transport is Transport.REMOTE
    assert parts.context.remote.endswith("@host/repo.git#main")
    assert "planted" not in repr(parts)


SECRET = b"planted-session-secret-"
GUARDED: list[Callable[[Talk], None]] = [
    lambda talk: talk.whole(
        "moby.buildkit.secrets.v1.Secrets/GetSecret",
        control.GetSecretRequest(id=b"npm-token"),
        control.BytesMessage(data=SECRET + b"1"),
    ),
    lambda talk: talk.whole(
        "moby.filesync.v1.Auth/Credentials",
        control.BytesMessage(data=b"registry"),
        control.Packet(type=1, data=SECRET + b"2"),
    ),
    lambda talk: talk.whole(
        "moby.filesync.v1.Auth/FetchToken",
        control.BytesMessage(data=SECRET + b"3"),
        control.BytesMessage(data=SECRET + b"4"),
    ),
    lambda talk: talk.whole(
        "moby.sshforward.v1.SSH/ForwardAgent",
        control.BytesMessage(data=SECRET + b"5"),
        control.BytesMessage(data=SECRET + b"6"),
    ),
    lambda talk: talk.whole(
        "example.v1.Unknown/Call",
        control.BytesMessage(data=SECRET + b"7"),
        control.BytesMessage(data=SECRET + b"8"),
    ),
]


def test_calls_that_carry_secrets_leave_not_a_byte(watched: Watched) -> None:
    talk = watched.session("s")
    for call in GUARDED:
        call(talk)
    watched.watcher.work()
    session = watched.watcher.session("s")

    assert session.guarded == {
        "moby.buildkit.secrets.v1.Secrets/GetSecret": 1,
        "moby.filesync.v1.Auth/Credentials": 1,
        "moby.filesync.v1.Auth/FetchToken": 1,
        "moby.sshforward.v1.SSH/ForwardAgent": 1,
    }
    assert session.secret_ids == {"npm-token"}
    assert watched.watcher.skipped == {"example.v1.Unknown/Call": 1}
    kept = [value for value in everything_reachable(watched.watcher) if SECRET in value]
    assert set(kept) <= {SECRET}, "only the constant of this test"


def everything_reachable(root: object) -> list[bytes]:
    """Every bytes and str object that hangs on an object; classes, modules and globals are left out."""
    found: list[bytes] = []
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, type | type(gc)):
            continue
        seen.add(id(each))
        if isinstance(each, bytes | bytearray | memoryview):
            found.append(bytes(each))
        elif isinstance(each, str):
            found.append(each.encode(errors="surrogatepass"))
        elif isinstance(each, FunctionType):
            waiting += [each.__closure__, each.__defaults__, each.__kwdefaults__, each.__dict__]
        else:
            waiting.extend(gc.get_referents(each))
    return found
