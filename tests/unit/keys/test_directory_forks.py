"""Every measured fork of a directory: walked, sent by a client's rules, keyed by its builder's model."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from layerfork.context.clientrules import find_rules
from layerfork.context.manifest import read_context
from layerfork.keys import keys_of
from layerfork.record.build import Builder
from layerfork.record.context import Transport
from layerfork.record.record import BuildRecord

MakeRecord = Callable[..., BuildRecord]
DOCKERFILE = "FROM base\nCOPY a.txt /a.txt\nCOPY d /d/\nCOPY . /all/\nRUN echo tail\n"
CLIENTS = {"docker_cli_classic_dir": "docker-cli", "buildkit_dir_first_transfer": "buildkit"}
CLIENTS |= {"buildah_dir": "buildah"}
CAPABILITY = bytes.fromhex("0100000200040000000000000000000000000000")


def write_baseline(root: Path) -> None:
    (root / "d" / "sub").mkdir(parents=True)
    (root / "Dockerfile").write_text(DOCKERFILE)
    (root / "a.txt").write_text("hello\n")
    (root / "d" / "x").write_text("X")
    (root / "d" / "z").write_text("Z")
    (root / "d" / "sub" / "y").write_text("Y")
    for path in sorted(root.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (1_600_000_000, 1_600_000_000))


def link_instead(root: Path) -> None:
    (root / "a.txt").rename(root / "real.txt")
    (root / "a.txt").symlink_to("real.txt")


def hardlink(root: Path) -> None:
    """A second name instead of a file of the same content."""
    (root / "d" / "z").unlink()
    (root / "d" / "z").hardlink_to(root / "d" / "x")


def twin(root: Path) -> None:
    (root / "d" / "z").write_text("X")


def write(path: str, text: str) -> Callable[[Path], Any]:
    return lambda root: (root / path).write_text(text)


def attribute(name: str, value: bytes) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        try:
            os.setxattr(root / "a.txt", name, value)
        except (OSError, AttributeError):
            pytest.skip(f"{name} cannot be set here")

    return change


def owner(path: str, uid: int, gid: int) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        try:
            os.chown(root / path, uid, gid)
        except PermissionError:
            pytest.skip("only root may give files away")

    return change


def nothing(root: Path) -> None:
    """The same directory again."""


CHANGES: dict[str, Callable[[Path], Any]] = {
    "none": nothing,
    "mtime_file": lambda root: os.utime(root / "a.txt", (1, 1)),
    "mtime_dir": lambda root: os.utime(root / "d", (1, 1)),
    "uid_gid": owner("a.txt", 4321, 4321),
    "gid_dir": owner("d", -1, 4321),
    "exec_bit": lambda root: (root / "a.txt").chmod(0o755),
    "umask_group_w": lambda root: (root / "a.txt").chmod(0o664),
    "dir_mode": lambda root: (root / "d").chmod(0o775),
    "dir_sticky": lambda root: (root / "d").chmod(0o1755),
    "xattr_user": attribute("user.note", b"n"),
    "symlink_for_file": link_instead,
    "crlf": write("a.txt", "hello\r\n"),
    "content_same_mtime_size": write("a.txt", "HELLO\n"),
    "extra_file": write("extra", "e"),
    "extra_empty_dir": lambda root: (root / "d" / "empty").mkdir(),
    "hardlink": hardlink,
    "dockerignore_added": write(".dockerignore", "nothing\n"),
    "dockerignore_self_excl": write(".dockerignore", ".dockerignore\nDockerfile\n"),
    "dockerignore_excl_d_sub": write(".dockerignore", "d/sub\n"),
    "dockerfile_comment": write("Dockerfile", DOCKERFILE + "# comment\n"),
    "broken_symlink_in_d": lambda root: (root / "d" / "broken").symlink_to("nowhere"),
    "file_named_A": write("A", "a"),
    "capability": attribute("security.capability", CAPABILITY),
}


def record_of(root: Path, make: MakeRecord, client: str) -> BuildRecord:
    manifest = read_context(root, find_rules(client)).manifest
    record = make((root / "Dockerfile").read_text())
    if client == "buildah":
        engine = record.engine and replace(record.engine, kind="podman", version="5.4.2")
        record = replace(record, builder=Builder.BUILDAH, engine=engine)
    return replace(record, context=manifest)


def first_fork(writer: BuildRecord, reader: BuildRecord) -> str | None:
    for step, mine, theirs in zip(writer.steps, keys_of(writer).steps, keys_of(reader).steps, strict=True):
        assert not mine.key.unknown
        assert not theirs.key.unknown
        if mine.key.digest != theirs.key.digest:
            return " ".join(step.instruction.split()[:2])
    return None


@pytest.mark.parametrize("measured", CLIENTS)
@pytest.mark.parametrize("name", CHANGES)
def test_directory(
    vectors: Any,
    classic_record: MakeRecord,
    buildkit_record: MakeRecord,
    tmp_path: Path,
    name: str,
    measured: str,
) -> None:
    def make(dockerfile: str) -> BuildRecord:
        if measured.startswith("buildkit"):
            return buildkit_record(dockerfile, transport=Transport.FILE_SYNC)
        return classic_record(dockerfile)

    before, after = tmp_path / "before", tmp_path / "after"
    for root in (before, after):
        write_baseline(root)
        if name == "hardlink":
            twin(root)
    CHANGES[name](after)
    records = [record_of(root, make, CLIENTS[measured]) for root in (before, after)]
    expected = vectors["forks"]["directory_changes"][name][measured]["first_step"]
    assert first_fork(*records) == expected


def test_every_measured_change_is_covered(vectors: Any) -> None:
    assert vectors["forks"]["directory_changes"].keys() == CHANGES.keys()
