"""The state of cache reuse: `docs/current-state.md` and its pictures, from evidence in the repository.

    python -m currentstate                      # writes the page and its pictures again
    python -m currentstate --keep RUN.jsonl     # takes over a run first: of the seed, or of scenarios

`layerfork run seed --client all --engine all -o RUN.jsonl` makes the first, with `--scenario all` the other.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from currentstate.evidence import DOCS, SCENARIOS, SEED, keep
from currentstate.page import pages
from layerfork.errors import LayerforkError
from layerfork.pipeline.scenarios.filed import has_cells


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m currentstate")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="a record file of a whole run")
    options = parser.parse_args(arguments)
    if options.keep:
        target = SCENARIOS if has_cells(options.keep) else SEED
        keep(options.keep, target)
        print(f"{target}: {target.stat().st_size:,} bytes")
    written = pages()
    for name, text in written.items():
        (DOCS / name).parent.mkdir(exist_ok=True)
        (DOCS / name).write_text(text, "utf-8")
    for picture in (DOCS / "current-state").glob("*.svg"):
        if picture.relative_to(DOCS).as_posix() not in written:
            picture.unlink()
    print(*(DOCS / name for name in written), sep="\n")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except LayerforkError as error:
        sys.exit(f"{error.message}\nhint: {error.hint}")
