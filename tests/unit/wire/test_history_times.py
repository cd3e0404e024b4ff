"""Times of a stored record, in the two forms that exports have, and damaged ones."""

from typing import Any

import pytest

from layerfork.wire.history.historyrecord import read_history_record

FIELDS = {"seconds": 1716969521, "nanos": 210446364}
TEXT = "2024-05-29T07:58:41.210446364Z"
"""The same moment, as exports of 2024 have it."""


@pytest.mark.parametrize(
    ("created", "completed", "seconds"),
    [
        (FIELDS, {"seconds": 1716969523, "nanos": 710446364}, 2.5),
        (TEXT, "2024-05-29T07:58:43.710446364Z", 2.5),
        (TEXT, "2024-05-29T09:58:43.710446364+02:00", 2.5),
        (FIELDS, None, None),
        (FIELDS, {"seconds": 1 << 70}, None),
        (FIELDS, {"seconds": -(1 << 62)}, None),
        (FIELDS, "yesterday", None),
        (FIELDS, 5, None),
        (FIELDS, {"seconds": 1, "nanos": "many"}, None),
    ],
)
def test_times(created: Any, completed: Any, seconds: float | None) -> None:
    record = read_history_record({"CreatedAt": created, "CompletedAt": completed})

    assert record.created == "2024-05-29T07:58:41.210446Z"
    assert record.seconds == (None if seconds is None else pytest.approx(seconds))


def test_no_time_is_empty() -> None:
    assert read_history_record({}).created == ""
