"""The parser says of Dockerfiles what real builders said of them."""

import json
from pathlib import Path
from typing import Any

import pytest

from layerfork.dockerfile import Dockerfile, parse_dockerfile
from layerfork.errors import UsageError
from layerfork.releases import grammar_of_engine

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "dockerfiles.json").read_text(encoding="utf-8")
)["cases"]
COUNTED_BY_BUILDKIT = {"ADD", "COPY", "RUN", "WORKDIR"}

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])


def parsed(case: dict[str, Any], engine: str = "") -> Dockerfile | None:
    try:
        return parse_dockerfile(case["dockerfile"], grammar=grammar_of_engine(engine))
    except UsageError:
        return None


@every_case
def test_what_some_builder_accepts_is_accepted_and_nothing_else(case: dict[str, Any]) -> None:
    some_accepts = any(steps is not None for steps in case["steps"].values())
    assert (parsed(case) is not None) is some_accepts


@every_case
def test_a_builder_that_accepts_finds_these_steps(case: dict[str, Any]) -> None:
    for engine, steps in case["steps"].items():
        if steps is not None:
            found = parsed(case, engine)
            assert found is not None
            keywords = [instruction.keyword for instruction in found.instructions]
            assert [len(keywords), sum(each in COUNTED_BY_BUILDKIT for each in keywords)] == steps
