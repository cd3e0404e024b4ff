"""What CI systems run of ours, run as they do, with real builds."""

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
from engines.running import user_of
from fakes.githubapi import REPOSITORY, Artifacts, serving
from fakes.gitlabapi import JOB_TOKEN, OWN_TOKEN, PROJECT, Archives
from fakes.gitlabapi import serving as serving_gitlab
from integrations.runner import Job, Runner
from integrations.scripts import Done, gitlab_job, jenkins_scripts, run_gitlab, run_jenkins

from layerfork.builders.engines import RunningEngine, open_engine
from layerfork.builders.recording.recorder import VERIFY_VARIABLE

pytestmark = pytest.mark.engine
TOP = Path(__file__).parents[2]
DOCKERFILE = "FROM alpine\nRUN echo one\nCOPY data.txt /\nRUN echo two\n"
WRITES_THE_TIME = "date +%N >data.txt\ndocker build ."
AT_THE_LINE = "::error file=Dockerfile,line=3,title=layerfork%3A content::"
UPLOAD = "actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f"
START, FINISH = "integrations/github/start", "integrations/github/finish"
RESULTS = ["check.json", "forks.html", "forks.sarif", "forks.svg", "record.jsonl"]


@pytest.fixture(scope="module")
def engine() -> Iterator[RunningEngine]:
    with open_engine("private").start(os.environ, print) as running:
        yield running


