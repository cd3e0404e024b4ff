"""`docs/current-state.md` is what its evidence says, and the evidence is what the engines said."""

import functools
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from layerfork.app.compare.comparison import diff_records
from layerfork.app.experiment.cells import MeasuredCell
from layerfork.app.experiment.findscenarios import list_scenarios
from layerfork.app.experiment.fromfiles import read_measured, read_reports
from layerfork.app.explain import page_of
from layerfork.errors import EvidenceError
from layerfork.record.answer import CauseStatus
from layerfork.record.build import Builder
from layerfork.record.engine import EngineInfo
from layerfork.record.record import BuildOutcome, StepStatus
from layerfork.record.run import RunReport, TrialBuild
from layerfork.record.scenarioresults import CatalogueReport, Cell, CellPhase, Met, ScenarioRow
from layerfork.record.store.blocks import numbered_lines
from layerfork.report.views.outcomes import surprises
from research.currentstate.evidence import DOCS, SCENARIOS, SEED, keep
from research.currentstate.page import pages
from research.currentstate.results import RESULTS, results
from research.currentstate.threads import Note, known_of, read_notes

EXPECTED = tomllib.loads(Path(__file__).with_name("current_state.toml").read_text("utf-8"))
GOLDEN = Path(__file__).parents[1] / "golden" / "records" / "seed-engines.run.jsonl"
CELLS = GOLDEN.with_name("scenarios.jsonl")
OF_THE_SEED = ("FROM", "RUN", "COPY")
"""Everything else is a label or an argument that a client adds."""
FILES_OF_CELLS = [CELLS, SCENARIOS]


def name_of(measured: RunReport | MeasuredCell) -> str:
    assert isinstance(measured.engine, EngineInfo)
    return f"{measured.engine.version} {measured.engine.image_store}"


def classes_of(report: RunReport) -> set[frozenset[str]]:
    return {frozenset(members) for members in report.judgement.classes}


every_engine = pytest.mark.parametrize("engine", EXPECTED["engines"])


@functools.cache
def runs() -> Mapping[str, RunReport]:
    """Of the seed, by the engine's version and image store."""
    return {name_of(report): report for report in read_reports([str(SEED)]).runs}


@functools.cache
def judged(cells: Path) -> tuple[Sequence[MeasuredCell], CatalogueReport]:
    """A file of cells, judged once for all tests: the evidence takes ten seconds."""
    return read_measured(str(cells))


def test_page_and_pictures_are_what_the_evidence_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """`make current-state` writes them again."""
    monkeypatch.setattr("research.currentstate.page.read", lambda cells: judged(cells)[1])
    made = pages()
    for name, text in made.items():
        assert (DOCS / name).read_text("utf-8") == text, name
    written = {path.relative_to(DOCS).as_posix() for path in (DOCS / "current-state").iterdir()}
    assert written == {name for name in made if name.endswith(".svg")}
    assert (DOCS / RESULTS).is_file() == (RESULTS in made)


def test_the_page_changes_with_the_evidence(tmp_path: Path) -> None:
    """Of other evidence another page is written: nothing on it was typed."""
    other = tmp_path / "seed.jsonl"
    keep(GOLDEN, other)

    found = pages(other, tmp_path / "no-cells.jsonl")["current-state.md"]
    assert "on 2 engines" in found
    assert "podman 5.4.2" not in found
    assert found != (DOCS / "current-state.md").read_text("utf-8")


