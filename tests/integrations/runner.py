"""Runs the steps of a composite action as GitHub's runner does: its contract, without its service.

Source: docs.github.com, Metadata syntax for GitHub Actions (``runs`` of composite actions), Workflow syntax
(``shell: bash``), Workflow commands (environment files); actions/runner
src/Runner.Worker/FileCommandManager.cs @ 03182cf8614e (new files for each step, and how they are read).
"""

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from integrations.expressions import holds, substitute

BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail")
FILES = ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STEP_SUMMARY", "GITHUB_STATE")
RunAction = Callable[[str, dict[str, str]], dict[str, str]]
"""An action that is not ours: its name with its version, its inputs; gives its outputs."""


@dataclass(kw_only=True)
class Step:
    """What became of one step."""

    name: str
    exit_code: int
    """-1 for one whose ``if`` does not hold."""
    log: str = ""
    summary: str = ""
    outputs: dict[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class Job:
    """What became of all of them."""

    steps: list[Step]
    outputs: dict[str, str]
    path: list[str]
    """Directories that later steps of the job have on their path, the first one first."""
    variables: dict[str, str] = field(default_factory=dict)
    """What later steps of the job find in their environment."""

    def step(self, name: str) -> Step:
        """The step of that name."""
        return next(step for step in self.steps if step.name == name)

    @property
    def exit_code(self) -> int:
        """Of the first step that failed."""
        return next((step.exit_code for step in self.steps if step.exit_code > 0), 0)

    @property
    def summary(self) -> str:
        """The job summary, as GitHub joins it."""
        return "\n".join(step.summary for step in self.steps if step.summary)

    @property
    def log(self) -> str:
        """All that the steps wrote."""
        return "".join(step.log for step in self.steps)


class Runner:
    """A runner on which jobs find these directories and this environment."""

    def __init__(self, top: Path, place: Path, environment: Mapping[str, str], actions: RunAction) -> None:
        """``top`` is the checkout of the action, ``place`` an empty directory of the runner."""
        self._top = top
        self._actions = actions
        self.workspace = place / "workspace"
        self._temp = place / "temp"
        for directory in (self.workspace, self._temp):
            directory.mkdir()
        self._environment = {
            **environment,
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_TEMP": str(self._temp),
        }

    def has_installed(self, environment: Path) -> None:
        """Let a job find layerfork as an earlier use of the action in it left that."""
        place = self._temp / "layerfork"
        (place / "bin").mkdir(parents=True)
        (place / "environment").symlink_to(environment)
        (place / "bin" / "layerfork").symlink_to(environment / "bin" / "layerfork")

    def run(
        self, github: Mapping[str, str], path: str = "", /, earlier: Job | None = None, **given: str
    ) -> Job:
        """Run the action at a path of the checkout; ``github`` becomes variables, ``given`` are its inputs.

        ``earlier`` is what came of an action before it in the same job.
        """
        place = self._top / path
        action: dict[str, Any] = yaml.safe_load((place / "action.yml").read_text("utf-8"))
        declared = action["inputs"]
        named = {name.replace("_", "-"): value for name, value in given.items()}
        assert named.keys() <= declared.keys()
        contexts: dict[str, Any] = {"github": {"token": "github-token"}, "steps": {}}
        contexts["inputs"] = {
            name: named.get(name, substitute(str(value.get("default", "")), contexts))
            for name, value in declared.items()
        }
        before = earlier or Job(steps=[], outputs={}, path=[])
        job = Job(steps=[], outputs={}, path=[*before.path], variables={**before.variables})
        contexts |= {
            "success": lambda: not job.exit_code,
            "failure": lambda: bool(job.exit_code),
            "always": lambda: True,
            "cancelled": lambda: False,
        }
        environment = self._environment | {f"GITHUB_{name.upper()}": value for name, value in github.items()}
        environment["GITHUB_ACTION_PATH"] = str(place)
        for declaration in action["runs"]["steps"]:
            step = self._step(declaration, contexts, environment, job)
            job.steps.append(step)
            if "id" in declaration:
                contexts["steps"][declaration["id"]] = {"outputs": step.outputs}
        job.outputs = {
            name: substitute(value["value"], contexts) for name, value in action.get("outputs", {}).items()
        }
        return job

    def _step(
        self,
        declaration: Mapping[str, Any],
        contexts: Mapping[str, Any],
        job_environment: Mapping[str, str],
        job: Job,
    ) -> Step:
        name = declaration["name"]
        if not holds(declaration.get("if", "success()"), contexts):
            return Step(name=name, exit_code=-1)
        if "uses" in declaration:
            inputs = {key: substitute(str(value), contexts) for key, value in declaration["with"].items()}
            for key, value in inputs.items():
                inputs[key] = {"True": "true", "False": "false"}.get(value, value)
            return Step(name=name, exit_code=0, outputs=self._actions(declaration["uses"], inputs))
        own = {key: substitute(value, contexts) for key, value in declaration.get("env", {}).items()}
        return self._script(name, substitute(declaration["run"], contexts), job_environment, own, job)

    def _script(
        self, name: str, script: str, job_environment: Mapping[str, str], own: Mapping[str, str], job: Job
    ) -> Step:
        place = self._temp / f"step-{len(job.steps)}-{os.urandom(3).hex()}"
        place.mkdir()
        files = {each: place / each.lower() for each in FILES}
        for file in files.values():
            file.touch()
        (place / "script.sh").write_text(script)
        searched = os.pathsep.join((*job.path, job_environment["PATH"]))
        variables = {**job.variables, "PATH": searched, **{each: str(file) for each, file in files.items()}}
        done = subprocess.run(
            [*BASH, str(place / "script.sh")],
            cwd=self.workspace,
            env={**job_environment, **own, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=240,
        )
        job.variables |= _pairs(files["GITHUB_ENV"].read_text("utf-8"))
        job.path[:0] = reversed(files["GITHUB_PATH"].read_text("utf-8").splitlines())
        return Step(
            name=name,
            exit_code=done.returncode,
            log=done.stdout,
            summary=files["GITHUB_STEP_SUMMARY"].read_text("utf-8"),
            outputs=_pairs(files["GITHUB_OUTPUT"].read_text("utf-8")),
        )


def _pairs(text: str) -> dict[str, str]:
    """``NAME=VALUE`` lines; the form with a delimiter is used by no step of ours."""
    pairs = {}
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        assert name, f"no NAME=VALUE: {line}"
        assert equals, f"no NAME=VALUE: {line}"
        pairs[name] = value
    return pairs
