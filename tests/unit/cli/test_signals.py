"""What ends the program, and what whoever started it does not want to end it."""

import signal
from collections.abc import Iterator

import pytest

from layerfork.cli import listen_to_endings

ENDINGS = (signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def kept() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (*ENDINGS, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", ENDINGS)
def test_a_signal_ends_like_ctrl_c(number: signal.Signals) -> None:
    signal.signal(number, signal.SIG_DFL)
    listen_to_endings()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)


@pytest.mark.parametrize("number", [*ENDINGS, signal.SIGINT])
def test_one_that_is_ignored_stays_so(number: signal.Signals) -> None:
    signal.signal(number, signal.SIG_IGN)
    listen_to_endings()
    signal.raise_signal(number)
    assert signal.getsignal(number) is signal.SIG_IGN
