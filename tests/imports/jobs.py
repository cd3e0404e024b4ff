"""Logs of whole CI jobs: two real builds, and what each CI system writes around and before their lines.

``jobs/before.log`` and ``jobs/after.log`` are what ``docker buildx build --progress plain`` printed of both
commits of `make_repository`, on Engine 28.5.2: made by

    layerfork engines run 28.5 -- python tests/imports/jobs.py

The forms are those of the systems' documentation and sources, named at each function.
"""

import os
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

LOGS = Path(__file__).parent / "jobs"
NAMES = ("before", "after")
TIME = "2026-11-25T16:43:05.1234567Z"
SUBJECT = "Say hello"
COMMITS: tuple[dict[str, str], ...] = (
    {
        "Dockerfile": "FROM alpine\n"
        "ENV PATH=/app:$PATH\n"
        "WORKDIR /app\n"
        "COPY . .\n"
        "RUN npm ci\n"
        "RUN sleep 1 && cp src/app.js /app.js\n",
        ".dockerignore": ".git\n.dockerignore\nDockerfile\n",
        "npm": "#!/bin/sh\nsleep 2\necho added 3 packages\n",
        "package.json": "{}\n",
        "src/app.js": "1\n",
    },
    {"src/app.js": "2\n", "README.md": "x\n"},
)


def make_repository(top: Path) -> tuple[str, ...]:
    """Both commits, whose ids are always the same; the second one is checked out."""
    return tuple(commit(top, number) for number in range(len(COMMITS)))


