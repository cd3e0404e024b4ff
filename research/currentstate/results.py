"""The page of scenarios: what each change between two builds costs, from its own evidence."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from layerfork.app.experiment.fromfiles import read_catalogue
from layerfork.record.build import Builder
from layerfork.record.scenarioresults import CatalogueReport
from layerfork.report.markdown.words import block, code, escaped
from layerfork.report.views.outcomes import summary, surprises
from layerfork.report.views.sentences import counted
from research.bars import Bar, bars
from research.currentstate.scenarios import (
    INCONCLUSIVE,
    NOT_BUILT,
    REUSED,
    Question,
    inconclusive,
    questions,
    table,
)

RESULTS = "scenario-results.md"
COSTS = "current-state/scenarios.svg"
"""The picture of that page."""


def section(report: CatalogueReport) -> Iterator[str]:
    """What the page of cache reuse says of the page of scenarios."""
    yield "## What a change costs\n"
    yield (
        "In the measurements above nothing changes between two builds. "
        f"[What a change costs]({RESULTS}) has {counted(len(report.scenarios), 'scenario')} in which "
        "something "
        "changes, with the steps that each builder then built again, and why.\n"
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
        "A client builds, one thing changes (a file mode, a label, the base image, …), and the client builds "
        "again. For each such change this page shows which step each builder had to build again first, and "
        f"why. {_differing(asked)} of {len(asked)} changes make one builder build again what another "
        "reuses, or "
        "build again for another reason.\n"
    )
    yield f"![Changes that cost nothing and changes that cost a step, for each builder]({COSTS})\n"
    yield from (f"- **unexpected**: {escaped(line)}" for line in surprises(report))
    yield "## In short\n"
    yield "How many changes cost nothing. `2 of 7`: seven changes could be built, two of them cost no step.\n"
    yield from (*_short(report, asked), "")
    yield "## How to read it\n"
    yield from _legend()
    yield "## Where builders differ\n"
    yield f"{_differing(asked)} of {len(asked)} changes: builders differ in the first step or in its cause.\n"
    yield from (*table([each for each in asked if _differs(each)]), "")
    for family in _families(report):
        yield f"## {escaped(family.capitalize())}\n"
        yield from (*table([each for each in asked if each.row.family == family]), "")
    if reasons := list(inconclusive(report)):
        yield "## Inconclusive results\n"
        yield "These results do not show what the client reused:\n"
        yield from (*reasons, "")
    yield "## What was used\n"
    yield f"{escaped(summary(report)).capitalize()}. A cell is one scenario with one client on one engine.\n"
    yield from _used(report)


def _legend() -> Iterator[str]:
    yield (
        "- Columns are builders: `classic` and `buildkit` are part of Docker Engine, `buildah` is the "
        "builder "
        "of podman."
    )
    yield (
        f"- {code('COPY app /app')}: [mode](causes/mode.md) names the first step that was built again, and "
        "the cause, whose page says more and links to upstream threads. The cause is proven on at least one "
        "engine; otherwise the cell says *not proven*."
    )
    yield f"- *{REUSED}*: every step was reused. `{NOT_BUILT}`: no client of that builder was measured."
    yield (
        "- Text after a semicolon says what other clients or engines did, with their names in parentheses. "
        f"Inconclusive results are left out, unless a cell has no others (*{INCONCLUSIVE}*): "
        "[why](#inconclusive-results)."
    )
    yield (
        "- Each [scenario](scenarios.md) states what it expects. `layerfork run --scenario NAME --client "
        "all` "
        "repeats one. `make current-state` writes this page from "
        "[evidence/scenarios.jsonl](evidence/scenarios.jsonl), which `layerfork report` can read as well.\n"
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


def costs(report: CatalogueReport) -> str:
    """A picture: how many changes cost each builder nothing, and how many a step."""
    asked = questions(report)
    rows = []
    for builder in Builder:
        free, built = _free_of([each.cells[builder] for each in asked])
        rows.append(Bar(name=builder, counts=(free, built - free)))
    return bars("Changes between two builds", ("cost nothing", "cost a step"), rows)


def _counts(cells: Sequence[str]) -> str:
    """``3 of 5``, by what most clients did."""
    free, built = _free_of(cells)
    return f"{free} of {built}" if built else NOT_BUILT


def _free_of(cells: Sequence[str]) -> tuple[int, int]:
    """How many changes cost nothing, and how many could be built."""
    built = [each for each in map(_main, cells) if each == REUSED or each.startswith(("`", "**"))]
    return sum(each == REUSED for each in built), len(built)


def _differing(asked: Sequence[Question]) -> int:
    return sum(map(_differs, asked))


def _differs(question: Question) -> bool:
    known = {_main(cell) for cell in question.cells.values() if not cell.startswith(INCONCLUSIVE)} - {
        NOT_BUILT
    }
    return len(known) > 1


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
