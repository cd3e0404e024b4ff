"""Where settings are looked for, and the lines that errors about them name."""

from pathlib import Path

import pytest

from layerfork.errors import UsageError
from layerfork.settingsfile import find_settings

TEXT = '''\
# a comment = "no key"
engine = "private"  # another
"max-age" = "7d"
text = """
not = "a key"
[neither]
"""

[check]
allow = [
  "build-arg",  # ]
  "a = b",
]
run.timeout = 3
[clients . "a.b"]
command = 'make {tag}'
[[list]]
x = {y = 1, z = 2}
[[list]]
w = 1
'''
LINES = {
    ("engine",): 2,
    ("max-age",): 3,
    ("text",): 4,
    ("check",): 9,
    ("check", "allow"): 10,
    ("check", "run", "timeout"): 14,
    ("clients", "a.b"): 15,
    ("clients", "a.b", "command"): 16,
    ("list", "x"): 18,
    ("list", "w"): 20,
}
"""Counted by hand."""


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    (tmp_path / "repository" / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "repository")
    return tmp_path / "repository"


def test_a_place_is_the_line_of_the_key(repository: Path) -> None:
    write(repository / "layerfork.toml", TEXT)
    file = find_settings(repository)
    assert file is not None
    assert {keys: file.place(*keys) for keys in LINES} == {
        keys: f"layerfork.toml:{line}" for keys, line in LINES.items()
    }
    assert file.place("nothing") == "layerfork.toml"
    assert file.place("not") == "layerfork.toml"


def test_a_table_in_pyproject_is_read_and_its_lines_are_those_of_the_file(repository: Path) -> None:
    write(repository / "pyproject.toml", '[project]\nengine = 1\n[tool.layerfork]\nengine = "x"\n')
    file = find_settings(repository / "a")
    assert file is not None
    assert file.table == {"engine": "x"}
    assert file.place("engine") == "pyproject.toml:4"


def test_the_nearest_file_up_to_the_root_of_the_repository_counts(repository: Path) -> None:
    assert find_settings(repository / "a" / "b") is None
    write(repository.parent / "layerfork.toml", 'format = "outside"')
    assert find_settings(repository / "a" / "b") is None
    write(repository / "layerfork.toml", 'format = "root"')
    write(repository / "a" / "pyproject.toml", '[project]\nname = "layerfork"')
    found = find_settings(repository / "a" / "b")
    assert found is not None
    assert found.table == {"format": "root"}
    write(repository / "a" / "layerfork.toml", 'format = "a"')
    found = find_settings(repository / "a" / "b")
    assert found is not None
    assert found.table == {"format": "a"}


def test_outside_of_a_repository_only_the_directory_itself_is_looked_at(tmp_path: Path) -> None:
    write(tmp_path / "layerfork.toml", 'format = "above"')
    (tmp_path / "below").mkdir()
    assert find_settings(tmp_path / "below") is None
    assert find_settings(tmp_path) is not None


def test_two_files_of_one_directory_are_not_guessed_between(repository: Path) -> None:
    write(repository / "layerfork.toml", 'format = "json"')
    write(repository / "pyproject.toml", "[tool.layerfork]\n")
    with pytest.raises(UsageError, match=r"layerfork\.toml and pyproject\.toml both have settings"):
        find_settings(repository)


def test_faults_of_a_pyproject_that_does_not_name_layerfork_are_not_ours(repository: Path) -> None:
    write(repository / "pyproject.toml", "[tool\n")
    assert find_settings(repository) is None
    write(repository / "pyproject.toml", "[tool.layerfork\n")
    with pytest.raises(UsageError, match=r"cannot read .*pyproject\.toml"):
        find_settings(repository)
    write(repository / "pyproject.toml", "[tool]\nlayerfork = 1\n")
    with pytest.raises(UsageError, match=r"pyproject\.toml: tool\.layerfork is not a table"):
        find_settings(repository)


def test_what_cannot_be_read_is_an_error(repository: Path) -> None:
    path = repository / "layerfork.toml"
    path.mkdir()
    with pytest.raises(UsageError, match="it is not a file"):
        find_settings(repository)
    path.rmdir()
    path.symlink_to("/nonexistent")
    with pytest.raises(UsageError, match="it is not a file"):
        find_settings(repository)
    path.unlink()
    path.write_bytes(b"a = '\xff'")
    with pytest.raises(UsageError, match="cannot read"):
        find_settings(repository)
    path.write_bytes(b"#" * (1 << 20) + b"\n")
    with pytest.raises(UsageError, match="larger than 1 MiB"):
        find_settings(repository)
    path.write_text("a = " + "[" * 100_000)
    with pytest.raises(UsageError, match="cannot read"):
        find_settings(repository)
