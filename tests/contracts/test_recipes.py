"""Every recipe of CONTRIBUTING.md, followed to the letter in a copy of the repository.

`recipes/NAME` holds a new file, if there is one, and the lines to add elsewhere. What is touched must be what
the recipe names, and then the entry must work without any other edit: that is what makes the tables the whole
seam.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fakes.dockerapi import answering

TOP = Path(__file__).parents[2]
RECIPES = Path(__file__).parent / "recipes"
RECORDS = TOP / "tests" / "unit" / "research" / "mutations" / "regressions" / "classic-env-of-path.jsonl"
COPIED = (
    *("src", "docs", "tests/contracts", "tests/golden", "tests/history", "tests/fakes", "pyproject.toml"),
    "tests/unit/report",
)
CHANGED_LINES = 4
"""An import, an entry of a table, a row of the docs; for a cause its place in the order of blame as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A copy of the repository in which a recipe was followed."""

    top: Path

    def run(self, *argv: str, **env: str) -> str:
        """What a Python of the copy prints; it must end well."""
        environment = {**os.environ, "PYTHONPATH": str(self.top / "src"), **env}
        done = subprocess.run(
            [sys.executable, *argv], env=environment, cwd=self.top, text=True, capture_output=True
        )
        assert done.returncode in (0, 1), done.stdout + done.stderr
        return done.stdout

    def layerfork(self, *argv: str, **env: str) -> str:
        return self.run("-c", "from layerfork.cli import main; main()", *argv, **env)

    def holds_contract(self, table: str, entry: str) -> None:
        """The contract tests of a table pass for the new entry, and the docs list it."""
        wanted = f"{entry} or docs_list or a_page"
        summary = self.run(
            "-m", "pytest", "-q", "-p", "no:cacheprovider", f"tests/contracts/{table}", "-k", wanted
        )
        assert re.search(r"\b([2-9]|\d\d+) passed", summary), summary
        assert "failed" not in summary


def steps_of(name: str) -> dict[str, Any]:
    return tomllib.loads((RECIPES / name / "steps.toml").read_text("utf-8"))


def follow(name: str, top: Path) -> House:
    """Copy the repository and do what the recipe says."""
    for part in COPIED:
        source, target = TOP / part, top / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    steps = steps_of(name)
    if (RECIPES / name / "new.py").exists():
        shutil.copy(RECIPES / name / "new.py", top / steps["file"])
    if "page" in steps:
        shutil.copy(RECIPES / name / "page.md", top / steps["page"])
    for line in steps["line"]:
        file = top / line["file"]
        text = file.read_text("utf-8")
        assert text.count(f"\n{line['after']}\n") == 1, line
        file.write_text(
            text.replace(f"\n{line['after']}\n", f"\n{line['after']}\n{line['add'].strip(chr(10))}\n")
        )
    return House(top=top)


@pytest.fixture
def runtime() -> Iterator[Path]:
    """A directory whose path is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="lf-", dir="/tmp") as directory:
        yield Path(directory)


@pytest.fixture
def docker_on_path(tmp_path: Path) -> str:
    """A PATH with a program that says that it is a docker CLI."""
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 27.5.1\n")
    program.chmod(0o755)
    return f"{program.parent}:{os.environ['PATH']}"


@pytest.mark.parametrize("name", sorted(path.name for path in RECIPES.iterdir()))
def test_recipe_names_every_file_that_is_touched(name: str) -> None:
    steps = steps_of(name)
    recipes = re.split(r"\n\n(?=\*\*|## )", (TOP / "CONTRIBUTING.md").read_text("utf-8"))
    (recipe,) = (text for text in recipes if text.startswith(f"**{steps['recipe']}**"))
    named = re.findall(r"`((?:src|docs)/[^`]*)`", recipe)
    pages = [steps["page"]] if "page" in steps else []
    touched = [steps["file"], *pages, *(line["file"] for line in steps["line"])]

    assert len(steps["line"]) <= CHANGED_LINES
    for path in touched:
        assert any(path == each or (each.endswith("/") and path.startswith(each)) for each in named), path
    required = [each for each in named if f"`{each}`" in recipe.partition("; ")[0]]
    assert all(any(path.startswith(each) for path in touched) for each in required)


@pytest.mark.parametrize(
    ("task", "name", "evidence"),
    [
        ("a client", "client", 0),
        ("a cause", "cause", 1),  # a pair of builds
        ("a release of BuildKit", "release", 1),  # a transcript or a pair
        ("a format", "reporter", 0),
        ("a rule of lint", "lint-rule", 1),  # its unit tests
    ],
)
def test_architecture_counts_the_files_of_a_task(task: str, name: str, evidence: int) -> None:
    steps = steps_of(name)
    pages = {steps["page"]} if "page" in steps else set()
    touched = {steps["file"], *pages, *(line["file"] for line in steps["line"])}

    page = (TOP / "docs" / "ARCHITECTURE.md").read_text("utf-8")
    row = re.search(rf"^\| {task} \| (\d+): ", page, re.MULTILINE)

    assert row is not None
    assert int(row[1]) == len(touched) + evidence


def test_client(tmp_path: Path, runtime: Path, docker_on_path: str) -> None:
    house = follow("client", tmp_path / "house")

    listed = house.layerfork("clients")
    with answering(runtime / "docker.sock") as host:
        plan = house.layerfork(
            *(
                "run",
                "--plan",
                "--engine",
                "host",
                "--client",
                "docker-plain-build",
                "--client",
                "buildx-build",
            ),
            DOCKER_HOST=host,
            PATH=docker_on_path,
        )

    assert re.search(
        r"^docker-plain-build +\w+ .*classic, buildkit +docker build --progress plain DIR$", listed, re.M
    )
    assert "  docker-plain-build (buildkit)\n" in plan
    house.holds_contract("test_client_table.py", "docker-plain-build")