def test_the_page_has_the_classes_that_were_written_down() -> None:
    """Its table, read as text: one letter is one class of the file."""
    lines = [
        line.strip("| ").split(" | ") for line in section("Does A share with B?").splitlines() if "|" in line
    ]
    header, _, *rows = lines
    assert len(rows) > 30
    for engine, classes in EXPECTED["engines"].items():
        (place,) = (number for number, title in enumerate(header) if is_of(title, engine))
        letters = {re.sub(r"@[\d.]+-[\d.]+$", "", row[0].strip("`")): row[place] for row in rows}
        for client in EXPECTED["unknown"].get(engine, ()):
            assert letters.pop(client) == "?"
        for client in EXPECTED["may_be_cut"].get(engine, ()):
            if letters.get(client) == "-":
                del letters[client]
        shown = [
            {letters[client] for group in groups for client in EXPECTED["groups"][group] if client in letters}
            for groups in classes
        ]
        assert [len(each) for each in shown] == [1] * len(classes), engine
        assert len(set.union(*shown)) == len(classes), engine


def is_of(title: str, engine: str) -> bool:
    """Whether a column such as ``Docker 28.5.2, 26.1.5 graphdriver`` holds an engine."""
    version, store = engine.split(" ")
    found = re.findall(r"(\d[\d.]*)(?: (graphdriver|containerd))?", title)
    return (version.partition("+")[0], "") in found or (version.partition("+")[0], store) in found


def test_every_engine_is_expected() -> None:
    assert runs().keys() == EXPECTED["engines"].keys()


@every_engine
def test_classes_are_those_that_were_written_down(engine: str) -> None:
    report = runs()[engine]
    unknown = EXPECTED["unknown"].get(engine, [])
    cut = {build.client for build in report.builds if build.outcome is BuildOutcome.CUT}
    assert cut <= set(EXPECTED["may_be_cut"].get(engine, ()))
    expected = {
        frozenset(client for group in groups for client in EXPECTED["groups"][group]).difference(unknown, cut)
        for groups in EXPECTED["engines"][engine]
    }

    assert classes_of(report) == expected
    assert list(report.judgement.class_unknown) == unknown


@every_engine
def test_classes_follow_from_what_the_engine_reused(engine: str) -> None:
    """Without the key model: who joins a cache reuses every step, who opens one builds a step again.

    Of a client that asks the classic builder for no output, the images of its steps are those of the first.
    """
    report = runs()[engine]
    builds = {build.client: build for build in report.builds}
    for members in report.judgement.classes:
        first, *others = (builds[client] for client in members)
        assert StepStatus.MISS in statuses(first), first.client
        for build in others:
            if StepStatus.UNKNOWN in statuses(build):
                assert identities(build) == identities(first), build.client
            else:
                assert set(statuses(build)) <= {StepStatus.HIT, StepStatus.NOT_EVALUATED}, build.client


@every_engine
def test_classes_follow_from_the_ids_that_the_engine_gave(engine: str) -> None:
    """Where it names images of steps: one class, one image; two classes, two images."""
    report = runs()[engine]
    ids: dict[frozenset[str], set[str]] = {}
    for members in report.judgement.classes:
        shown = {image_after_copy(build) for build in report.builds if build.client in members}
        if shown != {""}:
            ids[frozenset(members)] = shown - {""}
    assert all(len(shown) == 1 for shown in ids.values())
    assert len(set().union(*ids.values())) == len(ids)


def statuses(build: TrialBuild) -> list[StepStatus]:
    return [step.status for step in build.steps if step.instruction.startswith(OF_THE_SEED)]


def identities(build: TrialBuild) -> list[str]:
    """As the engine has them, all of them known."""
    found = [step.identity for step in build.steps if step.instruction.startswith(OF_THE_SEED)]
    assert all(found)
    return found


def image_after_copy(build: TrialBuild) -> str:
    """As the engine reported it; empty where it reports none."""
    steps = build.steps if build.outcome is BuildOutcome.SUCCEEDED else ()
    return next((step.identity for step in steps if step.instruction.startswith("COPY")), "")


