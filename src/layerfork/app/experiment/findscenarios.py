"""Finds scenarios: bundled ones by name or family, or any directory with a Dockerfile."""

import difflib
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from layerfork.app.experiment.scenariofile import FILE_NAME, read_scenario
from layerfork.errors import UsageError
from layerfork.record.scenario import Scenario
from layerfork.record.scenarioresults import ScenarioRow

BUNDLED = Path(__file__).parents[2] / "scenarios"
"""One folder a scenario."""


def bundled_names() -> tuple[str, ...]:
    """Names of the scenarios that come with layerfork."""
    return tuple(sorted(path.parent.name for path in BUNDLED.glob(f"*/{FILE_NAME}")))


def find_scenario(path: str = "", dockerfile: str = "") -> Scenario:
    """The bundled scenario of that name, or the directory as a scenario; nothing is the seed.

    A directory wins over a bundled name when it is written as a path (``./seed``). One with a
    ``scenario.toml`` is made as that says.

    Raises: UsageError naming the thing that is missing, unreadable or of the wrong kind.
    """
    if not path or (path in bundled_names() and "/" not in path and not Path(path).is_dir()):
        return replace(_staged(BUNDLED / (path or "seed"), dockerfile), content="")
    if (Path(path) / FILE_NAME).is_file():
        return _staged(Path(path).resolve(), dockerfile)
    return _directory(Path(path), dockerfile)


def _staged(folder: Path, dockerfile: str) -> Scenario:
    scenario = read_scenario(folder)
    if not dockerfile:
        return scenario
    _check_dockerfile(Path(dockerfile))
    return replace(scenario, dockerfile=Path(dockerfile).resolve(), other_dockerfile=True)


def _directory(path: Path, dockerfile: str) -> Scenario:
    context = check_context(path)
    if dockerfile:
        file = Path(dockerfile)
        chosen = file if file.is_absolute() or file.exists() else context / file
    else:
        chosen = context / "Dockerfile"
    _check_dockerfile(chosen)
    return Scenario(name=context.name or "context", context=context, dockerfile=chosen.resolve())


def _check_dockerfile(chosen: Path) -> None:
    if not chosen.is_file():
        raise UsageError(
            f"no Dockerfile: {chosen} does not exist" if not chosen.exists() else f"{chosen} is not a file",
            hint="name the Dockerfile with -f FILE, or give a directory that has one",
        )
    if not os.access(chosen, os.R_OK):
        raise UsageError(f"cannot read {chosen}", hint="make it readable for you (chmod u+r)")


def check_context(path: Path) -> Path:
    """The resolved context directory.

    Raises: UsageError when it is missing, a dangling link, a file or unreadable.
    """
    if path.is_symlink() and not path.exists():
        raise UsageError(
            f"build context {path} is a dangling link to {path.readlink()}",
            hint="point it at a directory",
        )
    if not path.exists():
        names = ", ".join(bundled_names())
        raise UsageError(
            f"build context {path} does not exist",
            hint=f"give a directory with a Dockerfile, or one of the bundled scenarios: {names}",
        )
    if not path.is_dir():
        raise UsageError(
            f"build context {path} is not a directory", hint="give the directory that holds the Dockerfile"
        )
    if not os.access(path, os.R_OK | os.X_OK):
        raise UsageError(f"cannot read build context {path}", hint="make it readable for you (chmod u+rx)")
    return path.resolve()


# Which scenarios a person means, and what there is to say of each before it is built.

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
