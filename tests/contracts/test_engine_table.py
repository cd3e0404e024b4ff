"""What every entry of the engine table promises, whatever it is."""

import dataclasses
from pathlib import Path

import pytest

from layerfork.builders.debian.generation import Generation, Suite
from layerfork.builders.engines import ENGINES, KINDS, Engine, open_engine
from layerfork.builders.engines.podman import PODMAN_ENGINES
from layerfork.builders.engines.private import PRIVATE_ENGINES
from layerfork.builders.suites import SUITES
from layerfork.record.build import Builder


@pytest.fixture(params=ENGINES, ids=lambda engine: engine.id)
def engine(request: pytest.FixtureRequest) -> Engine:
    entry: Engine = request.param
    return entry


def test_ids_are_unique() -> None:
    assert len({engine.id for engine in ENGINES}) == len(ENGINES)


def test_engine_is_opened_by_its_own_id(engine: Engine) -> None:
    assert open_engine(engine.id) == engine


def test_engine_is_a_frozen_value(engine: Engine) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        engine.ours = False  # type: ignore[misc]
    assert hash(engine) == hash(open_engine(engine.id))


def test_kinds_have_names_of_small_letters_of_their_own() -> None:
    names = [kind.name for kind in KINDS]
    assert len(set(names)) == len(names)
    for kind in KINDS:
        assert kind.name.isalpha()
        assert kind.name.islower()
        assert all(engine.id.startswith(kind.name) for engine in kind.engines)
        if kind.engines:
            assert open_engine(kind.name) == kind.engines[0]


def test_only_an_engine_of_ours_has_files_to_check(engine: Engine) -> None:
    assert bool(engine.roots) == engine.ours


def test_an_engine_that_is_yet_to_start_has_no_address(engine: Engine) -> None:
    assert bool(engine.address({"DOCKER_HOST": "unix:///s"})) == (not engine.ours)


def test_described_builders_are_builders(engine: Engine) -> None:
    assert set(engine.describe({}).builders) <= {builder.value for builder in Builder}


def test_every_generation_has_an_entry_for_each_of_its_image_stores() -> None:
    entries = {(engine.generation.name, engine.store) for engine in PRIVATE_ENGINES}
    assert entries == {(suite.docker.name, store) for suite in SUITES for store in suite.docker.image_stores}


def generations_of(suite: Suite) -> list[Generation]:
    return [generation for generation in (suite.docker, suite.podman) if generation]


GENERATIONS = [generation for suite in SUITES for generation in generations_of(suite)]


@pytest.mark.parametrize("generation", GENERATIONS, ids=lambda each: f"{each.title} {each.name}")
def test_generation_lists_each_package_once(generation: Generation) -> None:
    assert len(set(generation.packages)) == len(generation.packages)
    assert {generation.package, "runc", "libc6"} <= set(generation.packages)


def test_suites_have_names_of_their_own_and_generations_know_theirs() -> None:
    names = [suite.docker.suite for suite in SUITES]
    assert len(set(names)) == len(names)
    for suite in SUITES:
        assert {generation.suite for generation in generations_of(suite)} == {suite.docker.suite}


def test_generations_of_one_kind_have_names_of_their_own() -> None:
    named = [(generation.title, generation.name) for generation in GENERATIONS]
    assert len(set(named)) == len(named)


def test_every_podman_generation_has_an_entry_and_a_docker_cli_of_its_suite() -> None:
    assert [engine.generation for engine in PODMAN_ENGINES] == [
        suite.podman for suite in SUITES if suite.podman
    ]
    for engine in PODMAN_ENGINES:
        assert engine.docker_generation.suite == engine.generation.suite


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An environment where nothing is fetched and no engine runs."""
    monkeypatch.setenv("XDG_CACHE_HOME", "/nowhere")
    return {"DOCKER_HOST": "unix:///nowhere", "HOME": "/nowhere"}


def test_docs_list_every_engine(nowhere: dict[str, str]) -> None:
    """The table of docs/engines.md is what the engines say of themselves where nothing is fetched."""
    expected = {}
    for entry in ENGINES:
        row = entry.describe(nowhere)
        api = f"{row.oldest_api} to {row.newest_api}" if row.newest_api else "what it has"
        cells = [row.title, ", ".join(row.builders) or "what it has", row.image_store or "what it has", api]
        expected[row.id] = [*cells, row.origin.removeprefix("Debian ")]
    assert listed() == expected


def listed() -> dict[str, list[str]]:
    rows = {}
    for line in (Path(__file__).parents[2] / "docs" / "engines.md").read_text().splitlines():
        if line.startswith("| `"):
            first, *cells = [cell.strip() for cell in line.split("|")[1:-1]]
            rows[first.strip("`")] = cells
    return rows


def test_engine_that_cannot_run_says_what_helps(engine: Engine, nowhere: dict[str, str]) -> None:
    row = engine.describe(nowhere)
    assert not row.ready
    assert row.version == ""
    assert all(obstacle.what and obstacle.remedy for obstacle in row.obstacles)