@pytest.fixture(scope="module")
def user(engine: RunningEngine, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of somebody whose docker is the engine."""
    assert engine.toolchain is not None
    home = tmp_path_factory.mktemp("user")
    plugins = {"cliPluginsExtraDirs": [str(engine.toolchain.cli_plugins)]}
    (home / "config.json").write_text(json.dumps(plugins))
    own = {"DOCKER_CONFIG": str(home), "XDG_STATE_HOME": str(home / "state"), "LC_ALL": "C.UTF-8"}
    return user_of(engine, **own, **{VERIFY_VARIABLE: "1"})


class Project:
    """A repository whose jobs use the action."""

    def __init__(self, user: dict[str, str], place: Path, artifacts: Artifacts) -> None:
        self._artifacts = artifacts
        self._branch = ""
        self._user = user
        self._runner = Runner(TOP, place, user, self._action)
        self._runner.has_installed(Path(sys.prefix))  # what installs is tested in tests/integrations
        self.directory = self._runner.workspace
        (self.directory / "Dockerfile").write_text(DOCKERFILE)
        (self.directory / "data.txt").write_text("data\n")

    def _action(self, name: str, inputs: dict[str, str]) -> dict[str, str]:
        assert name == UPLOAD
        assert inputs["overwrite"] == "true"
        self._artifacts.uploaded(self._branch, inputs)
        return {"artifact-url": f"https://example.org/{len(self._artifacts.kept)}"}

    def job(self, branch: str, path: str = "", /, earlier: Job | None = None, **inputs: str) -> Job:
        """Use the action, or the one at ``path``, in a job of a branch."""
        self._branch = branch
        ref = "refs/heads/main" if branch == "main" else "refs/pull/7/merge"
        github = {"api_url": self._artifacts.url, "repository": REPOSITORY, "ref": ref}
        return self._runner.run(github, path, earlier=earlier, **inputs)

    def job_of_steps(self, branch: str, *steps: str) -> Job:
        """A job with steps of its own between `start` and `finish`."""
        begun = self.job(branch, START, baseline="main", name="steps")
        assert begun.exit_code == 0, begun.log
        for step in steps:
            environment = {**self._user, **begun.variables}
            subprocess.run(["bash", "-ec", step], cwd=self.directory, env=environment, check=True)
        return self.job(branch, FINISH, earlier=begun, name="steps")


@pytest.fixture(scope="module")
def project(user: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    artifacts = Artifacts()
    with serving(artifacts):
        yield Project(user, tmp_path_factory.mktemp("runner"), artifacts)


def test_a_job_that_builds_what_changes_fails_at_the_line(project: Project) -> None:
    job = project.job("feature", run=WRITES_THE_TIME)

    assert job.exit_code == 1, job.log
    assert (job.outputs["exit-code"], job.outputs["artifact-url"]) == ("1", "https://example.org/1")
    (annotation,) = [line for line in job.log.splitlines() if line.startswith("::")]
    assert annotation.startswith(f"{AT_THE_LINE}COPY data.txt /  missed: data.txt changed%0A")
    directory = Path(job.outputs["directory"])
    assert sorted(path.name for path in directory.iterdir()) == RESULTS
    assert ET.parse(directory / "forks.svg").getroot().tag == "{http://www.w3.org/2000/svg}svg"
    assert json.loads((directory / "check.json").read_text())["passed"] is False
    summary = job.summary
    assert "### layerfork check: failed\n" in summary
    assert "**Hit rate:** 33 %, 1 of 3 steps\n" in summary
    assert "Dockerfile:3 `COPY data.txt /` missed: data.txt changed\n" in summary
    assert "- **Fix:** write the same data.txt in every build" in summary
    assert '```mermaid\nflowchart LR\n  s0_0["1 FROM alpine' in summary
    assert summary.rstrip().endswith("[Record, fork graph (SVG) and page](https://example.org/1)")


def test_branches_are_compared_with_what_main_uploaded(engine: RunningEngine, project: Project) -> None:
    first = project.job("feature", run="docker build .", baseline="main")
    assert first.exit_code == 0, first.log
    assert "::notice title=layerfork::main has no artifact layerfork yet: there is no baseline\n" in first.log
    assert "check: all 3 steps of the second build were reused\n" in first.log
    engine.reset()
    main = project.job("main", path=".", baseline="main")
    assert main.exit_code == 0, main.log
    assert "this is main: its record is what other branches are compared with" in main.log
    (project.directory / "data.txt").write_text("changed\n")
    changed = project.job("feature", path=".", baseline="main")
    assert changed.exit_code == 1, changed.log
    assert "compared with main at " in changed.step("Fetch the baseline").log
    assert AT_THE_LINE in changed.log
    allowed = project.job("feature", path=".", baseline="main", max_lost="60")
    assert allowed.exit_code == 0, allowed.log


def test_builds_of_several_steps_are_recorded_and_compared(engine: RunningEngine, project: Project) -> None:
    (project.directory / "data.txt").write_text("data\n")
    engine.reset()
    main = project.job_of_steps("main", "docker build .")
    assert main.exit_code == 0, main.log
    assert "[Record of the builds](https://example.org/" in main.summary
    said = [line.split()[1] for line in main.log.splitlines() if line.startswith("layerfork: ")]
    assert said == ["using", "1"], main.log  # its engine; one build is recorded
    (project.directory / "data.txt").write_text("changed\n")
    changed = project.job_of_steps("feature", "docker build -q .", "echo nothing to build")
    assert (changed.exit_code, changed.outputs["exit-code"]) == (1, "1"), changed.log
    assert "check: 2 of 3 steps have no key of " in changed.log
    assert changed.log.splitlines()[-1].startswith(
        f"{AT_THE_LINE}COPY data.txt /  missed: data.txt changed%0A"
    )
    assert "**Hit rate:** 33 %, 1 of 3 steps\n" in changed.summary
    assert sorted(path.name for path in Path(changed.outputs["directory"]).iterdir()) == RESULTS
    assert changed.variables["DOCKER_HOST"] == engine.docker_host
    alone = project.job("feature", FINISH)
    assert (alone.exit_code, alone.step("Upload the record").exit_code) == (2, -1)


def test_what_shows_no_build_and_what_cannot_be_built_fail_as_check_does(project: Project) -> None:
    nothing = project.job("feature", run="true")
    assert nothing.exit_code == 3, nothing.log
    own = project.job("feature", run="false\ndocker build .")
    assert (own.exit_code, own.outputs["exit-code"]) == (1, "1")
    assert "check: the command failed with exit code 1, so nothing was checked\n" in own.log
    wrong = project.job("feature", allow="\nbuild-arg\nno-such-cause\n")
    assert (wrong.exit_code, wrong.outputs["directory"]) == (2, ""), wrong.log
    assert wrong.step("Upload the record").exit_code == -1
    both = project.job("feature", run="docker build .", clients="docker-build\ndocker_py-build")
    assert both.exit_code == 2
    assert "--client cannot be combined with a command after --" in both.log


def test_gitlab_gets_its_reports_and_the_record_of_a_branch(
    engine: RunningEngine, user: dict[str, str], tmp_path: Path
) -> None:
    archives = Archives()
    environment = user | {"PATH": f"{Path(sys.executable).parent}:{user['PATH']}"}  # layerfork is installed
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    (tmp_path / "data.txt").write_text("data\n")

    def job(branch: str, **variables: str) -> Done:
        given = {"CI_API_V4_URL": archives.url, "CI_PROJECT_ID": PROJECT, "CI_JOB_NAME": "cache: image"}
        own = given | {"CI_COMMIT_BRANCH": branch, "CI_JOB_TOKEN": JOB_TOKEN, "CI_JOB_ID": "1"}
        return run_gitlab(tmp_path, environment, **own, LAYERFORK_BASELINE_BRANCH="main/1", **variables)

    with serving_gitlab(archives):
        nothing = job("feature", LAYERFORK_RUN="true")
        assert nothing.returncode == 3
        assert "cache: image has left no artifact on main/1 yet: the build runs twice\n" in nothing.stdout
        engine.reset()
        main = job("main/1")
        assert main.returncode == 0, main.stdout
        archives.keep("main/1", "cache: image", tmp_path, "layerfork-results")
        (tmp_path / "data.txt").write_text("changed\n")
        changed = job("feature")
        assert changed.returncode == 1, changed.stdout
        assert "check: 2 of 3 steps have no key of " in changed.stdout
        reports = gitlab_job()["artifacts"]["reports"]
        (issue,) = json.loads((tmp_path / reports["codequality"]).read_text())
        assert issue["location"] == {"path": "Dockerfile", "lines": {"begin": 3}}
        cases = ET.parse(tmp_path / reports["junit"]).getroot().iter("testcase")
        failed = [str(case.get("name")) for case in cases if case.find("failure") is not None]
        assert [name for name in failed if "COPY data.txt" in name] == failed[:1]
        assert [(tmp_path / path).is_dir() for path in gitlab_job()["artifacts"]["paths"]] == [True]
        del archives.tokens["JOB-TOKEN"]
        refused = job("feature")
        assert refused.returncode == 3
        assert "cannot read the baseline of main/1: HTTP Error 401: Unauthorized; " in refused.stdout
        assert "no build passed" in job("feature", LAYERFORK_TOKEN=OWN_TOKEN, LAYERFORK_RUN="true").stdout


def test_jenkins_gets_its_reports(user: dict[str, str], tmp_path: Path) -> None:
    workspace, temporary = tmp_path / "job", tmp_path / "job@tmp"
    (workspace / "layerfork-results").mkdir(parents=True)
    (workspace / "layerfork-results" / "of-the-last-run").touch()
    (workspace / "Dockerfile").write_text("FROM alpine\nCOPY . /all\n")
    temporary.mkdir()
    (temporary / "layerfork").symlink_to(sys.prefix)
    done = run_jenkins(jenkins_scripts()[1], workspace, temporary, user)

    assert done.returncode == 0, done.stdout
    results = sorted(path.name for path in (workspace / "layerfork-results").iterdir())
    assert results == ["forks.html", "forks.sarif", "forks.svg", "junit.xml", "record.jsonl"]


def test_the_plain_recipe_does_what_it_says(user: dict[str, str], tmp_path: Path) -> None:
    (section,) = re.findall(r"(?s)## Any other CI\n(.*?)\n## ", (TOP / "docs" / "ci.md").read_text("utf-8"))
    scripts = re.findall(r"(?s)```sh\n(.*?)```", section)
    project = tmp_path / "project"
    project.mkdir()
    (project / "Dockerfile").write_text("FROM alpine\nCOPY . /all\n")
    environment = user | {"PATH": f"{Path(sys.executable).parent}:{user['PATH']}"}
    done = [subprocess.run(["sh", "-ec", each], cwd=project, env=environment).returncode for each in scripts]

    assert done == [0, 0]
    assert sorted(path.name for path in (tmp_path / "results").iterdir()) == [
        "forks.svg",
        "junit.xml",
        "main.jsonl",
    ]
    assert list(project.iterdir()) == [project / "Dockerfile"]