def test_generation_of_engine(tmp_path: Path) -> None:
    house = follow("generation", tmp_path / "house")

    listed = house.layerfork("engines")

    assert re.search(
        r"^private:31\.0 +missing +- +classic, buildkit +graphdriver +1\.44 to 1\.60 +Debian duke$",
        listed,
        re.M,
    )
    assert "; layerfork engines get private:31.0+containerd\n" in listed
    house.holds_contract("test_engine_table.py", "31.0")


def test_kind_of_engine(tmp_path: Path, runtime: Path, docker_on_path: str) -> None:
    house = follow("engine_kind", tmp_path / "house")

    with answering(runtime / "docker.sock"):
        listed = house.layerfork("engines", XDG_RUNTIME_DIR=str(runtime))
        plan = house.layerfork(
            *("run", "--plan", "--engine", "rootless", "--client", "docker-build"),
            XDG_RUNTIME_DIR=str(runtime),
            PATH=docker_on_path,
        )

    assert re.search(rf"^rootless +ready +27\.5\.1 .* unix://{runtime}/docker\.sock$", listed, re.M)
    assert "1 build\n  docker-build (buildkit)\n" in plan
    house.holds_contract("test_engine_table.py", "rootless")


def test_release_of_buildkit(tmp_path: Path) -> None:
    house = follow("release", tmp_path / "house")
    rules = "[buildkit_rules('', engine).listing.name for engine in ('29.7.2', '29.8.0')]"
    asked = f"from layerfork.releases import buildkit_rules; print({rules})"

    assert house.run("-c", asked) == "['PATHS', 'UNKNOWN']\n"


def test_release_of_buildah(tmp_path: Path) -> None:
    house = follow("release-buildah", tmp_path / "house")
    engine = "EngineInfo(kind='podman', version=each, api_version='', image_store='')"
    rules = f"[buildah_rules({engine}).excludes_below_sources for each in ('5.8.2', '5.9.0')]"
    imports = "from layerfork.record.engine import EngineInfo; from layerfork.releases import buildah_rules"

    assert house.run("-c", f"{imports}; print({rules})") == "[False, True]\n"


def test_release_of_the_classic_builder(tmp_path: Path) -> None:
    house = follow("release-classic", tmp_path / "house")
    rules = "[classic_rules(each).health_form for each in ('29.7.2', '29.8.0')]"
    asked = f"from layerfork.releases import classic_rules; print({rules})"

    assert house.run("-c", asked) == "['%+v', 'new']\n"


def test_cause(tmp_path: Path) -> None:
    house = follow("cause", tmp_path / "house")

    said = house.layerfork("diff", f"{RECORDS}#1", f"{RECORDS}#2")

    assert said.startswith("Dockerfile:10  ENV NAME=8ce3n  missed: the ENV lines differ\n")
    assert re.search(r"^  [0-9.]+ s, 3 more steps  PROVEN env-line$", said, re.M)
    house.holds_contract("test_cause_table.py", "env-line")


def test_rule_of_lint(tmp_path: Path) -> None:
    house = follow("lint-rule", tmp_path / "house")
    project = tmp_path / "project"
    project.mkdir()
    (project / "Dockerfile").write_text("FROM alpine:3.20\nWORKDIR /\nRUN true\nWORKDIR /src\n")

    said = house.layerfork("lint", str(project))

    assert re.search(r"Dockerfile:2\b", said), said
    assert "root-workdir" in said
    assert "name a directory" in said
    assert not re.search(r"Dockerfile:4\b", said)
    house.holds_contract("test_lint_table.py", "root-workdir or overview or every_code")


def test_wording_of_an_answer(tmp_path: Path) -> None:
    """One file has a cause's wording: its rule. An edit there changes the answer, and nothing else has to."""
    house = follow("cause", tmp_path / "house")
    rule = house.top / "src" / "layerfork" / "diagnose" / "causes" / "instructions.py"
    before = house.layerfork("diff", f"{RECORDS}#1", f"{RECORDS}#2")
    text = rule.read_text("utf-8")
    assert text.count("the ENV lines differ") == 1
    rule.write_text(text.replace("the ENV lines differ", "ENV has other text"))

    after = house.layerfork("diff", f"{RECORDS}#1", f"{RECORDS}#2")

    assert after == before.replace("the ENV lines differ", "ENV has other text") != before


def test_reporter(tmp_path: Path) -> None:
    house = follow("reporter", tmp_path / "house")

    rendered = house.layerfork("diff", f"{RECORDS}#1", f"{RECORDS}#2", "--format", "tsv")

    assert rendered.startswith(f"{RECORDS}#1\t{RECORDS}#2\t")
    assert "|tsv" in house.layerfork("run", "--help")
    assert "[text|json]" in house.layerfork("engines", "--help")
    house.run(
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests/golden/test_reporters.py",
        "-k",
        "tsv",  # `make golden` writes those of the others as well, which stay as they are
        LAYERFORK_REWRITE_GOLDEN="1",
    )
    expected = house.top / "tests" / "golden" / "expected" / "recorded"
    assert {path.name for path in expected.glob("*.tsv")} == {
        f"{name}.{kind}.tsv"
        for name, kind in (
            *(
                (name, kind)
                for name in ("seed-classic", "seed-buildkit", "seed-podman")
                for kind in ("runs", "diffs")
            ),
            *((name, "runs") for name in ("several", "seed-default", "seed-engines")),
            ("cache-balance", "diffs"),
        )
    }