def test_what_is_kept_is_judged_as_what_was_measured(tmp_path: Path) -> None:
    kept = tmp_path / "kept.jsonl"
    keep(GOLDEN, kept)

    before, after = read_reports([str(GOLDEN)]).runs, read_reports([str(kept)]).runs
    assert [report.judgement for report in after] == [report.judgement for report in before]
    lines = [line for _, line in numbered_lines(kept)]
    assert not re.search(rb"/(?:cache|app|tmp)/", b"".join(lines))
    assert len(lines) < len(list(numbered_lines(GOLDEN)))


@pytest.mark.parametrize("left_out", [b'{"complete"', b'{"note":{"relay"'])
def test_a_run_that_did_not_come_to_its_end_is_not_kept(left_out: bytes, tmp_path: Path) -> None:
    lines = [line for _, line in numbered_lines(GOLDEN)]
    broken, kept = tmp_path / "broken.jsonl", tmp_path / "kept.jsonl"
    last = max(place for place, line in enumerate(lines) if line.startswith(left_out))
    broken.write_bytes(b"".join(lines[:last] + lines[last + 1 :]))

    with pytest.raises(EvidenceError, match="did not come to its end"):
        keep(broken, kept)
    assert not kept.exists()


@pytest.mark.parametrize("cells", FILES_OF_CELLS, ids=lambda path: path.parent.name)
def test_cells_are_as_their_scenarios_expect(cells: Path) -> None:
    _, report = judged(cells)

    assert report.count(Met.AS_EXPECTED)
    assert list(surprises(report)) == []


@pytest.mark.parametrize("cells", FILES_OF_CELLS, ids=lambda path: path.parent.name)
def test_what_missed_is_the_first_step_that_the_engine_built(cells: Path) -> None:
    """Without the key model: from the statuses that the engine told, instruction by instruction."""
    measured, report = judged(cells)
    told = 0
    for cell, found in zip(measured, report.cells, strict=True):
        for phase in found.phases:
            if phase.met is Met.AS_EXPECTED and phase.outcome is BuildOutcome.SUCCEEDED:
                assert first_built(cell.builds[phase.number]) == phase.missed.partition(" ")[0].upper()
                told += 1
    assert told


@pytest.mark.parametrize(
    ("client", "told"),
    [
        ("docker_py-build", [(CauseStatus.PROVEN, "cache-off", "no layers asked for")]),
        ("podman-build", []),
    ],
)
def test_podmans_service_before_4_0_has_no_cache_for_clients_of_docker(
    client: str, told: list[tuple[CauseStatus, str, str]]
) -> None:
    """The same build twice, on podman 3.0."""
    cells, _ = judged(SCENARIOS)
    (cell,) = (
        each
        for each in cells
        if (each.name.scenario, each.name.engine, each.name.client) == ("again", "podman:3.0", client)
    )
    before, now = (build.record for build in cell.builds)
    assert before is not None
    assert now is not None

    forks = diff_records(before, now, "before", "now").judgement.forks
    assert [(each.status, each.code, each.field) for fork in forks for each in fork.causes] == told


def first_built(build: TrialBuild) -> str:
    """The keyword of the first instruction that was built; empty when none was. Left out are FROM, and ARG
    but for buildah, whose cache alone holds it."""
    no_steps = ("FROM",) if build.builder == Builder.BUILDAH else ("FROM", "ARG ")
    built = (
        step.instruction.partition(" ")[0].upper()
        for step in build.steps
        if step.status is StepStatus.MISS and not step.instruction.upper().startswith(no_steps)
    )
    return next(built, "")


def test_every_scenario_is_measured_on_every_engine() -> None:
    """But for those of one's own, which the repository has none of."""
    cells, _ = judged(SCENARIOS)
    names = {row.name for row in list_scenarios() if row.phases > 1}
    engines = runs().keys()

    assert {(cell.name.scenario, name_of(cell)) for cell in cells} == {
        (scenario, engine) for scenario in names for engine in engines
    }


