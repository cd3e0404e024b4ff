"""Every generation of the table starts, is what it says, and builds the seed with both builders."""

import json
import os
from pathlib import Path

import pytest

from layerfork.builders.api.apianswers import Version
from layerfork.builders.api.engineapi import EngineApi
from layerfork.builders.debian.roots import ensure_root, verify_root
from layerfork.builders.engines import open_engine
from layerfork.builders.engines.private import PRIVATE_ENGINES, PrivateEngine
from layerfork.builders.process import run
from layerfork.errors import EngineError
from layerfork.record.build import Command, Completed, Toolchain

pytestmark = pytest.mark.engine

SEED = "FROM alpine\nRUN  du -s /\nCOPY important.txt /\nRUN  du -s /\n"


@pytest.fixture(params=PRIVATE_ENGINES, ids=lambda engine: engine.id)
def kind(request: pytest.FixtureRequest) -> PrivateEngine:
    engine: PrivateEngine = request.param
    return engine


def build(toolchain: Toolchain, docker_host: str, context: Path, buildkit: str) -> Completed:
    plugins = {"cliPluginsExtraDirs": [str(toolchain.cli_plugins)]} if toolchain.cli_plugins else {}
    (context.parent / "config.json").write_text(json.dumps(plugins))
    env = {
        "PATH": os.defpath,
        "DOCKER_HOST": docker_host,
        "DOCKER_CONFIG": str(context.parent),
        "DOCKER_BUILDKIT": buildkit,
    }
    return run(Command(argv=(str(toolchain.docker), "build", "-t", "seed", str(context)), env=env))


def test_generation_is_what_it_says_and_builds(kind: PrivateEngine, tmp_path: Path) -> None:
    context = tmp_path / "context"
    context.mkdir()
    (context / "Dockerfile").write_text(SEED)
    (context / "important.txt").write_text("This is an important file\n")
    with open_engine(kind.id).start(os.environ, print) as engine:
        assert engine.info.version.startswith(kind.generation.version)
        assert engine.info.image_store == kind.store
        described = kind.describe(os.environ)
        assert described.ready
        assert engine.info.version.startswith(described.version)
        assert described.newest_api == engine.info.api_version
        assert described.oldest_api == EngineApi(engine.docker_host).get("/version", Version).min_api_version
        assert engine.toolchain is not None
        for buildkit in ("0", "1"):
            for expected in (0, 3):
                completed = build(engine.toolchain, engine.docker_host, context, buildkit)
                assert completed.ok, completed.stderr + engine.log_tail()
                cached = completed.stdout.count("Using cache") + completed.stderr.count("CACHED")
                assert cached == expected
            layers = engine.image_facts("seed").diff_ids
            assert len(layers) == (4 if buildkit == "1" else 2)
            engine.reset()
        EngineApi(engine.docker_host).request(
            "POST", "/images/alpine/tag", {"repo": "of/from", "tag": "alone"}
        )
        engine.reset()
        assert engine.image_facts("alpine").diff_ids == layers[:1]
        with pytest.raises(EngineError):
            engine.image_facts("of/from:alone")


def test_base_image_has_one_id_in_every_graphdriver_store() -> None:
    ids = set()
    for kind in PRIVATE_ENGINES:
        if kind.store == "graphdriver":
            with kind.start(os.environ, print) as engine:
                ids.add(engine.image_facts("alpine").image_id)
    assert len(ids) == 1


def test_unpacked_root_matches_its_checksums(kind: PrivateEngine) -> None:
    root = ensure_root(kind.generation, os.environ, print)
    verify_root(root.path)
    assert dict(root.packages)["docker.io"].startswith(kind.generation.version)
    assert root.toolchain.version.startswith(kind.generation.version)
