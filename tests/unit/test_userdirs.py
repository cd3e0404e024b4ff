"""Where a user's caches and state lie, by the XDG Base Directory Specification."""

from pathlib import Path

import pytest

from layerfork.userdirs import cache_directory, state_directory


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
