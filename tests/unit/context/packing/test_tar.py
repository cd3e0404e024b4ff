"""What is in a canonical tar, read with the standard library and held against what docs/pack.md says."""

import io
import os
import socket
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from layerfork.context.packing.plan import plan_directory, plan_with_text
from layerfork.context.packing.stream import PIECE_BYTES, tar_pieces
from layerfork.errors import LayerforkError, UsageError

THE_TIME = 318_211_200  # date -u -d 1980-02-01 +%s


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "context").mkdir()
    (tmp_path / "context" / "Dockerfile").write_text("FROM alpine\n")
    return tmp_path / "context"


def pack(root: Path, dockerfile: Path | None = None, notes: list[str] | None = None) -> bytes:
    say = (lambda line: None) if notes is None else notes.append
    return joined(tar_pieces(plan_directory(root, dockerfile), say))


def joined(pieces: Iterator[memoryview]) -> bytes:
    """All pieces; each is good until the next."""
    return b"".join([bytes(piece) for piece in pieces])


def members(data: bytes) -> list[tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return tar.getmembers()


def names(data: bytes) -> list[str]:
    return [member.name + "/" * member.isdir() for member in members(data)]


def content(data: bytes, name: str) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        found = tar.extractfile(name)
        assert found is not None
        return found.read()


def test_what_machines_differ_in_is_gone(root: Path) -> None:
    (root / "run.sh").write_text("echo\n")
    (root / "run.sh").chmod(0o775)
    (root / "notes").write_text("x\n")
    (root / "notes").chmod(0o664)
    (root / "src").mkdir(mode=0o2775)
    (root / "src").chmod(0o2775)
    (root / "link").symlink_to("nowhere")
    if os.getuid() == 0:
        os.chown(root / "notes", 1000, 1001)

    packed = members(pack(root))

    assert [(each.name, each.mode, each.type, each.linkname) for each in packed] == [
        ("Dockerfile", 0o644, tarfile.REGTYPE, ""),
        ("link", 0o777, tarfile.SYMTYPE, "nowhere"),
        ("notes", 0o644, tarfile.REGTYPE, ""),
        ("run.sh", 0o755, tarfile.REGTYPE, ""),
        ("src", 0o755, tarfile.DIRTYPE, ""),
    ]
    for each in packed:
        assert (each.uid, each.gid, each.uname, each.gname) == (0, 0, "", "")
        assert each.mtime == THE_TIME
        assert not each.pax_headers


def test_only_the_owners_bit_makes_a_program(root: Path) -> None:
    (root / "a").write_text("")
    (root / "a").chmod(0o654)
    (root / "b").write_text("")
    (root / "b").chmod(0o700)

    modes = {each.name: each.mode for each in members(pack(root))}

    assert (modes["a"], modes["b"]) == (0o644, 0o755)


def test_two_trees_made_differently_give_the_same_bytes(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    umask = os.umask(0o022)
    try:
        for root, mask, order in ((one, 0o022, 1), (two, 0o077, -1)):
            os.umask(mask)
            (root / "src" / "deep").mkdir(parents=True)
            for number in range(30)[::order]:
                (root / "src" / f"f{number}").write_text(f"{number}\n")
            (root / "src" / "deep" / "tool").write_text("#!/bin/sh\n")
            (root / "src" / "deep" / "tool").chmod(0o777 & ~mask)
            (root / "Dockerfile").write_text("FROM alpine\nCOPY src /src\n")
    finally:
        os.umask(umask)
    for path in two.rglob("*"):
        os.utime(path, (1, 1))
        if os.getuid() == 0:
            os.chown(path, 1234, 4321)

    assert pack(one) == pack(two)


def test_order_is_that_of_bytes_and_directories_stand_before_what_they_hold(root: Path) -> None:
    for name in ("b/x", "b.x", "b-x", "B", "\u00e4", "~"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("")

    assert names(pack(root)) == ["B", "Dockerfile", "b/", "b/x", "b-x", "b.x", "~", "\u00e4"]


def test_ignore_rules_are_dockers(root: Path) -> None:
    for name in ("node_modules/a/b.js", "src/keep.md", "src/drop.md", "src/a.txt", "docs/x/y", "docs/z"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    (root / ".dockerignore").write_text("# nothing\n/node_modules\n**/*.md\n!src/keep.md\ndocs\n!docs/x\n")

    # A directory that is left out has no entry, also where something below it is kept, as in docker's tar.
    assert names(pack(root)) == [
        ".dockerignore",
        "Dockerfile",
        "docs/x/",
        "docs/x/y",
        "src/",
        "src/a.txt",
        "src/keep.md",
    ]


def test_dockerfile_and_ignore_file_are_packed_though_they_are_ignored(root: Path) -> None:
    (root / "a" / "b" / "c").mkdir(parents=True)
    (root / "a" / "b" / "c" / "prod").write_text("FROM alpine\n")
    (root / "a" / "b" / "c" / "other").write_text("")
    (root / ".dockerignore").write_text("**/b\nDockerfile\n.dockerignore\n")

    assert names(pack(root)) == [".dockerignore", "Dockerfile", "a/"]
    assert names(pack(root, root / "a/b/c/prod")) == [".dockerignore", "a/", "a/b/c/prod"]


def test_the_dockerfiles_own_ignore_file_wins(root: Path) -> None:
    (root / "x").write_text("")
    (root / "y").write_text("")
    (root / ".dockerignore").write_text("x\n")
    (root / "Dockerfile.dockerignore").write_text("y\n")

    assert names(pack(root)) == [".dockerignore", "Dockerfile", "Dockerfile.dockerignore", "x"]


def test_a_malformed_pattern_is_refused(root: Path) -> None:
    (root / "x").write_text("")
    (root / ".dockerignore").write_text("a[\n")

    with pytest.raises(UsageError):
        pack(root)


def test_a_dockerfile_outside_is_packed_as_dockerfile(root: Path) -> None:
    (root.parent / "prod.dockerfile").write_text("FROM scratch\n")
    notes: list[str] = []

    data = pack(root, root.parent / "prod.dockerfile", notes)

    assert names(data) == ["Dockerfile"]
    assert content(data, "Dockerfile") == b"FROM scratch\n"
    assert notes == [
        "Dockerfile of the context is left out: the Dockerfile from elsewhere has its name",
    ]


def test_a_dockerfile_that_is_a_link_out_of_the_context_is_packed_with_its_text(root: Path) -> None:
    (root / "Dockerfile").unlink()
    (root.parent / "common").write_text("FROM scratch\n")
    (root / "Dockerfile").symlink_to("../common")

    data = pack(root)

    assert [(each.name, each.type) for each in members(data)] == [("Dockerfile", tarfile.REGTYPE)]
    assert content(data, "Dockerfile") == b"FROM scratch\n"


def test_a_dockerfile_that_is_a_link_inside_is_packed_with_its_target(root: Path) -> None:
    (root / "Dockerfile").rename(root / "real")
    (root / "Dockerfile").symlink_to("real")
    (root / ".dockerignore").write_text("*\n")

    assert names(pack(root)) == [".dockerignore", "Dockerfile", "real"]


def test_a_text_can_be_the_dockerfile_of_an_empty_directory(tmp_path: Path) -> None:
    data = joined(tar_pieces(plan_with_text(tmp_path, b"FROM scratch\n"), print))

    assert names(data) == ["Dockerfile"]


@pytest.mark.parametrize("name", ["", "missing"])
def test_without_a_dockerfile_there_is_nothing_to_pack(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="there is no Dockerfile"):
        plan_directory(tmp_path, tmp_path / name if name else None)


def test_dockerfile_may_be_written_small(root: Path) -> None:
    (root / "Dockerfile").rename(root / "dockerfile")
    (root / ".dockerignore").write_text("*\n")

    assert names(pack(root)) == [".dockerignore", "dockerfile"]


def test_second_names_of_a_file_are_files(root: Path) -> None:
    (root / "one").write_text("same\n")
    (root / "two").hardlink_to(root / "one")

    data = pack(root)

    assert [each.type for each in members(data)] == [tarfile.REGTYPE] * 3
    assert content(data, "one") == content(data, "two") == b"same\n"


def test_links_are_never_followed(root: Path) -> None:
    (root / "loop").symlink_to("loop")
    (root / "up").symlink_to("..")

    assert names(pack(root)) == ["Dockerfile", "loop", "up"]


def test_fifos_are_packed_and_not_opened_and_sockets_are_left_out(root: Path) -> None:
    os.mkfifo(root / "fifo", 0o600)
    notes: list[str] = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.fspath(root / "socket"))
        packed = members(pack(root, None, notes))

    assert [(each.name, each.type, each.mode) for each in packed] == [
        ("Dockerfile", tarfile.REGTYPE, 0o644),
        ("fifo", tarfile.FIFOTYPE, 0o644),
    ]
    assert notes == ["socket is left out: a tar cannot have sockets"]


@pytest.mark.skipif(os.getuid() != 0, reason="devices are made by root")
def test_devices_keep_their_numbers(root: Path) -> None:
    try:
        os.mknod(root / "null", 0o600 | stat.S_IFCHR, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("devices cannot be made here")

    device = members(pack(root))[1]

    assert (device.type, device.devmajor, device.devminor, device.mode) == (tarfile.CHRTYPE, 1, 3, 0o644)


def test_setuid_is_lost_and_that_is_said(root: Path) -> None:
    (root / "su").write_text("")
    (root / "su").chmod(0o4755)
    notes: list[str] = []

    assert members(pack(root, None, notes))[1].mode == 0o755
    assert notes == ["su is packed without its setuid, setgid or sticky bit"]


def test_names_that_are_not_utf8_are_packed_byte_for_byte(root: Path) -> None:
    with open(os.fsencode(root) + b"/bad\xff", "wb"):  # noqa: PTH123 - a Path would do the same
        pass

    assert b"bad\xff\0" in pack(root)


@pytest.mark.parametrize("length", [99, 100, 101, 255])
def test_long_names_and_targets(root: Path, length: int) -> None:
    (root / ("n" * length)).write_text("x\n")
    (root / "to").symlink_to("t" * length)
    (root / ("d" * length)).mkdir()

    data = pack(root)

    assert names(data) == ["Dockerfile", "d" * length + "/", "n" * length, "to"]
    assert members(data)[3].linkname == "t" * length
    assert content(data, "n" * length) == b"x\n"


@pytest.mark.parametrize("name", ["A" * 120, "BZhelper.java"])
def test_a_tar_never_begins_with_what_is_taken_for_something_else(root: Path, name: str) -> None:
    """The docker CLI takes an extended header for a Dockerfile's text, and BZh for bzip2."""
    (root / name).write_text("x\n")

    data = pack(root)

    assert data[:512].startswith(b"./\0")
    assert data[156:157] == b"5"
    assert [each.name for each in members(data)] == [".", name, "Dockerfile"]


def test_sizes_beyond_eight_gigabytes(root: Path) -> None:
    with (root / "huge").open("wb") as file:
        file.truncate(8 * 1024**3)
    pieces = tar_pieces(plan_directory(root), print)
    beginning = b"".join([bytes(next(pieces)) for _ in range(2)])
    with tarfile.open(fileobj=io.BytesIO(beginning), mode="r|") as tar:
        tar.next()
        huge = tar.next()

    assert huge is not None
    assert (huge.name, huge.size) == ("huge", 8 * 1024**3)


@pytest.mark.parametrize("around", [PIECE_BYTES, 2 * PIECE_BYTES, PIECE_BYTES - 1024, 5120])
def test_contents_of_every_size_are_whole(root: Path, around: int) -> None:
    contents = {
        f"f{size}": os.urandom(size) for size in (*range(around - 514, around + 2, 57), 0, 1, 511, 512, 513)
    }
    for name, content_ in contents.items():
        (root / name).write_bytes(content_)

    data = pack(root)

    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        read = {each.name: file.read() for each in tar if (file := tar.extractfile(each)) is not None}
    assert read.pop("Dockerfile") == b"FROM alpine\n"
    assert read == contents


@pytest.mark.parametrize("size", [0, 100, 512, 1000, 1024, 3196])
def test_a_content_may_lie_anywhere_in_a_piece(root: Path, size: int) -> None:
    (root / "b").write_bytes(os.urandom(size))
    for before in range(PIECE_BYTES - 6 * 1024, PIECE_BYTES + 1024, 512):
        (root / "a").write_bytes(bytes(before))

        data = pack(root)

        assert content(data, "b") == (root / "b").read_bytes(), before


def test_a_dockerfile_of_many_pieces_from_elsewhere_is_whole(root: Path) -> None:
    text = b"# comment\n" * 100_000

    data = joined(tar_pieces(plan_with_text(root, text), lambda line: None))

    assert content(data, "Dockerfile") == text


def test_what_ends_early_ends_within_a_block(root: Path) -> None:
    for number in range(40):
        (root / f"f{number:02}").write_bytes(b"x" * 512 * number * 30)
    sizes = [len(piece) for piece in tar_pieces(plan_directory(root), print)]

    ends = [sum(sizes[: count + 1]) for count in range(len(sizes))]

    assert len(ends) > 10
    assert ends[0] < 512
    assert {end % 512 for end in ends[:-1]} == {256}
    assert ends[-1] % 10240 == 0


@pytest.mark.parametrize(("name", "mode"), [("secret", 0), ("locked", 0), ("locked", 0o444)])
def test_what_cannot_be_read_is_an_error(
    root: Path, name: str, mode: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "locked").mkdir()
    (root / "locked" / "inside").write_text("")
    (root / "secret").write_text("")
    for each in ("secret", "locked"):
        (root / each).chmod(mode if each == name else 0o755)
    root.chmod(0o755)
    monkeypatch.chdir(root)
    me = os.geteuid()
    os.seteuid(me or 65534)  # root may read everything
    try:
        with pytest.raises(
            LayerforkError, match=f"{name}/? of the context cannot be read: Permission denied"
        ):
            pack(Path())
    finally:
        os.seteuid(me)


@pytest.mark.parametrize(
    ("size", "later", "reason"),
    [(3 << 20, 4 << 20, "grew beyond"), (3 << 20, 1 << 20, "lost some of its 3145728 bytes")],
)
def test_a_file_that_changes_its_size_ends_the_tar(root: Path, size: int, later: int, reason: str) -> None:
    (root / "log").write_bytes(bytes(size))
    pieces = tar_pieces(plan_directory(root), print)
    data = bytes(next(pieces))
    os.truncate(root / "log", later)

    with pytest.raises(LayerforkError, match=f"log changed while it was packed: .*{reason}"):
        data += joined(pieces)

    assert len(data) % 512


def test_a_file_that_is_written_to_meanwhile_ends_the_tar(root: Path) -> None:
    (root / "log").write_bytes(bytes(3 << 20))
    pieces = tar_pieces(plan_directory(root), print)
    next(pieces)
    with (root / "log").open("r+b") as file:
        file.write(b"other")
    os.utime(root / "log", (2, 2))

    with pytest.raises(LayerforkError, match="it was written to"):
        list(pieces)


def test_the_tar_itself_is_left_out(root: Path) -> None:
    (root / "context.tar").write_text("an older one")
    status = (root / "context.tar").stat()
    notes: list[str] = []

    pieces = tar_pieces(plan_directory(root), notes.append, ((status.st_dev, status.st_ino),))

    assert names(joined(pieces)) == ["Dockerfile"]
    assert notes == ["context.tar is left out: it is the tar itself"]


def test_no_descriptor_is_left_when_reading_stops(root: Path) -> None:
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "big").write_bytes(bytes(3 << 20))
    before = os.listdir("/proc/self/fd")  # noqa: PTH208 - names are all that is asked
    pieces: Iterator[memoryview] = tar_pieces(plan_directory(root), print)
    next(pieces)
    assert len(os.listdir("/proc/self/fd")) > len(before)  # noqa: PTH208
    del pieces

    assert len(os.listdir("/proc/self/fd")) == len(before)  # noqa: PTH208
