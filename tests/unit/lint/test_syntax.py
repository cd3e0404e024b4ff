"""The tables of the HCL parser: made once, kept where no other user can write, and never needed."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from layerfork.userdirs import is_ours_alone

READ = """
from layerfork.lint.syntax import read_hcl
print([(kind, name) for kind, name, _ in read_hcl('target "a" {}')])
"""


def start(cache: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    return subprocess.Popen([sys.executable, "-c", READ], env=environment, stdout=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen[str]) -> None:
    shown, _ = process.communicate(timeout=120)
    assert (shown.strip(), process.returncode) == ("[('target', 'a')]", 0)


def test_tables_are_made_once_and_a_damaged_file_is_made_again(tmp_path: Path) -> None:
    for process in [start(tmp_path), start(tmp_path)]:  # both at once
        ended(process)
    tables = tmp_path / "layerfork" / "hcl" / "tables"
    made = tables.stat()
    ended(start(tmp_path))
    assert tables.stat().st_mtime_ns == made.st_mtime_ns
    assert stat.S_IMODE(tables.parent.stat().st_mode) == 0o700
    tables.write_bytes(tables.read_bytes()[:1000])
    ended(start(tmp_path))
    assert tables.stat().st_size > 1000


def test_a_place_where_others_can_write_is_not_used(tmp_path: Path) -> None:
    """Tables are a pickle: whoever writes them decides what runs."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    ended(start(shared))
    assert not list(shared.rglob("tables"))


def test_a_cache_directory_that_cannot_be_made_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "layerfork").write_text("a file")
    ended(start(tmp_path))


@pytest.mark.parametrize(
    ("mode", "below", "expected"),
    [(0o755, "", True), (0o775, "", False), (0o777, "", False), (0o1777, "", False), (0o1777, "own", True)],
)
def test_who_can_write(mode: int, below: str, expected: bool, tmp_path: Path) -> None:
    directory = tmp_path / "directory"
    own = directory / below
    own.mkdir(parents=True)
    directory.chmod(mode)
    assert is_ours_alone(own) is expected
    assert is_ours_alone(own / "not" / "there") is expected


def test_a_link_counts_as_what_it_leads_to(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    (tmp_path / "link").symlink_to(shared)
    assert not is_ours_alone(tmp_path / "link")
