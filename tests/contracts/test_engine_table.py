"""What every entry of the engine table promises, whatever it is."""

import dataclasses

import pytest

from layerfork.engines import ENGINES, PRIVATE_ENGINES, Engine, open_engine
from layerfork.engines.generations import GENERATIONS, Generation
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
