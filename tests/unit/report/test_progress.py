"""Progress as lines."""

import pytest

from layerfork.record.progress import Progress
from layerfork.report.progress import progress, progress_line


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (Progress(text="starting"), "starting"),
        (Progress(text="building", done=2, total=5), "[2/5] building"),
        (Progress(text="building", engine="private:28.5", total=5), "[0/5] private:28.5: building"),
    ],
)
def test_line(event: Progress, line: str) -> None:
    assert progress_line(event) == line


def test_only_what_lasts_is_printed_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(live=False, color=False) as listener:
        listener(Progress(text="starting"))
        listener(Progress(text="one: reused", done=1, total=2, lasting=True))

    assert capsys.readouterr() == ("", "layerfork: [1/2] one: reused\n")


def test_brackets_are_text_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(live=True, color=False) as listener:
        listener(Progress(text="building [red]x[/red]", total=1))
        listener(Progress(text="[red]x[/red]: reused", done=1, total=1, lasting=True))

    assert "[1/1] [red]x[/red]: reused" in capsys.readouterr().err


def test_a_long_run_says_now_and_then_how_far_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    with progress(live=False, color=False, alive=True) as listener:
        for second in range(1, 26):
            now[0] += 1
            listener(Progress(text=f"second {second}", done=second, total=25, lasting=second == 12))

    said = [line.split()[-1] for line in capsys.readouterr().err.splitlines()]
    assert said == ["10", "12", "22"]
