"""Real builders say of Dockerfiles what the table says that the parser is tested with."""

import io
import json
import os
import re
import tarfile
from base64 import b64decode
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from engines.keymodel import post_build

from layerfork.builders.engines import open_engine

pytestmark = pytest.mark.engine

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "dockerfiles.json").read_text(encoding="utf-8")
)["cases"]
STEP = re.compile(r"Step 1/(\d+) :")
LABEL = re.compile(rb"\[(?:[a-z0-9.-]+ )? *\d+/(\d+)\] ")


def tar_of(dockerfile: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in (("Dockerfile", dockerfile.encode()), ("a", b"a\n")):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def classic_steps(lines: list[dict[str, str]]) -> int | None:
    """How many steps the builder announced before it ran the first."""
    announced = STEP.search("".join(line.get("stream", "") for line in lines))
    return int(announced[1]) if announced is not None else None


def buildkit_steps(lines: list[dict[str, str]]) -> int | None:
    """How many steps the names of the vertices count."""
    traces = [line["aux"] for line in lines if line.get("id") == "moby.buildkit.trace"]
    return max((int(total) for total in LABEL.findall(b"".join(map(b64decode, traces)))), default=None)


def ask(socket: Path, version: str, dockerfiles: Sequence[str]) -> list[int | None]:
    """One after the other: two builds of BuildKit at a time would name the steps that they share alike."""
    read = classic_steps if version == "1" else buildkit_steps
    query = {"version": version, "dockerfile": "Dockerfile"}
    return [read(post_build(socket, query, tar_of(text))) for text in dockerfiles]


def differ(steps: Mapping[str, Any]) -> bool:
    return len({json.dumps(each) for each in steps.values()}) > 1


@pytest.mark.parametrize("version", ["26.1", "28.5", "20.10"])
def test_builders_say_what_the_table_says(version: str) -> None:
    """One engine is asked everything, the others where they differ."""
    asked = [case for case in CASES if version == "26.1" or differ(case["steps"])]
    with open_engine(f"private:{version}").start(os.environ, print) as engine:
        socket = engine.socket
        assert socket is not None
        texts = [case["dockerfile"] for case in asked]
        with ThreadPoolExecutor() as pool:
            classic, buildkit = pool.map(ask, (socket, socket), ("1", "2"), (texts, texts))
    found = {case["name"]: list(pair) for case, *pair in zip(asked, classic, buildkit, strict=True)}
    expected = {case["name"]: case["steps"][version] or [None, None] for case in asked}
    assert found == expected