def test_scenarios_are_a_table_for_each_family(tmp_path: Path) -> None:
    kept = tmp_path / "cells.jsonl"
    keep(CELLS, kept)

    made = pages(SEED, kept)
    page = made[RESULTS]
    assert f"]({RESULTS}) has 2 scenarios" in made["current-state.md"]
    assert "| [Modes](#modes) | 0 of 1 | 0 of 1 | 0 of 1 |" in page
    family = page.partition("\n## Modes\n")[2].partition("\n## ")[0]
    missed = "`COPY app /app`: [mode](causes/mode.md)"
    assert f"| the file is group-writable | {missed} | {missed} | {missed} |" in family
    assert "| the file and its directory were touched | reused | reused | reused |" in page
    assert "0 of 2 changes: builders differ" in page


def test_what_is_not_proven_is_marked_and_what_builders_do_otherwise_has_a_table() -> None:
    """Of cells that were made up."""
    row = ScenarioRow(name="one", title="One", question="Is it reused?", family="odd", phases=2)
    cells = (
        cell("docker-build", "buildkit", missed="RUN a", causes=("mode",)),
        cell("docker_py-build", "classic", missed="", causes=()),
        cell("dockerode-build", "classic", missed="RUN b", causes=("uid",), proven=True),
        cell("aiodocker-build", "classic", missed="", causes=()),
    )
    page = results(CatalogueReport(scenarios=(row,), engines=(), cells=cells))

    assert "1 of 1 changes: builders differ" in page
    told = "reused; `RUN b`: [uid](causes/uid.md) (dockerode-build; private:28.5)"
    assert f"| Is it reused? | then | {told} | `RUN a`: [mode](causes/mode.md) (not proven) | - |" in page
    assert "| [Odd](#odd) | 1 of 1 | 0 of 1 | - |" in page


def cell(client: str, builder: str, *, missed: str, causes: tuple[str, ...], proven: bool = False) -> Cell:
    phase = CellPhase(
        number=1,
        title="then",
        outcome=BuildOutcome.SUCCEEDED,
        expected=None,
        missed=missed,
        causes=causes,
        proven=proven,
        met=Met.AS_EXPECTED,
    )
    return Cell(scenario="one", engine="private:28.5", client=client, builder=builder, phases=(phase,))


def test_every_note_is_about_something_on_the_page() -> None:
    """Only what is chance may be missing from one run."""
    page = (DOCS / "current-state.md").read_text("utf-8")
    for note in read_notes():
        if not note.chance:
            assert known_of(note) in page, note.text


@pytest.mark.parametrize("note", read_notes(), ids=lambda note: note.cause or note.reason)
def test_a_note_says_where_it_is_from(note: Note) -> None:
    assert note.threads or note.sources
    assert all(re.search(r" @ v?\d", source) for source in note.sources)


def test_every_finding_says_who_speaks_of_it() -> None:
    """With a link, or the words that none was found: as its causes' pages, which may say "None known."."""
    findings = section("Where it forks").split("\n### ")[1:]
    assert findings
    for finding in findings:
        codes = re.findall(r"\(causes/([a-z-]+)\.md\)", finding.partition("\n")[0])
        known = any("https://" in page_of(code).text.partition("\n## Threads\n")[2] for code in codes)
        assert ("\n- Upstream: [" in finding) == known
        assert known or "\n- Upstream: no thread was found." in finding


def test_whatever_went_wrong_was_looked_into() -> None:
    """A client that misses its own build, and a build that failed, has a note."""
    assert "Not investigated yet." not in (DOCS / "current-state.md").read_text("utf-8")
    assert known_of(None) == "Not investigated yet."


def test_an_upgrade_is_not_said_to_change_what_is_chance() -> None:
    lucky = [note.client for note in read_notes() if note.chance and note.cause]
    assert lucky
    lines = [line for line in section("What an upgrade changes").splitlines() if "second build" in line]
    assert not [line for line in lines if any(name in line for name in lucky)]


def section(title: str) -> str:
    page = (DOCS / "current-state.md").read_text("utf-8")
    return page.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
