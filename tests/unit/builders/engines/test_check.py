"""`layerfork engines check`: every file of a fetched engine against its checksum."""

import hashlib
from pathlib import Path

import pytest

from layerfork.app.machine import check_engines
from layerfork.builders.debian.roots import root_path
from layerfork.builders.suites import SUITES
from layerfork.record.machine import Fetched


def test_a_changed_file_is_named_and_what_is_not_fetched_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    root = root_path(SUITES[0].docker)
    root.mkdir(parents=True)
    program = root / "dockerd"
    program.write_bytes(b"program")
    found, digest = program.stat(), hashlib.sha256(b"program").hexdigest()
    (root / "FILES").write_text(f"{found.st_size} {found.st_mtime_ns} {digest} dockerd\n")
    (root / "DEBS").write_text("00  docker.io_26.1.5_amd64.deb\n")
    told: list[Fetched] = []
    assert check_engines((), told.append)
    assert {row.error for row in told} == {""}
    program.write_bytes(b"another")
    told.clear()
    assert not check_engines(("26.1", "28.5"), told.append)
    changed, missing = told
    assert "dockerd was changed" in changed.error
    assert "layerfork engines get private:28.5" in missing.error
