"""Progress on stderr: a live line on a terminal, lasting lines elsewhere."""

import contextlib
import sys
from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape

from layerfork.model.progress import Listener, Progress
from layerfork.model.visible import visible


@contextlib.contextmanager
def progress(live: bool, color: bool) -> Iterator[Listener]:
    """A listener for one run. Nothing it prints goes to stdout."""
    console = Console(stderr=True, no_color=not color, highlight=False)
    if not live:
        yield _print_lasting
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


def _print_lasting(event: Progress) -> None:
    if event.lasting:
        print(f"layerfork: {progress_line(event)}", file=sys.stderr, flush=True)  # noqa: T201 - its purpose
