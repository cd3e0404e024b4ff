"""Lint of a project, end to end, beside Python that does nothing: whole processes, medians of several rounds.

`sources` is a tree of many files of no interest, as most of a repository is; `bake` has one HCL file.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LAYERFORK = Path(sys.executable).with_name("layerfork")
ROUNDS = 7
FILES = 5_000
DOCKERFILE = "FROM node:22\nWORKDIR /app\nCOPY package.json ./\nRUN npm ci\nCOPY . .\nRUN npm run build\n"
WORKFLOW = """\
on: push
jobs:
  build:
    runs-on: ubuntu-24.04
    steps:
      - uses: docker/build-push-action@v6
        with:
          context: .
          cache-from: type=gha
          cache-to: type=gha,mode=max
"""
BAKE = 'target "default" {\n  cache-from = ["type=gha"]\n  cache-to = ["type=gha,mode=max"]\n}\n'


def make(root: Path, *, files: int, bake: bool) -> None:
    for number in range(files):
        path = root / f"src/{number % 100:02}/{number}.js"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("1")
    (root / "Dockerfile").write_text(DOCKERFILE)
    (root / "package.json").write_text("{}")
    (root / ".dockerignore").write_text("Dockerfile\n.dockerignore\n.git\n")
    workflows = root / ".github" / "workflows"
    workflows.mkdir(parents=True)
    (workflows / "ci.yml").write_text(WORKFLOW)
    if bake:
        (root / "docker-bake.hcl").write_text(BAKE)


def seconds(*argv: str | Path) -> float:
    began = time.perf_counter()
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env={**os.environ})
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return time.perf_counter() - began


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        trees = {"small": (10, False), "sources": (FILES, False), "bake": (10, True)}
        for name, (files, bake) in trees.items():
            make(Path(directory) / name, files=files, bake=bake)
        measured: dict[str, list[float]] = {name: [] for name in ("python", *trees)}
        for _ in range(ROUNDS):
            measured["python"].append(seconds(sys.executable, "-c", "pass"))
            for name in trees:
                measured[name].append(seconds(LAYERFORK, "lint", Path(directory) / name))
    nothing = statistics.median(measured["python"])
    print(f"python -c pass     {nothing:6.3f} s")
    for name in trees:
        median = statistics.median(measured[name])
        print(f"lint {name:10}    {median:6.3f} s   {median / nothing:5.1f} times python -c pass")


if __name__ == "__main__":
    main()
