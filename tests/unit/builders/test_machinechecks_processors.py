"""How busy processors were, from what the kernel counts."""

from pathlib import Path

import pytest

from layerfork.builders.machinechecks import busy_share, read_ticks

BEFORE = "cpu  100 0 50 800 50 0 0 0 40 0\ncpu0 1 2 3 4\n"
AFTER = "cpu  160 0 80 804 54 0 2 0 90 0\ncpu0 1 2 3 4\n"
"""92 of 100 ticks were work; time of guests, which user has already, does not count twice."""


def read(tmp_path: Path, text: str) -> object:
    (tmp_path / "stat").write_text(text)
    return read_ticks(tmp_path / "stat")


def test_work_of_the_time_in_between(tmp_path: Path) -> None:
    (tmp_path / "before").write_text(BEFORE)
    (tmp_path / "after").write_text(AFTER)
    share = busy_share(read_ticks(tmp_path / "before"), read_ticks(tmp_path / "after"))
    assert share == pytest.approx(0.92)


@pytest.mark.parametrize("text", ["", "intr 1 2\n", "cpu 1 2 3\n"])
def test_what_does_not_say_it(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) is None
    assert read_ticks(tmp_path / "none") is None
    assert busy_share(None, None) is None
