"""What real engines copied of one context under many ignore files, against every dialect's model."""

import json
from pathlib import Path
from typing import Any

import pytest
from unit.keys.ignoremodels import MODELS

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "ignore-rules.json").read_text(encoding="utf-8")
)
CASES = [
    pytest.param(case["ignore"], case["source"], result["on"], result["copied"])
    for case in VECTORS["cases"]
    for result in case["results"]
]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("context")
    for name in VECTORS["files"]:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    for name, target in VECTORS["links"].items():
        (root / name).symlink_to(target)
    return root


@pytest.mark.parametrize(("ignore", "source", "engines", "copied"), CASES)
def test_measured(root: Path, ignore: str, source: str, engines: list[str], copied: list[str] | None) -> None:
    (root / ".dockerignore").write_text(ignore)
    for engine in engines:
        builder, _, version = engine.partition(" ")
        assert MODELS[builder](root, ignore, source, version) == (None if copied is None else set(copied)), (
            engine
        )