def commit(top: Path, number: int) -> str:
    """Write the files of a commit and make it; its id."""
    for name, text in COMMITS[number].items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)
        (top / name).chmod(0o755 if name == "npm" else 0o644)
    person = {"NAME": "a", "EMAIL": "a@example.com", "DATE": f"2026-12-01T10:0{number}:00+00:00"}
    environment = {
        **os.environ,
        **{f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in person.items()},
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
    }
    if not number:
        subprocess.run(["git", "init", "-q", "-b", "main", top], check=True, env=environment)
    for words in (("add", "-A"), ("commit", "-q", "-m", SUBJECT)):
        subprocess.run(["git", "-C", top, *words], check=True, env=environment)
    shown = subprocess.run(
        ["git", "-C", top, "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    )
    return shown.stdout.strip()


def printed(name: str) -> list[str]:
    """The lines of a build, without the last line end."""
    return (LOGS / f"{name}.log").read_text("utf-8").removesuffix("\n").split("\n")


def _now_at(commit_id: str) -> str:
    """Source: git builtin/reset.c (print_new_head_line) @ v2.47.0."""
    return f"HEAD is now at {commit_id[:7]} {SUBJECT}"


def github(commit_id: str, lines: Sequence[str]) -> list[str]:
    """Source: actions/runner src/Runner.Common/Logging.cs, actions/checkout src/git-source-provider.ts
    (``log1``) @ v4.2.2."""
    own = [
        "Current runner version: '2.320.0'",
        "##[group]Operating System",
        "Ubuntu",
        "##[endgroup]",
        "##[group]Run actions/checkout@v4",
        "##[endgroup]",
        "Syncing repository: owner/shop",
        "##[group]Checking out the ref",
        "[command]/usr/bin/git checkout --progress --force -B main refs/remotes/origin/main",
        "Switched to a new branch 'main'",
        "##[endgroup]",
        "[command]/usr/bin/git log -1 --format=%H",
        commit_id,
        "##[group]Run docker buildx build --progress plain .",
        "\x1b[36;1mdocker buildx build --progress plain .\x1b[0m",
        "shell: /usr/bin/bash -e {0}",
        "##[endgroup]",
    ]
    after = ["Post job cleanup.", "[command]/usr/bin/git version", "Cleaning up orphan processes"]
    log = [f"{TIME} {line}" for line in (*own, *lines, *after)]
    return ["\ufeff" + log[0], *log[1:]]


def gh_view(commit_id: str, lines: Sequence[str]) -> list[str]:
    """``gh run view --log`` of a run with two jobs. Source: cli/cli pkg/cmd/run/view/view.go."""
    own = ["[command]/usr/bin/git log -1 --format='%H'", f"'{commit_id}'"]
    return [
        *(f"test\tRun tests\t{TIME} {line}" for line in ("ok", "done")),
        *(f"build\tRun actions/checkout@v4\t{TIME} {line}" for line in own),
        *(f"build\tRun docker buildx build\t{TIME} {line}" for line in lines),
        f"build\tComplete job\t{TIME} Cleaning up orphan processes",
    ]


def gitlab(commit_id: str, lines: Sequence[str]) -> list[str]:
    """Source: docs.gitlab.com, "CI/CD job logs" (sections); gitlab-org/gitlab-runner shells/abstract.go
    (writeCheckoutCmd) @ v17.0.0."""
    return [
        "\x1b[0KRunning with gitlab-runner 17.0.0 (44feccdf)\x1b[0;m",
        "section_start:1764088985:get_sources\r\x1b[0K\x1b[0K\x1b[36;1mGetting source\x1b[0;m\x1b[0;m",
        "\x1b[32;1mFetching changes with git depth set to 20...\x1b[0;m",
        "Reinitialized existing Git repository in /builds/owner/shop/.git/",
        f"\x1b[32;1mChecking out {commit_id[:8]} as detached HEAD (ref is main)...\x1b[0;m",
        "",
        "section_end:1764088987:get_sources\r\x1b[0K",
        "section_start:1764088987:step_script\r\x1b[0K\x1b[0K\x1b[36;1mExecuting the script\x1b[0;m\x1b[0;m",
        "\x1b[32;1m$ docker buildx build --progress plain .\x1b[0;m",
        *lines,
        "section_end:1764088999:step_script\r\x1b[0K",
        "\x1b[32;1mJob succeeded\x1b[0;m",
    ]


def gitlab_times(commit_id: str, lines: Sequence[str]) -> list[str]:
    """With ``FF_TIMESTAMPS``. Source: gitlab-org/gitlab-runner common/buildlogger/internal/timestamper.go
    @ v17.0.0."""
    return [
        f"2026-11-25T16:43:05.123456Z {'00O' if place < 9 else '01E'} {line}"
        for place, line in enumerate(gitlab(commit_id, lines))
    ]


def jenkins(commit_id: str, lines: Sequence[str]) -> list[str]:
    """Source: jenkinsci/workflow-cps-plugin (``[Pipeline]``), jenkinsci/timestamper-plugin (pipelines),
    jenkinsci/git-plugin GitSCM.java (checkout), jenkinsci/jenkins hudson/console/ConsoleNote.java."""
    note = "\x1b[8mha:////4Abc+/w==\x1b[0m"
    own = [
        "Cloning the remote Git repository",
        " > git fetch --tags --force --progress -- https://example.com/shop +refs/heads/*:refs/heads/*",
        f"Checking out Revision {commit_id} (refs/remotes/origin/main)",
        " > git config core.sparsecheckout # timeout=10",
        f" > git checkout -f {commit_id} # timeout=10",
        f'Commit message: "{SUBJECT}"',
    ]
    return [
        "Started by user admin",
        f"{note}[Pipeline] Start of Pipeline",
        f"{note}[Pipeline] checkout",
        *(f"[2026-11-25T16:43:05.123Z] {line}" for line in own),
        f"{note}[Pipeline] sh",
        *(
            f"[2026-11-25T16:43:06.123Z] {line}"
            for line in ("+ docker buildx build --progress plain .", *lines)
        ),
        f"{note}[Pipeline] }}",
        f"{note}[Pipeline] // node",
        f"{note}[Pipeline] End of Pipeline",
        "Finished: SUCCESS",
    ]


def jenkins_branches(commit_id: str, lines: Sequence[str]) -> list[str]:
    """Parallel branches. Source: jenkinsci/workflow-cps-plugin, labels of ``parallel``."""
    return [
        f"Checking out Revision {commit_id} (refs/remotes/origin/main)",
        "[Pipeline] parallel",
        "[Pipeline] { (Branch: image)",
        "[Pipeline] { (Branch: docs)",
        *(each for line in lines for each in (f"[image] {line}", "[docs] rendering a page")),
        "[Pipeline] // parallel",
        "Finished: SUCCESS",
    ]


def circleci(commit_id: str, lines: Sequence[str]) -> list[str]:
    """Source: circleci.com/docs, "Configuration reference" (``checkout``); steps print what git prints."""
    return [
        "Cloning git repository",
        "Cloning into '.'...",
        "Checking out branch",
        _now_at(commit_id),
        "#!/bin/bash -eo pipefail",
        "docker buildx build --progress plain .",
        *lines,
        "CircleCI received exit code 0",
    ]


def azure(commit_id: str, lines: Sequence[str]) -> list[str]:
    """Source: microsoft/azure-pipelines-agent src/Agent.Worker (logs have a time before each line, commands
    ``##[command]``), Agent.Plugins/GitSourceProvider.cs (checkout)."""
    own = [
        "##[section]Starting: Checkout owner/shop@main to s",
        "==============================================================================",
        "Task         : Get sources",
        "==============================================================================",
        f"##[command]git checkout --progress --force {commit_id}",
        "Note: switching to '" + commit_id + "'.",
        _now_at(commit_id),
        "##[section]Finishing: Checkout owner/shop@main to s",
        "##[section]Starting: Build",
        "[command]/usr/bin/docker buildx build --progress plain .",
    ]
    return [f"{TIME} {line}" for line in (*own, *lines, "##[section]Finishing: Build")]


def azure_task(commit_id: str, lines: Sequence[str]) -> list[str]:
    """Its Docker task, in a log of its own. Source: docs of microsoft/azure-pipelines-tasks, DockerV2."""
    labels = f"sourceversion={commit_id} --label com.azure.dev.image.build.buildnumber=20261125.4"
    own = [
        "##[section]Starting: Docker",
        "Task         : Docker",
        f"[command]/usr/bin/docker build --label com.azure.dev.image.build.{labels} /home/vsts/work/1/s",
    ]
    return [f"{TIME} {line}" for line in (*own, *lines, "##[section]Finishing: Docker")]


def git_context(commit_id: str, lines: Sequence[str]) -> list[str]:
    """docker/build-push-action without ``context``: BuildKit itself fetches the commit."""
    begin, end = next((place, place + 4) for place, line in enumerate(lines) if line.startswith("#1 "))
    own = [
        f"[command]/usr/bin/docker buildx build https://github.com/owner/shop.git#{commit_id}",
        *lines[:begin],
        f"#1 [internal] load git source https://github.com/owner/shop.git#{commit_id}",
        f"#1 0.745 {commit_id}       refs/heads/main",
        "#1 DONE 1.2s",
        "",
        *lines[end:],
    ]
    return [f"{TIME} {line}" for line in own]


def jenkins_clock(commit_id: str, lines: Sequence[str]) -> list[str]:
    """The clock of jenkinsci/timestamper-plugin, before lines of steps alone."""
    own = [f"Checking out Revision {commit_id} (refs/remotes/origin/main)", "+ docker buildx build ."]
    return ["[Pipeline] checkout", *(f"22:47:38  {line}" for line in (*own, *lines)), "[Pipeline] }"]


def buildkite(commit_id: str, lines: Sequence[str]) -> list[str]:
    """Source: buildkite/agent process/timestamper.go (``ESC _bk;t=…BEL``), internal/job/checkout.go;
    buildkite.com/docs, "Managing log output" (``~~~``, ``---``, ``+++``)."""
    own = [
        "~~~ Preparing working directory",
        f"\x1b[90m$\x1b[0m git checkout -f {commit_id}",
        _now_at(commit_id),
        "~~~ Running commands",
        "\x1b[90m$\x1b[0m docker buildx build --progress plain .",
    ]
    return [
        f"\x1b_bk;t={1764088985000 + place}\x07{line}\r"
        for place, line in enumerate((*own, *lines, "~~~ Running global pre-exit hook"))
    ]


def bitbucket(commit_id: str, lines: Sequence[str]) -> list[str]:
    """Source: support.atlassian.com, "Git clone behavior" and logs of steps: each command behind ``+``."""
    return [
        "+ umask 000",
        '+ GIT_LFS_SKIP_SMUDGE=1 retry 6 git clone --branch="main" --depth 50 $URL $BUILD_DIR',
        f"+ git reset --hard {commit_id}",
        _now_at(commit_id),
        "+ docker buildx build --progress plain .",
        *lines,
        "Build teardown script:",
    ]


FAMILIES: tuple[Callable[[str, Sequence[str]], list[str]], ...] = (
    github,
    gh_view,
    gitlab,
    gitlab_times,
    jenkins,
    jenkins_branches,
    circleci,
    azure,
    azure_task,
    git_context,
    jenkins_clock,
    buildkite,
    bitbucket,
)


def main() -> None:
    """Make both builds, and keep what they print."""
    LOGS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        for number, name in enumerate(NAMES):
            commit(Path(directory), number)
            words = ("docker", "buildx", "build", "--progress", "plain", "--provenance=false", ".")
            done = subprocess.run(words, cwd=directory, check=True, stderr=subprocess.PIPE)
            (LOGS / f"{name}.log").write_bytes(done.stderr)


if __name__ == "__main__":
    main()
