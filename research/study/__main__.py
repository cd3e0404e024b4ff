"""A study of histories: what builds of commits would reuse, each after that of the commit before it.

    python -m research.study [CLONE]... [--commits N] [--builder BUILDER] [--out FILE]

Without clones it studies the corpus: repositories of many kinds, generated from the descriptions in
``research/study/corpus``. No engine is needed, and nothing is built: it is predicted, for a builder and a
client that docs/corpus-study.md names. A clone that is named is only read. ``--page`` writes that page again,
``--build`` holds predictions of the corpus against a real engine.
"""

import argparse
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from layerfork import __version__
from layerfork.app.study.clones import check_source, name_of
from layerfork.app.study.unmade import ENGINE
from layerfork.builders.engines import open_engine
from layerfork.errors import LayerforkError
from layerfork.record.build import Builder
from research.histories.__main__ import line_of
from research.study.building import check
from research.study.described import descriptions
from research.study.page import PAGE, PICTURE, drawn, page, summary
from research.study.results import Studied, Study, write_study
from research.study.studying import Wanted, study_all
from research.study.written import write_repository

_BUILDERS = (Builder.BUILDKIT.value, Builder.CLASSIC.value)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m research.study", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("clones", nargs="*", type=Path, metavar="CLONE", help="local clones; else the corpus")
    parser.add_argument("--commits", type=int, default=40, help="the newest of each repository (40)")
    parser.add_argument("--dockerfiles", type=int, default=4, help="of each repository, the topmost (4)")
    parser.add_argument("--builder", choices=_BUILDERS, default=_BUILDERS[0])
    parser.add_argument("--out", type=Path, metavar="FILE", help="keep the numbers as JSON")
    parser.add_argument("--page", action="store_true", help="only write the page from docs/evidence")
    parser.add_argument("--build", type=int, metavar="N", help="build N commits of each of the corpus, too")
    parser.add_argument("--engine", default="26.1", help="with --build: the engine (26.1)")
    options = parser.parse_args(arguments)
    if options.build:
        return _build(options)
    if options.page:
        PAGE.write_text(page(), "utf-8")
        PICTURE.write_text(drawn(), "utf-8")
        return 0
    with tempfile.TemporaryDirectory(prefix="layerfork-study-") as scratch:
        study = _study(tuple(_wanted(options, Path(scratch))), options)
    if options.out:
        write_study(study, options.out)
    print(summary(study))
    return 0


def _build(options: argparse.Namespace) -> int:
    """Ends with 1 where an engine did something else than was predicted. Raises: LayerforkError."""
    with (
        tempfile.TemporaryDirectory(prefix="lf-", dir="/tmp") as directory,
        open_engine(options.engine).start(os.environ, lambda _: None) as engine,
    ):
        tally = check(engine, Builder(options.builder), descriptions(), options.build, Path(directory))
        print(f"{options.builder}, engine {engine.info.version}: {line_of(tally)}")
        for text in (*tally.wrong, *tally.not_built):
            print(f"  {text}")
    return 1 if tally.wrong else 0


def _wanted(options: argparse.Namespace, scratch: Path) -> Iterator[Wanted]:
    """Raises: UsageError for what is no repository."""
    for number, (source, name, title) in enumerate(_sources(options.clones, scratch), 1):
        yield Wanted(
            source=source,
            name=name,
            title=title,
            scratch=scratch / str(number),
            builder=Builder(options.builder),
            commits=options.commits,
            dockerfiles=options.dockerfiles,
        )


def _sources(clones: Sequence[Path], scratch: Path) -> Iterator[tuple[Path, str, str]]:
    """Where repositories are, what they are called, and their titles."""
    for clone in clones:
        check_source(clone)
        yield clone, name_of(clone), ""
    for name, description in descriptions().items() if not clones else ():
        place = scratch / "written" / name
        write_repository(name, description, place)
        yield place, name, description.title


def _study(wanted: Sequence[Wanted], options: argparse.Namespace) -> Study:
    """With a line for each Dockerfile as soon as it is done."""
    studied: list[Studied] = []
    left_out: Counter[str] = Counter()
    for number, found in enumerate(study_all(wanted), 1):
        for each in found.studied:
            print(f"{number}/{len(wanted)} {_line(each)}", flush=True)
        if not found.studied:
            print(f"{number}/{len(wanted)} {found.name}: {'; '.join(found.left_out)}", flush=True)
        studied += found.studied
        left_out.update(found.left_out)
    return Study(
        layerfork=__version__,
        builder=options.builder,
        engine=f"{ENGINE.version}, BuildKit {ENGINE.buildkit_version.removeprefix('v')}",
        most_commits=options.commits,
        repositories=len(wanted),
        left_out=left_out,
        studied=tuple(studied),
    )


def _line(studied: Studied) -> str:
    counts = studied.counts
    return (
        f"{studied.repository} {studied.dockerfile}: {counts.commits} commits, {counts.busting} bust a step, "
        f"{counts.all_reused} nothing; {counts.misses} of {counts.steps} steps miss, {counts.unknown} unknown"
    )


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except LayerforkError as error:
        sys.exit(f"{error.message}\nhint: {error.hint}")
