"""Progress on stderr: a live line on a terminal, lasting lines elsewhere."""

import contextlib
import sys
import time
from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape

from layerfork.record.progress import Listener, Progress
from layerfork.record.visible import visible

SIGN_OF_LIFE_S = 10.0
"""How often a long run says how far it is, where no live line does."""


@contextlib.contextmanager
def progress(live: bool, color: bool, *, alive: bool = False) -> Iterator[Listener]:
    """A listener for one run. Nothing it prints goes to stdout.

    ``alive``: without a terminal, say every ten seconds how far it is.
    """
    console = Console(stderr=True, no_color=not color, highlight=False)
    if not live:
        yield _signs_of_life() if alive else _print_lasting
        return
    with console.status("starting") as status:

        def show(event: Progress) -> None:
            if event.lasting:
                console.print(progress_line(event), markup=False, style="dim", soft_wrap=True)
            else:
                status.update(escape(progress_line(event)))

        yield show


def progress_line(event: Progress) -> str:
    """``[2/5] private:28.5: building with docker-build``."""
    counted = f"[{event.done}/{event.total}] " if event.total else ""
    engine = f"{event.engine}: " if event.engine else ""
    return visible(f"{counted}{engine}{event.text}")


def _signs_of_life() -> Listener:
    last = time.monotonic()

    def show(event: Progress) -> None:
        nonlocal last
        if not event.lasting and time.monotonic() - last < SIGN_OF_LIFE_S:
            return
        last = time.monotonic()
        _print(event)

    return show


def _print_lasting(event: Progress) -> None:
    if event.lasting:
        _print(event)


def _print(event: Progress) -> None:
    print(f"layerfork: {progress_line(event)}", file=sys.stderr, flush=True)  # noqa: T201 - its purpose
