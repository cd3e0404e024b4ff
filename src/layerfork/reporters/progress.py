"""Progress on stderr: a live line on a terminal, lasting lines elsewhere."""

import contextlib
import sys
from collections.abc import Iterator

from rich.console import Console

from layerfork.model.progress import Listener, Progress


@contextlib.contextmanager
def progress(live: bool, color: bool) -> Iterator[Listener]:
    """A listener for one run. Nothing it prints goes to stdout."""
    console = Console(stderr=True, no_color=not color, highlight=False)
    if not live:
        yield _print_lasting
        return
    with console.status("starting") as status:

        def show(event: Progress) -> None:
            counted = f"[{event.done}/{event.total}] " if event.total else ""
            if event.lasting:
                console.print(f"{counted}{event.text}", markup=False, style="dim", soft_wrap=True)
            else:
                status.update(f"{counted}{event.text}".replace("[", r"\["))

        yield show


def _print_lasting(event: Progress) -> None:
    if event.lasting:
        counted = f"[{event.done}/{event.total}] " if event.total else ""
        print(f"layerfork: {counted}{event.text}", file=sys.stderr, flush=True)  # noqa: T201 - its purpose
