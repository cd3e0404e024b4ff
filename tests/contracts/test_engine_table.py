"""What every entry of the engine table promises, whatever it is."""

import dataclasses
from pathlib import Path

import pytest

from layerfork.engines import ENGINES, PODMAN_ENGINES, PRIVATE_ENGINES, Engine, open_engine
from layerfork.engines.debian.generations import GENERATIONS, PODMAN_GENERATIONS, Generation
from layerfork.model.build import Feature


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
        engine.unsupported = frozenset()  # type: ignore[misc]
    assert hash(engine) == hash(open_engine(engine.id))


def test_unsupported_features_are_features(engine: Engine) -> None:
    assert all(isinstance(feature, Feature) for feature in engine.unsupported)


def test_every_generation_has_an_entry_for_each_of_its_image_stores() -> None:
    entries = {(engine.generation.name, engine.store) for engine in PRIVATE_ENGINES}
    assert entries == {(gen.name, store) for gen in GENERATIONS for store in gen.image_stores}


@pytest.mark.parametrize("generation", GENERATIONS, ids=lambda generation: generation.name)
def test_generation_lists_each_package_once(generation: Generation) -> None:
    assert len(set(generation.packages)) == len(generation.packages)
    assert {"docker.io", "containerd", "runc", "libc6"} <= set(generation.packages)


def test_generations_have_names_and_suites_of_their_own() -> None:
    for field in ("name", "suite"):
        assert len({getattr(generation, field) for generation in GENERATIONS}) == len(GENERATIONS)


def test_every_podman_generation_has_an_entry_and_a_docker_cli_of_its_suite() -> None:
    assert [engine.generation for engine in PODMAN_ENGINES] == list(PODMAN_GENERATIONS)
    for engine in PODMAN_ENGINES:
        assert engine.docker_generation.suite == engine.generation.suite


@pytest.mark.parametrize("generation", PODMAN_GENERATIONS, ids=lambda generation: generation.name)
def test_podman_generation_lists_each_package_once(generation: Generation) -> None:
    assert len(set(generation.packages)) == len(generation.packages)
    assert {"podman", "buildah", "conmon", "runc", "libc6"} <= set(generation.packages)


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
