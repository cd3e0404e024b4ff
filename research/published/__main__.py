"""Published Dockerfiles: is what our model says BuildKit's frontend makes of them what it makes of them?

    python -m research.published [--engine NAME]... [--limit N] [-v] [DIRECTORY...]

The Dockerfiles in some directories (clones of repositories, say; `sources.toml` lists those of the figures in
docs/prediction.md) are put to the frontends of real engines, which build nothing
(`layerfork.builders.api.askfrontend`), and every operation is compared with that of our model. Texts of tests
in Go count as Dockerfiles, too. With `--engine podman:5.4` the Dockerfiles that are files are built, and the
lines of the images' history are compared.
Without a directory the commits are listed.
Needs root. Ends with 1 where an operation is another one, or where one side reads what the other refuses.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from layerfork.builders.engines import open_engine
from layerfork.errors import EngineError
from research.published.bases import BASES, make_bases
from research.published.buildah import Histories
from research.published.compare import Comparison
from research.published.files import Published, find_published
from research.published.sources import described, listed

_PROGRESS = 200


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m research.published")
    parser.add_argument("--engine", action="append", help="default: 26.1 and 28.5")
    parser.add_argument("--base", action="append", choices=list(BASES), help="default: all of them")
    parser.add_argument("--limit", type=int, default=0, help="so many Dockerfiles of each directory at most")
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="name every Dockerfile that was left out"
    )
    parser.add_argument("directories", nargs="*", type=Path, metavar="DIRECTORY")
    options = parser.parse_args(arguments)
    if not options.directories:
        print(f"the commits of the figures in docs/prediction.md:\n{listed()}")
        return 0
    for each in options.directories:
        print(described(each))
    collection = find_published(options.directories, options.limit)
    found = list(collection.texts.values())
    print(f"{len(found)} Dockerfiles of different texts; passed over:")
    for reason, count in collection.passed_over.most_common():
        print(f"  {count} {reason}")
    good = True
    for spec in options.engine or ("26.1", "28.5"):
        if spec.startswith("podman"):
            good &= _compare_histories(spec, found, verbose=options.verbose)
            continue
        for base in options.base or BASES:
            good &= _compare(spec, base, found, verbose=options.verbose)
    return 0 if good else 1


def _compare_histories(spec: str, found: Sequence[Published], *, verbose: bool) -> bool:
    started = time.monotonic()
    with (
        open_engine(spec).start(os.environ, lambda _: None) as engine,
        tempfile.TemporaryDirectory(prefix="lf") as place,
    ):
        histories = Histories(engine=engine, place=Path(place))
        for number, each in enumerate(found, 1):
            histories.add(each)
            if not number % _PROGRESS:
                print(f"engine {spec}: {number} of {len(found)}", file=sys.stderr, flush=True)
        version = engine.info.version
    seconds = time.monotonic() - started
    print(f"\npodman {version}, {seconds:.0f} s\n{histories.text(verbose=verbose)}", flush=True)
    return histories.is_good


def _compare(spec: str, base: str, found: Sequence[Published], *, verbose: bool) -> bool:
    started = time.monotonic()
    comparison: Comparison | None = None
    number = 0
    while comparison is None or number < len(found):
        with open_engine(spec).start(os.environ, lambda _: None) as engine:
            make_bases(engine)
            if comparison is None:
                comparison = Comparison(engine=engine, base=base)
            comparison.move_to(engine)
            number = _ask(comparison, found, number)
            version = engine.info.version
    seconds = time.monotonic() - started
    print(
        f"\nengine {version}, base images {base}, {seconds:.0f} s\n{comparison.text(verbose=verbose)}",
        flush=True,
    )
    return comparison.is_good


def _ask(comparison: Comparison, found: Sequence[Published], begin: int) -> int:
    """Compare from one Dockerfile on; returns the number of the first that is left. A frontend may end its
    whole engine: then another one goes on."""
    for number, each in enumerate(found[begin:], begin + 1):
        try:
            comparison.add(each)
        except EngineError as error:
            comparison.leave_unanswered(each, error.message)
            return number
        if not number % _PROGRESS:
            print(f"base images {comparison.base}: {number} of {len(found)}", file=sys.stderr, flush=True)
    return len(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
