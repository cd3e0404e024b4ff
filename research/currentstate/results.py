"""The page of scenarios: what each change between two builds costs, from its own evidence."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from layerfork.app.experiment.fromfiles import read_catalogue
from layerfork.record.build import Builder
from layerfork.record.scenarioresults import CatalogueReport
from layerfork.report.markdown.text import block, code, escaped
from layerfork.report.overview.catalogue import summary, surprises
from layerfork.report.overview.words import counted
from research.currentstate.scenarios import NOT_BUILT, REUSED, UNTOLD, Question, questions, table, untold

RESULTS = "scenario-results.md"


def section(report: CatalogueReport) -> Iterator[str]:
    """Of the page of cache reuse: how much there is, and where."""
    yield "## What a change costs\n"
    yield (
        f"So far nothing changes between two builds. [What a change costs]({RESULTS}) has "
        f"{counted(len(report.scenarios), 'scenario')} in which something does, with what each builder then "
        "built again, and why.\n"
    )


def results(report: CatalogueReport) -> str:
    """The page."""
    return "\n".join(_page(report, questions(report))).rstrip() + "\n"


def read(cells: Path) -> CatalogueReport:
    """Raises: EvidenceError, UsageError."""
    return read_catalogue(str(cells))


def _page(report: CatalogueReport, asked: Sequence[Question]) -> Iterator[str]:
    yield "# What a change costs\n"
    yield (
        "A client builds, something changes, it builds again from the cache that it left: what is built "
        f"again first, and why? {escaped(summary(report))}. A cell is a scenario with one client on one "
        "engine.\n"
    )
    yield from (f"- **unexpected**: {escaped(line)}" for line in surprises(report))
    yield "## In short\n"
    yield "How many changes cost nothing, of those that could be built:\n"
    yield from (*_short(report, asked), "")
    yield "## How to read it\n"
    yield from _legend()
    differ = [each for each in asked if _differs(each)]
    yield "## Where builders differ\n"
    yield f"{counted(len(differ), 'change')} of {len(asked)} cost one builder something else than another.\n"
    yield from (*table(differ), "")
    for family in _families(report):
        yield f"## {escaped(family.capitalize())}\n"
        yield from (*table([each for each in asked if each.row.family == family]), "")
    if reasons := list(untold(report)):
        yield "## Not told\n"
        yield "Where nobody can say what a client reused:\n"
        yield from (*reasons, "")
    yield "## What was used\n"
    yield from _used(report)


def _legend() -> Iterator[str]:
    yield (
        f"- {code('COPY app /app')}: [mode](causes/mode.md) is the first instruction that was built "
        "again, and the cause: its page says more, with threads of upstream. Causes are proven, on one "
        "engine at least, unless it says otherwise."
    )
    yield f"- *{REUSED}*: every step was. `{NOT_BUILT}`: no client of that builder was asked."
    yield (
        "- After the semicolon: what other clients or engines did, with who they are in parentheses. "
        f"Those of which nobody can tell are left out, but for cells of which nothing else is known "
        f"(*{UNTOLD}*): [why](#not-told)."
    )
    yield (
        "- [Each scenario](scenarios.md) says what it expects. `layerfork run --scenario NAME --client all` "
        "repeats one; `make current-state` writes this page from "
        "[evidence/scenarios.jsonl](evidence/scenarios.jsonl), which `layerfork report` reads too.\n"
    )


def _families(report: CatalogueReport) -> tuple[str, ...]:
    return tuple(sorted({row.family for row in report.scenarios}))


def _short(report: CatalogueReport, asked: Sequence[Question]) -> Iterator[str]:
    yield f"| family | {' | '.join(Builder)} |"
    yield f"|---|{'---|' * len(Builder)}"
    for family in _families(report):
        own = [each for each in asked if each.row.family == family]
        cells = (_counts([each.cells[builder] for each in own]) for builder in Builder)
        title = escaped(family.capitalize())
        yield f"| [{title}](#{family}) | {' | '.join(cells)} |"


def _counts(cells: Sequence[str]) -> str:
    """``3 of 5``, by what most clients did."""
    built = [each for each in map(_main, cells) if each == REUSED or each.startswith(("`", "**"))]
    return f"{sum(each == REUSED for each in built)} of {len(built)}" if built else NOT_BUILT


def _differs(question: Question) -> bool:
    told = {_main(cell) for cell in question.cells.values() if not cell.startswith(UNTOLD)} - {NOT_BUILT}
    return len(told) > 1


def _main(cell: str) -> str:
    """What most clients of a builder did."""
    return cell.partition("; ")[0]


def _used(report: CatalogueReport) -> Iterator[str]:
    named = (f"{each.kind} {each.version} ({each.image_store})" for each in report.engines)
    engines = ", ".join(dict.fromkeys(named))
    clients = {cell.client: None for cell in report.cells if cell.phases}
    yield f"- Engines: {escaped(engines)}."
    yield f"- Clients: {', '.join(map(code, clients))}."
    yield f"\n{block(['layerfork report docs/evidence/scenarios.jsonl'], 'sh')}"
