"""Scripts of GitLab's and Jenkins' jobs, run as their runners do.

Source: docs.gitlab.com, CI/CD YAML syntax (``before_script`` and ``script`` are one script, which ends at the
first line that fails; ``extends`` merges variables); jenkins.io, Pipeline: Nodes and Processes (``sh`` runs a
text without ``#!`` with ``-xe``).
"""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

TOP = Path(__file__).parents[2]
GITLAB = TOP / "integrations" / "gitlab" / "layerfork.gitlab-ci.yml"
JENKINS = TOP / "integrations" / "jenkins" / "Jenkinsfile"
Done = subprocess.CompletedProcess[str]


def gitlab_job() -> dict[str, Any]:
    """The job that others extend."""
    job: dict[str, Any] = yaml.safe_load(GITLAB.read_text("utf-8"))[".layerfork-check"]
    return job


def run_gitlab(project: Path, environment: Mapping[str, str], part: str = "", **variables: str) -> Done:
    """Run a job that extends it; ``part`` is ``before_script`` or ``script`` alone."""
    job = gitlab_job()
    lines = [line for each in ([part] if part else ["before_script", "script"]) for line in job[each]]
    script = "\n".join(("set -eo pipefail", *lines))
    own = {**job["variables"], **variables, "CI_PROJECT_DIR": str(project)}
    return _run(["bash", "-c", script], project, {**environment, **own})


def jenkins_scripts() -> list[str]:
    """The texts of its ``sh`` steps, as Groovy reads them."""
    return [
        text.replace("\\\\", "\\") for text in re.findall(r"(?s)sh '''(.*?)'''", JENKINS.read_text("utf-8"))
    ]


def run_jenkins(script: str, workspace: Path, temporary: Path, environment: Mapping[str, str]) -> Done:
    """Run the text of one ``sh`` step."""
    own = {"WORKSPACE": str(workspace), "WORKSPACE_TMP": str(temporary)}
    return _run(["sh", "-xe", "-c", script], workspace, {**environment, **own})


def _run(argv: list[str], place: Path, environment: Mapping[str, str]) -> Done:
    return subprocess.run(
        argv,
        cwd=place,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
        check=False,
    )
