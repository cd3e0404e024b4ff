"""The state of cache reuse: `docs/current-state.md` and its pictures, from evidence in the repository.

    python -m research.currentstate                   # writes the page and its pictures again
    python -m research.currentstate --keep RUN.jsonl  # first takes over a run: of the seed, or of scenarios
    python -m research.currentstate --again 10        # builds a tenth of the cells again, drawn by the date

`layerfork run seed --client all --engine all -o RUN.jsonl` makes a run of the seed, with `--scenario NAME`
cells, which take the place of those of the same name. `--again` ends with 1 where an engine did something
else than it did then; it needs root.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from layerfork.app.experiment.cells import read_cells
from layerfork.app.experiment.fromfiles import has_cells
from layerfork.errors import LayerforkError
from research.currentstate.again import build_again, draw
from research.currentstate.evidence import DOCS, SCENARIOS, SEED, keep, keep_cells
from research.currentstate.page import pages


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m research.currentstate")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="a record file of a whole run")
    parser.add_argument("--again", type=int, metavar="N", help="build one of N parts of the cells again")
    parser.add_argument("--day", default=date_of_today(), help="draws the part; default: today's date")
    options = parser.parse_args(arguments)
    if options.again:
        return again(options.again, options.day)
    if options.keep:
        take_over(options.keep)
    written = pages()
    for name, text in written.items():
        (DOCS / name).parent.mkdir(exist_ok=True)
        (DOCS / name).write_text(text, "utf-8")
    for picture in (DOCS / "current-state").glob("*.svg"):
        if picture.relative_to(DOCS).as_posix() not in written:
            picture.unlink()
    print(*(DOCS / name for name in written), sep="\n")
    return 0


def take_over(file: Path) -> None:
    target, keeps = (SCENARIOS, keep_cells) if has_cells(file) else (SEED, keep)
    keeps(file, target)
    print(f"{target}: {target.stat().st_size:,} bytes")


def again(parts: int, day: str) -> int:
    drawn = draw(read_cells(SCENARIOS).cells, parts, day)
    print(f"{len(drawn)} cells, drawn by {day}")
    with tempfile.TemporaryDirectory(prefix="lf-") as directory:
        found = build_again(drawn, Path(directory) / "again.jsonl")
    lines = list(found.disagreements())
    for line in (*(f"another version: {each}" for each in found.moved()), *lines):
        print(line)
    print(f"{found.report.built} builds in {found.report.seconds:.0f} s, {len(lines)} disagreements")
    return 1 if lines else 0


def date_of_today() -> str:
    return datetime.now(UTC).date().isoformat()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except LayerforkError as error:
        sys.exit(f"{error.message}\nhint: {error.hint}")
