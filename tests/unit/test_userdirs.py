"""Where a user's caches and state lie, by the XDG Base Directory Specification."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from layerfork.userdirs import cache_directory, make_private, state_directory


@pytest.mark.parametrize(
    ("variables", "cache", "state"),
    [
        ({}, "/home/me/.cache/layerfork", "/home/me/.local/state/layerfork"),
        ({"XDG_CACHE_HOME": "/x", "XDG_STATE_HOME": "/y"}, "/x/layerfork", "/y/layerfork"),
        (
            {"XDG_CACHE_HOME": "", "XDG_STATE_HOME": ""},
            "/home/me/.cache/layerfork",
            "/home/me/.local/state/layerfork",
        ),
        ({"XDG_CACHE_HOME": "relative"}, "/home/me/.cache/layerfork", "/home/me/.local/state/layerfork"),
    ],
)
def test_directories(
    variables: dict[str, str], cache: str, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"HOME": "/home/me", **variables}.items():
        monkeypatch.setenv(name, value)
    assert (cache_directory(), state_directory()) == (Path(cache), Path(state))


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077, 0o277, 0o777])
def test_state_is_the_users_alone(mask: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "local" / "state"))
    with umask(mask):
        make_private(state_directory() / "records")
    for place in (state_directory() / "records", state_directory(), tmp_path / "local"):
        assert mode(place) == 0o700


def test_what_was_open_is_closed_and_others_directories_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "state" / "layerfork" / "records").mkdir(parents=True)
    (tmp_path / "mine").mkdir()
    for place in (tmp_path / "state", tmp_path / "mine", state_directory(), state_directory() / "records"):
        place.chmod(0o755)
    make_private(state_directory() / "records")
    make_private(tmp_path / "mine" / "store")
    assert [mode(each) for each in (state_directory(), state_directory() / "records")] == [0o700] * 2
    assert mode(tmp_path / "mine" / "store") == 0o700
    assert [mode(tmp_path / name) for name in ("state", "mine")] == [0o755] * 2


def test_a_file_in_its_place_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        make_private(tmp_path / "file")
