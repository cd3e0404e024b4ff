"""What a machine lacks is said before it is fetched."""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from layerfork.app import machine as preparation
from layerfork.record.progress import Say


@dataclass(frozen=True)
class Fetchable:
    """An engine that only says when it is fetched."""

    ours: bool
    id: str = "private:1.0"

    def fetch(self, environment: Mapping[str, str], say: Say) -> None:
        say("fetching")


@pytest.mark.parametrize(
    ("user", "ours", "said"),
    [
        (
            1000,
            True,
            [
                "running private:1.0 needs root (sudo); fetching it, some hundred MB on disk, does not",
                "fetching",
            ],
        ),
        (0, True, ["fetching"]),
        (1000, False, ["fetching"]),
    ],
)
def test_that_running_it_needs_root_is_said_first(
    user: int, ours: bool, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: user)
    monkeypatch.setattr(preparation, "open_engine", lambda name: Fetchable(ours))
    monkeypatch.setattr(preparation, "SEED_CLIENTS", ())
    heard: list[str] = []

    preparation.prepare_all("private", heard.append)

    assert heard == said
