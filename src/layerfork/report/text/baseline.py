"""The build that another one is compared with, in a line."""

from datetime import datetime

from layerfork.record.prediction import Baseline
from layerfork.report.overview.words import counted

_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def baseline_line(baseline: Baseline, older: str = "older") -> str:
    """How old it is, where it comes from, and why it was chosen."""
    time = f"{datetime.fromisoformat(baseline.recorded_at):%Y-%m-%d %H:%M:%S} UTC"
    age = f"{span(baseline.age_s)} {older}" if baseline.age_s >= 0 else f"{span(-baseline.age_s)} younger"
    place = f" in {baseline.ran_in}" if baseline.ran_in else ""
    command = f", `{baseline.command}`{place}" if baseline.command else ""
    engine = f", Engine {baseline.engine}" if baseline.engine else ""
    shares = (
        f": has the keys of {baseline.shared_steps} of {baseline.steps} steps"
        if baseline.shared_steps is not None and baseline.steps
        else ""
    )
    others = f", chosen from {baseline.known} earlier builds" if baseline.known > 1 else ""
    return f"{time}, {age}{command}{engine}{shares}{others}"


def span(seconds: float) -> str:
    """``3 hours``: in the largest unit that fits."""
    for size, unit in _UNITS:
        if seconds >= size:
            return counted(int(seconds // size), unit)
    return "less than a second"


def old_by(seconds: float, *, is_least: bool, is_over: bool) -> str:
    """``! at least 3 hours old``."""
    at_least = "at least " if is_least and seconds >= 1 else ""
    return f"{'! ' if is_over else ''}{at_least}{span(seconds)} old"
