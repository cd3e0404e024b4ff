"""Measured phases held against expectations: what agrees, what does not, and what nobody can tell.

The cells are real ones: Engine 26.1.5 and podman 5.4.2, of which the outcomes are written down here.
"""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from golden.recorded import RECORDS

from layerfork.app.experiment.cells import MeasuredCell, read_cells
from layerfork.app.experiment.findscenarios import find_scenario
from layerfork.app.experiment.judging import exit_code, met_phases, report_of
from layerfork.errors import ExitCode
from layerfork.record.build import Builder
from layerfork.record.record import BuildOutcome, StepStatus
from layerfork.record.scenario import Expectation
from layerfork.record.scenarioresults import CellPhase, Met

CELLS = {
    (cell.name.scenario, cell.name.client, cell.name.engine): cell
    for cell in read_cells(RECORDS / "scenarios.jsonl").cells
}
MODE = CELLS["mode-group-writable", "docker_py-build", "private:26.1"]
TOUCHED = CELLS["mtime-touched", "docker-build", "private:26.1"]
ALL = tuple(Builder)


def met(cell: MeasuredCell, *expected: Expectation, random_runs: bool = False) -> CellPhase:
    first, second = find_scenario(cell.name.scenario).phases
    phases = (first, replace(second, expected=expected))
    (found,) = met_phases(phases, cell.builds, cell.name.engine, random_runs=random_runs)
    return found


def expect(
    missed: str = "",
    *causes: str,
    fails: bool = False,
    clients: Sequence[str] = (),
    engines: Sequence[str] = (),
    reused: Sequence[str] = (),
) -> Expectation:
    return Expectation(
        builders=ALL,
        clients=tuple(clients),
        engines=tuple(engines),
        missed=missed,
        causes=causes,
        reused=tuple(reused),
        fails=fails,
        why="w",
    )


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (MODE, expect("COPY app /app", "mode")),
        (MODE, expect("COPY app /app")),
        (TOUCHED, expect()),
        (MODE, expect("COPY app /app", "mode", clients=["docker_py-*"], engines=["private:26*"])),
        (MODE, expect("COPY app /app", reused=["RUN cat /proc/sys/kernel/random/uuid > /first"])),
    ],
)
def test_what_was_expected(cell: MeasuredCell, expected: Expectation) -> None:
    assert met(cell, expected).met is Met.AS_EXPECTED


@pytest.mark.parametrize(
    ("cell", "expected", "why"),
    [
        (MODE, expect(), "COPY app /app was built again, but everything was to be reused"),
        (TOUCHED, expect("COPY app /app"), "everything was reused, but COPY app /app was to be built again"),
        (MODE, expect("RUN x"), "COPY app /app was built again, but RUN x was to be built again"),
        (MODE, expect("COPY app /app", "content"), "because of mode, not of content"),
        (MODE, expect("COPY app /app", "mode", "uid"), "because of mode, not of mode, uid"),
        (MODE, expect(fails=True), "it was expected to fail, but succeeded"),
        (MODE, expect(clients=["podman-*"]), "no result was expected"),
        (MODE, expect(engines=["*+containerd"]), "no result was expected"),
        (
            MODE,
            expect("COPY app /app", reused=["RUN cat /proc/sys/kernel/random/uuid > /second"]),
            "RUN cat /proc/sys/kernel/random/uuid > /second was built again, but was to be reused",
        ),
    ],
)
def test_a_surprise_is_told(cell: MeasuredCell, expected: Expectation, why: str) -> None:
    found = met(cell, expected)
    assert (found.met, found.why) == (Met.UNEXPECTED, why)


def test_the_first_that_fits_counts() -> None:
    found = met(MODE, expect(clients=["docker_py-*"]), expect("COPY app /app", "mode"))
    assert found.met is Met.UNEXPECTED


def with_last(cell: MeasuredCell, **changes: object) -> MeasuredCell:
    first, last = cell.builds
    return replace(cell, builds=(first, replace(last, **changes)))  # type: ignore[arg-type]


def test_a_build_that_failed_is_a_surprise_unless_it_was_to_fail() -> None:
    failed = with_last(MODE, outcome=BuildOutcome.FAILED, record=None, reason="no such flag\nmore")
    assert met(failed, expect(fails=True)).met is Met.AS_EXPECTED
    found = met(failed, expect())
    assert (found.met, found.why) == (Met.UNEXPECTED, "failed: no such flag")
    timed_out = with_last(MODE, outcome=BuildOutcome.TIMED_OUT, record=None, reason="")
    assert met(timed_out, expect(fails=True)).met is Met.INCONCLUSIVE


def test_what_no_build_shows_is_not_judged() -> None:
    record = MODE.builds[1].record
    assert record is not None
    silent = tuple(replace(step, status=StepStatus.UNKNOWN) for step in record.steps)
    found = met(with_last(MODE, record=replace(record, steps=silent)), expect("COPY app /app", "mode"))
    assert (found.met, found.missed) == (Met.INCONCLUSIVE, "")
    assert "is not known" in found.why


def test_a_layer_that_contradicts_the_engine_is_a_surprise() -> None:
    record = TOUCHED.builds[1].record
    assert record is not None
    assert met(TOUCHED, expect(), random_runs=True).met is Met.AS_EXPECTED
    image = record.result.image
    assert image is not None
    layers = (*image.diff_ids[:-1], "sha256:" + "0" * 64)
    other = replace(record, result=replace(record.result, image=replace(image, diff_ids=layers)))
    found = met(with_last(TOUCHED, record=other), expect(), random_runs=True)
    assert (found.met, "no earlier build stored its layer" in found.why) == (Met.UNEXPECTED, True)


def test_a_run_ends_as_its_worst_phase() -> None:
    scenario = find_scenario("mode-group-writable")
    assert exit_code(report_of([MODE], [scenario])) is ExitCode.AS_HOPED
    wrong = replace(scenario, phases=(scenario.phases[0], replace(scenario.phases[1], expected=(expect(),))))
    assert exit_code(report_of([MODE], [wrong])) is ExitCode.FORKED
    skipped = replace(MODE, builds=(replace(MODE.builds[0], outcome=BuildOutcome.SKIPPED, record=None),))
    assert exit_code(report_of([skipped], [scenario])) is ExitCode.COULD_NOT_RUN
    assert exit_code(report_of([MODE], [scenario], interrupted=True)) is ExitCode.INTERRUPTED


def test_a_client_without_a_cache_answers_nothing() -> None:
    record = MODE.builds[1].record
    assert record is not None
    off = replace(record, request=replace(record.request, no_cache=True))
    cell = with_last(MODE, record=off)

    found = met(cell, expect("COPY app /app", "mode"))
    assert (found.met, found.why) == (
        Met.INCONCLUSIVE,
        "the build was asked not to use the cache (--no-cache)",
    )
    asked = met(cell, expect("COPY app /app", "cache-off"))
    assert asked.causes == ("cache-off",)
    assert asked.met is not Met.INCONCLUSIVE


def test_a_scenario_that_never_builds_there_says_nothing_about_the_cache() -> None:
    first, last = MODE.builds
    failed = {"outcome": BuildOutcome.FAILED, "record": None, "reason": "no such flag\nmore"}
    never = replace(MODE, builds=(replace(first, **failed), replace(last, **failed)))  # type: ignore[arg-type]
    found = met(never, expect())
    assert found.met is Met.INCONCLUSIVE
    assert found.why == "its first phase does not build either: failed: no such flag"
    assert met(never, expect(fails=True)).met is Met.AS_EXPECTED
