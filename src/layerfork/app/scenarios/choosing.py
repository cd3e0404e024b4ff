"""Which scenarios a person means, and what there is to say of each before it is built."""

import difflib
from collections.abc import Sequence
from pathlib import Path

from layerfork.app.experiment.scenariofile import FILE_NAME
from layerfork.app.experiment.scenarios import bundled_names, find_scenario
from layerfork.errors import UsageError
from layerfork.record.catalogue import ScenarioRow
from layerfork.record.scenario import Scenario

ALL = "all"


def list_scenarios(names: Sequence[str] = ()) -> tuple[ScenarioRow, ...]:
    """The bundled scenarios, or those that are named. Raises: UsageError."""
    return tuple(row_of(scenario) for scenario in chosen_scenarios(names or (ALL,)))


def chosen_scenarios(names: Sequence[str]) -> tuple[Scenario, ...]:
    """Scenarios by name, family or folder; ``all`` is every bundled one.

    Copies of one count once. Raises: UsageError for one that is not there, or two that share a name.
    """
    chosen: dict[str, Scenario] = {}
    for scenario in (each for name in names for each in _named(name)):
        other = chosen.setdefault(scenario.name, scenario)
        if other.content != scenario.content:
            raise UsageError(
                f"{other.context} and {scenario.context} are two scenarios called {scenario.name}",
                hint="a scenario is called as its folder: give one of them another name",
            )
    return tuple(chosen.values())


def _named(name: str) -> Sequence[Scenario]:
    """A folder's scenario, or a bundled one, or those of a family. Raises: UsageError."""
    if Path(name).is_dir():
        if not (Path(name) / FILE_NAME).is_file():
            raise UsageError(f"{name} has no {FILE_NAME}", hint="a directory is built with: run PATH")
        return [find_scenario(name)]
    if name in bundled_names():
        return [find_scenario(name)]
    bundled = [find_scenario(each) for each in bundled_names()]
    family = [each for each in bundled if name in (ALL, each.family)]
    if family:
        return family
    known = [ALL, *(each.name for each in bundled), *(each.family for each in bundled)]
    near = difflib.get_close_matches(name, known, 1)
    raise UsageError(
        f"there is no scenario, family or folder {name}",
        hint=f"did you mean {near[0]}?" if near else "layerfork scenarios lists what there is",
    )


def row_of(scenario: Scenario) -> ScenarioRow:
    return ScenarioRow(
        name=scenario.name,
        title=scenario.title,
        question=scenario.question,
        family=scenario.family,
        phases=len(scenario.phases),
        expected=tuple(phase.expected for phase in scenario.phases[1:]),
    )
