"""The sentence about a cache: what is unknown is said, and nothing is worth more than was measured."""

from dataclasses import replace

import pytest

from layerfork.record.balance import Balance, Transfer, TransferKind, UnreadExport
from layerfork.report.views.cachebalance import balance_sentence, unread_sentence

IMPORT = Transfer(kind=TransferKind.IMPORT, name="r/app", seconds=15.2)
EXPORT = Transfer(kind=TransferKind.EXPORT, name="registry", seconds=207.0, size_bytes=1_900_000_000)
PULL = Transfer(kind=TransferKind.PULL, seconds=3.24, size_bytes=94_380_873)
LOAD = Transfer(kind=TransferKind.LOAD, seconds=40.0, size_bytes=1_234_000)
CONTEXT = Transfer(kind=TransferKind.CONTEXT, seconds=0.7, size_bytes=46)
SAID = Balance(transfers=(IMPORT, EXPORT), cost_s=222.2, reused=3, saved_s=12.1)


@pytest.mark.parametrize(
    ("balance", "sentence"),
    [
        (None, ""),
        (
            SAID,
            (
                "saved about 12 s (3 reused steps), cost 222 s (export 207 s, 1.9 GB; import 15 s): "
                "not worth it here"
            ),
        ),
        (
            replace(SAID, saved_s=7_080.0, reused=1),
            "saved about 118 min (1 reused step), cost 222 s (export 207 s, 1.9 GB; import 15 s)",
        ),
        (
            replace(SAID, saved_s=7_201.0),
            "saved about 2 h 0 min (3 reused steps), cost 222 s (export 207 s, 1.9 GB; import 15 s)",
        ),
        (
            replace(SAID, untimed=2),
            (
                "saved at least 12 s (2 reused steps: time unknown), "
                "cost 222 s (export 207 s, 1.9 GB; import 15 s)"
            ),
        ),
        (
            replace(SAID, untimed=3, saved_s=None),
            "saved an unknown time (3 reused steps), cost 222 s (export 207 s, 1.9 GB; import 15 s)",
        ),
        (
            Balance(transfers=(EXPORT,), cost_s=207.0, saved_s=0.0),
            "saved nothing (no step was reused), cost 207 s (export 207 s, 1.9 GB)",
        ),
        (
            Balance(transfers=(replace(EXPORT, seconds=None, size_bytes=None),), reused=1, saved_s=3.0),
            "saved about 3.0 s (1 reused step), cost an unknown time (export time unknown)",
        ),
        (
            Balance(transfers=(IMPORT, PULL), cost_s=18.4, cost_is_most=True, reused=1, saved_s=0.01),
            (
                "saved under 0.1 s (1 reused step), "
                "cost at most 18 s (import 15 s; layers pulled 3.2 s, 94 MB)"
            ),
        ),
        (
            Balance(transfers=(replace(IMPORT, seconds=0.01), PULL), cost_s=3.3, reused=1, saved_s=9.0),
            "saved about 9.0 s (1 reused step), cost 3.3 s (layers pulled 3.2 s, 94 MB)",
        ),
        (
            Balance(
                transfers=(
                    replace(IMPORT, seconds=0.01, failed=True),
                    EXPORT,
                    replace(EXPORT, name="S3", seconds=3.0),
                ),
                cost_s=210.0,
                saved_s=0.0,
            ),
            (
                "saved nothing (no step was reused), cost 210 s "
                "(export registry 207 s, 1.9 GB; export S3 3.0 s, 1.9 GB; failed import under 0.1 s)"
            ),
        ),
        (
            Balance(transfers=(PULL, LOAD, CONTEXT), cost_s=3.2, reused=1, saved_s=9.0),
            (
                "saved about 9.0 s (1 reused step), cost 3.2 s (layers pulled 3.2 s, 94 MB); "
                "besides: image to the client 40 s, 1.2 MB"
            ),
        ),
        (
            Balance(
                transfers=(replace(EXPORT, size_bytes=None, stored_bytes=1_900_000_000),),
                cost_s=207.0,
                saved_s=0.0,
            ),
            "saved nothing (no step was reused), cost 207 s (export 207 s, a cache of 1.9 GB)",
        ),
        (Balance(transfers=(LOAD, CONTEXT)), "none was moved; image to the client 40 s, 1.2 MB"),
        (Balance(transfers=(replace(LOAD, seconds=0.3),)), ""),
    ],
)
def test_what_it_says(balance: Balance | None, sentence: str) -> None:
    assert balance_sentence(balance) == sentence


@pytest.mark.parametrize(
    ("size", "said"),
    [(1, "1 B"), (999, "999 B"), (1_000, "1.0 kB"), (9_949, "9.9 kB"), (9_960, "10 kB"), (999_600, "1.0 MB")],
)
def test_sizes(size: int, said: str) -> None:
    balance = Balance(transfers=(replace(EXPORT, seconds=1.0, size_bytes=size),), cost_s=1.0, saved_s=0.0)
    assert balance_sentence(balance).endswith(f"(export 1.0 s, {said})")


def test_exports_that_nothing_read() -> None:
    last = UnreadExport(
        id="0123456789abcdef",
        recorded_at="2026-01-02T00:00:00Z",
        place="registry r/app:cache",
        seconds=207.0,
        later=1,
    )
    assert unread_sentence(()) == ""
    assert unread_sentence((last,)) == (
        "1 export of a cache, 207 s, that no later known build imported: "
        "build 0123456789ab to registry r/app:cache (1 later build is known)"
    )
    assert unread_sentence((replace(last, later=3), replace(last, id="f", seconds=None))) == (
        "2 exports of a cache, that no later known build imported: "
        "the last was build 0123456789ab to registry r/app:cache (3 later builds are known)"
    )
