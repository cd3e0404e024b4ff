"""A commit is compared with itself, also where one of its histories can be built only later."""

from types import SimpleNamespace
from typing import Any

from layerfork.app.study.fixedhistory import _warm_pairs


def history(name: str, *, cold: int) -> list[Any]:
    """Four commits; the first that can be built is that number."""
    predicted = SimpleNamespace(steps=("FROM",))
    return [
        SimpleNamespace(name=f"{name}{number}", prediction=predicted if number >= cold else None)
        for number in range(4)
    ]


def test_the_cold_build_of_either_history_is_left_out() -> None:
    pairs = _warm_pairs(history("real", cold=0), history("fixed", cold=1))
    names = [(real.name, fixed.name) for real, fixed in pairs]  # type: ignore[attr-defined]
    assert names == [("real2", "fixed2"), ("real3", "fixed3")]
