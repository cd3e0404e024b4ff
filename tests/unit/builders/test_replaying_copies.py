"""A copy has everything that a client may send."""

import os
import stat
from pathlib import Path

import pytest

from layerfork.builders.replaying import copy_tree
from layerfork.errors import LayerforkError


def test_all_that_a_client_looks_at_is_copied(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "d").mkdir(parents=True)
    (source / "d" / "run.sh").write_text("#!/bin/sh\n")
    (source / "d" / "run.sh").chmod(0o4751)
    os.link(source / "d" / "run.sh", source / "again")
    (source / "link").symlink_to("d/run.sh")
    (source / "dangling").symlink_to("/nowhere")
    os.mkfifo(source / "pipe")
    (source / os.fsdecode(b"\xff")).write_bytes(b"\0")
    os.utime(source / "d" / "run.sh", ns=(1, 123456789))
    (source / "d").chmod(0o700)
    os.utime(source / "d", ns=(1, 987654321))
    if os.geteuid() == 0:
        os.chown(source / "d", 12, 34)

    copy_tree(source, target)

    assert seen(target) == seen(source)
    assert (target / "again").stat().st_ino == (target / "d" / "run.sh").stat().st_ino


def seen(root: Path) -> dict[str, object]:
    found: dict[str, object] = {}
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        content = path.read_bytes() if stat.S_ISREG(status.st_mode) else b""
        link = str(path.readlink()) if path.is_symlink() else ""
        times = 0 if path.is_symlink() else status.st_mtime_ns
        name = os.fsdecode(os.fsencode(path.relative_to(root)))
        found[name] = (status.st_mode, status.st_uid, status.st_gid, times, content, link)
    return found


def test_what_cannot_be_copied_is_named(tmp_path: Path) -> None:
    with pytest.raises(LayerforkError, match=r"cannot copy .*nowhere"):
        copy_tree(tmp_path / "nowhere", tmp_path / "target")
