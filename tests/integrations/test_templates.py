"""What CI systems read of ours is as they read it, by their published schemas."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from integrations.expressions import evaluate, holds, substitute

TOP = Path(__file__).parents[2]
ACTIONS = ("action.yml", "integrations/github/start/action.yml", "integrations/github/finish/action.yml")
SCHEMAS = {
    **dict.fromkeys(ACTIONS, "vendor.github-actions"),
    "integrations/gitlab/layerfork.gitlab-ci.yml": "vendor.gitlab-ci",
    ".github/workflows/ci.yml": "vendor.github-workflows",
}
UPLOAD_INPUTS = frozenset(
    {"name", "path", "if-no-files-found", "retention-days", "compression-level", "overwrite"}
    | {"include-hidden-files", "archive"}
)
"""Source: actions/upload-artifact action.yml @ bbbca2ddaa5d8feaa63e36b76fdaad77386f024f (v7.0.0)."""


@pytest.mark.parametrize("file", SCHEMAS)
def test_it_has_the_form_that_is_published(file: str) -> None:
    program = str(Path(sys.executable).with_name("check-jsonschema"))
    done = subprocess.run(
        [program, "--builtin-schema", SCHEMAS[file], TOP / file], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_own_workflow_pins_actions_and_may_only_read() -> None:
    workflow = yaml.safe_load((TOP / ".github/workflows/ci.yml").read_text("utf-8"))
    used = [step["uses"] for job in workflow["jobs"].values() for step in job["steps"] if "uses" in step]
    assert used
    assert all(re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", each) for each in used)
    assert workflow["permissions"] == {"contents": "read"}


@pytest.fixture(params=ACTIONS)
def action(request: pytest.FixtureRequest) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((TOP / request.param).read_text("utf-8"))
    return document


def test_actions_of_others_are_pinned_and_asked_for_what_they_know(action: dict[str, Any]) -> None:
    for step in action["runs"]["steps"]:
        if "uses" in step:
            assert re.fullmatch(r"actions/upload-artifact@[0-9a-f]{40}", step["uses"])
            assert step["with"].keys() <= UPLOAD_INPUTS


def test_no_input_is_part_of_a_script(action: dict[str, Any]) -> None:
    """Text in ``run`` would be code: inputs come as variables."""
    assert [step["run"] for step in action["runs"]["steps"] if "${{" in step.get("run", "")] == []


def test_every_input_is_used(action: dict[str, Any]) -> None:
    steps = json.dumps(action["runs"]["steps"])

    assert [name for name in action["inputs"] if f"inputs.{name} " not in steps] == []


@pytest.mark.parametrize("file", ACTIONS)
def test_every_script_is_there_and_can_be_run(file: str) -> None:
    scripts = re.findall(r"\$GITHUB_ACTION_PATH/([\w/.]+)", (TOP / file).read_text("utf-8"))

    assert scripts
    for script in scripts:
        path = (TOP / file).parent / script
        assert path.stat().st_mode & 0o111 or script.endswith(".py")


def test_expressions_mean_what_github_says() -> None:
    contexts: dict[str, Any] = {
        "inputs": {"baseline": "main", "max-lost": ""},
        "steps": {"check": {"outputs": {"exit-code": "1"}}},
        "success": lambda: False,
        "cancelled": lambda: False,
    }

    assert evaluate("inputs.baseline != ''", contexts) is True
    assert evaluate("steps.absent.outputs.file", contexts) == ""
    assert evaluate("'a' == 'A' && !(inputs.max-lost != '')", contexts) is True
    assert substitute("x ${{ inputs.baseline }} ${{ steps.check.outputs.exit-code }}", contexts) == "x main 1"
    assert not holds("${{ inputs.baseline != '' }}", contexts)
    assert holds("${{ !cancelled() && steps.check.outputs.exit-code != '' }}", contexts)
    with pytest.raises(KeyError):
        evaluate("secrets.x", contexts)
