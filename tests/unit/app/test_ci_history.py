"""Builds of CI runs, against servers of our own that speak the published API."""

import io
import os
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from fakes.apiserver import Answer, Asked, json_answer, serving
from fakes.githubruns import REPOSITORY, TOKEN, GitHubRuns, Run
from fakes.gitlabruns import JOB_TOKEN, PROJECT, GitLabRuns, Job, Pipeline
from fakes.gitlabruns import TOKEN as LAB_TOKEN
from history.exports import export_of
from history.project import make_repository, read_kept

from layerfork.app.history.listing import HistoryAsked, list_history
from layerfork.builders.ci import web
from layerfork.cli.root import root
from layerfork.errors import LayerforkError, UsageError
from layerfork.record.history import ExplainedBuild, HistoryReport

LOG = """\
2026-12-01T10:00:01.0000000Z ##[group]Run docker build .
2026-12-01T10:00:02.0000000Z #5 [1/3] FROM docker.io/library/alpine
2026-12-01T10:00:02.1000000Z #5 CACHED
2026-12-01T10:00:02.2000000Z
2026-12-01T10:00:03.0000000Z #6 [2/3] COPY a.txt /
2026-12-01T10:00:03.1000000Z #6 {first}
2026-12-01T10:00:03.2000000Z
2026-12-01T10:00:04.0000000Z #7 [3/3] RUN make
2026-12-01T10:00:09.0000000Z #7 DONE 5.0s
2026-12-01T10:00:09.1000000Z
2026-12-01T10:00:10.0000000Z #8 exporting to image
2026-12-01T10:00:10.1000000Z #8 exporting layers done
2026-12-01T10:00:10.2000000Z #8 DONE 0.1s
"""
CACHED, BUILT = LOG.format(first="CACHED"), LOG.format(first="DONE 0.1s")
NO_BUILD = "2026-12-01T10:00:01.0000000Z All tests passed\n"


@dataclass
class Place:
    """A machine that asks servers of ours."""

    environment: dict[str, str]
    said: list[str] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)
    url: str = ""

    def history(self, word: str, **asked: Any) -> HistoryReport:
        wanted = HistoryAsked(files=[word], environment=self.environment, newest=0, **asked)
        return list_history(wanted, self.said.append)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    found = Place({"PATH": str(tmp_path / "no-programs")})
    monkeypatch.setattr(web, "pause", found.waited.append)
    monkeypatch.setattr(web, "RETRIES", web.RETRIES.new(backoff_factor=0.0))
    return found


@pytest.fixture
def hub(place: Place) -> Iterator[GitHubRuns]:
    with ExitStack() as stack:
        runs = GitHubRuns()
        place.url = stack.enter_context(serving(runs.answer))
        place.environment |= {"GITHUB_API_URL": place.url, "GH_TOKEN": TOKEN}
        yield runs


@pytest.fixture
def lab(place: Place) -> Iterator[GitLabRuns]:
    with ExitStack() as stack:
        pipelines = GitLabRuns()
        place.url = stack.enter_context(serving(pipelines.answer))
        place.environment |= {"GITLAB_HOST": place.url, "GITLAB_TOKEN": LAB_TOKEN}
        yield pipelines


HUB = f"github:{REPOSITORY}"
LAB = f"gitlab:{PROJECT}"


def exports() -> list[bytes]:
    """Of the builds of `history.project`, the oldest first."""
    return [export_of(each) for each in read_kept()]


def run_of(build: ExplainedBuild) -> tuple[str, str, str]:
    assert build.run is not None
    return build.run.id, build.run.branch, build.reusable


def test_exports_of_runs_are_explained_by_their_commits(
    place: Place, hub: GitHubRuns, tmp_path: Path
) -> None:
    top = tmp_path / "top"
    top.mkdir()
    commits = make_repository(top)
    hub.runs = [
        Run(sha=sha, artifacts={f"owner~project~{number}.dockerbuild": data, "image": b"not asked for"})
        for number, (sha, data) in reversed(list(enumerate(zip(commits, exports(), strict=True))))
    ]
    report = place.history(HUB, repository=str(top))

    assert [build.run.id for build in report.builds if build.run] == ["5", "4", "3", "2", "1"]
    said = [
        (answer.status.value, answer.culprit)
        for build in report.builds
        if build.report is not None
        for answer in build.report.answers[:1]
    ]
    assert said[1:] == [("INFERRED", "lock.txt changed"), ("INFERRED", "src/a changed")]
    assert said[0][0] == "UNEXPLAINED"
    assert report.builds[-1].reusable == "none is known: no earlier build of main was found"
    assert report.builds[0].reusable == "the previous build of main, run 4"
    assert report.problems == ()
    blobs = [each for each in hub.asked if each.path.startswith("/blob/")]
    assert len(blobs) == 5
    assert not any("authorization" in each.headers for each in blobs)


def test_a_build_of_a_run_is_explained_by_its_id(place: Place, hub: GitHubRuns, tmp_path: Path) -> None:
    """From what was fetched, without a question to the server."""
    hub.runs = [Run(artifacts={"a.dockerbuild": data}) for data in reversed(exports()[:2])]
    report = place.history(HUB)
    asked = len(hub.asked)
    done = typed("why", report.builds[0].id, DOCKER_HOST="unix:///nowhere", DOCKER_CONTEXT="")

    assert "COPY src /app/src" in done.output, done.output
    assert len(hub.asked) == asked


def typed(*words: str, **environment: str) -> Result:
    return CliRunner().invoke(root, list(words), env=environment)


def test_nothing_is_fetched_twice(place: Place, hub: GitHubRuns) -> None:
    hub.runs = [
        Run(logs={"build": BUILT}),
        Run(logs={"test": NO_BUILD}),
        Run(artifacts={"x.dockerbuild": exports()[0]}),
    ]
    first = place.history(HUB)
    hub.asked.clear()
    hub.runs.insert(0, Run(logs={"build": CACHED}))
    second = place.history(HUB)

    assert {each.id for each in first.builds} < {each.id for each in second.builds}
    assert len(second.builds) == len(first.builds) + 1
    below = [path for path in hub.paths() if "/runs/" in path]
    assert below
    assert all("/runs/4" in path for path in below)


def test_logs_are_read_where_exports_have_expired(place: Place, hub: GitHubRuns) -> None:
    hub.runs = [
        Run(logs={"build (linux)": BUILT, "test": NO_BUILD}, artifacts={"x.dockerbuild": None}),
        Run(logs=None),
        Run(logs={"build (linux)": CACHED}),
    ]
    report = place.history(HUB)

    assert [run_of(each) for each in report.builds] == [
        ("3", "main", "the previous build of main, run 1"),
        ("1", "main", "none is known: no earlier build of main was found"),
    ]
    assert [each.run.job for each in report.builds if each.run] == ["build (linux)"] * 2
    assert [each.partition(": ")[2] for each in report.problems] == [
        "an artifact has expired; without another one, the logs are read: run 3",
        "the logs have expired: run 2",
    ]


def test_an_artifact_that_expires_meanwhile_is_gone(place: Place, hub: GitHubRuns) -> None:
    hub.runs = [Run(logs={"build": BUILT}, artifacts={"x.dockerbuild": exports()[0]})]
    hub.troubles = [
        lambda asked: json_answer({"message": "Gone"}, 410) if asked.path.endswith("/zip") else None
    ]
    report = place.history(HUB)

    assert [each.run.job for each in report.builds if each.run] == ["build"]
    assert "an artifact has expired" in report.problems[0]


def test_jobs_are_asked_where_the_archive_is_none(place: Place, hub: GitHubRuns) -> None:
    hub.runs = [Run(logs={"build": BUILT, "test": NO_BUILD})]
    hub.troubles = [
        lambda asked: (
            Answer(body=b"no zip") if asked.path.startswith("/blob/") and "/runs/" in asked.path else None
        )
    ]
    report = place.history(HUB)

    assert [each.run.job for each in report.builds if each.run] == ["build"]


def test_every_page_is_read(place: Place, hub: GitHubRuns) -> None:
    hub.per_page = 2
    hub.runs = [Run(logs={"build": BUILT}) for _ in range(5)]

    assert len(place.history(HUB).builds) == 5
    assert len(place.history(HUB, runs=3).builds) == 3


def test_a_next_page_elsewhere_gets_no_token(place: Place, hub: GitHubRuns) -> None:
    hub.runs = [Run(logs={"build": BUILT})]
    elsewhere = place.url.replace("127.0.0.1", "localhost")

    def lead_away(asked: Asked) -> Answer | None:
        if not asked.path.endswith("/actions/runs"):
            return None
        return json_answer(
            {"total_count": 1, "workflow_runs": []}, headers={"Link": f'<{elsewhere}/x>; rel="next"'}
        )

    hub.troubles = [lead_away]
    with pytest.raises(LayerforkError, match="lies at another host"):
        place.history(HUB)
    assert "/x" not in hub.paths()


def test_a_redirected_repository_keeps_its_token_on_its_own_host(place: Place, hub: GitHubRuns) -> None:
    hub.runs = [Run(logs={"build": BUILT})]
    elsewhere = place.url.replace("127.0.0.1", "localhost")
    hub.troubles = [
        lambda asked: (
            Answer(status=301, headers={"Location": f"{elsewhere}{asked.path}"})
            if asked.path == f"/repos/{REPOSITORY}" and asked.host.startswith("127")
            else None
        )
    ]
    with pytest.raises(LayerforkError, match="HTTP 401"):
        place.history(HUB)
    assert "authorization" not in hub.asked[-1].headers


def limited(**headers: str) -> Callable[[Asked], Answer | None]:
    """The first question is one too many."""
    left = [1]

    def answer(asked: Asked) -> Answer | None:
        status = int(headers.get("status", "403"))
        more = {
            name.replace("_", "-"): value.replace("in 90 s", str(int(time.time()) + 90))
            for name, value in headers.items()
            if name not in ("status", "said")
        }
        return (
            json_answer({"message": headers.get("said", "no")}, status, more) if left and left.pop() else None
        )

    return answer


@pytest.mark.parametrize(
    ("trouble", "seconds"),
    [
        ({"x_ratelimit_remaining": "0", "x_ratelimit_reset": "in 90 s"}, 91),
        ({"retry_after": "17"}, 17),
        ({"said": "You have exceeded a secondary rate limit."}, 60),
        ({"status": "429"}, 60),
    ],
)
def test_a_rate_limit_is_waited_for(
    place: Place, hub: GitHubRuns, trouble: Mapping[str, str], seconds: int
) -> None:
    hub.runs = [Run(logs={"build": BUILT})]
    hub.troubles = [limited(**trouble)]
    report = place.history(HUB)

    assert len(report.builds) == 1
    assert place.waited == [pytest.approx(seconds, abs=5)]
    assert "waiting" in place.said[0]
    assert "until" in place.said[0]


def test_a_limit_of_a_year_is_not_waited_for(place: Place, hub: GitHubRuns) -> None:
    hub.troubles = [limited(retry_after="31536000")]
    with pytest.raises(LayerforkError, match="rate limit"):
        place.history(HUB)
    assert place.waited == []


@pytest.mark.parametrize(
    ("status", "message"),
    [(401, "refuses the token of GH_TOKEN"), (403, "HTTP 403"), (404, "shows no repository owner/project")],
)
def test_what_is_refused_is_said(place: Place, hub: GitHubRuns, status: int, message: str) -> None:
    hub.troubles = [lambda asked: json_answer({"message": f"no, {TOKEN}"}, status)]
    with pytest.raises(LayerforkError, match=message) as caught:
        place.history(HUB)
    assert "gh auth login" in caught.value.hint
    assert TOKEN not in str(caught.value)


def test_logs_that_are_refused_are_asked_for_once(place: Place, hub: GitHubRuns) -> None:
    """A token may read artifacts and no logs; with another token the run is read again."""
    hub.runs = [
        Run(logs={"build": BUILT}),
        Run(logs={"build": BUILT}),
        Run(artifacts={"x.dockerbuild": exports()[0]}),
    ]
    refuse = [
        lambda asked: (
            json_answer({"message": "Must have admin rights"}, 403) if asked.path.endswith("/logs") else None
        )
    ]
    hub.troubles = list(refuse)
    report = place.history(HUB)

    assert len(report.builds) == 1
    assert sum(path.endswith("/logs") for path in hub.paths()) == 1
    assert "logs are not read: " in report.problems[0]
    hub.troubles = []
    assert len(place.history(HUB).builds) == 3


def test_a_download_that_is_cut_goes_on(
    place: Place, hub: GitHubRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "_PIECE_BYTES", 100)
    hub.runs = [Run(artifacts={"x.dockerbuild": exports()[0]})]
    data = exports()[0]
    cuts = [len(data) // 3, len(data) // 3]

    def cut(asked: Asked) -> Answer | None:
        if not asked.path.startswith("/blob/") or not cuts:
            return None
        offset = int(asked.headers.get("range", "bytes=0-")[6:-1])
        sizes = {"ETag": '"mark"', "Content-Range": f"bytes {offset}-{len(data) - 1}/{len(data)}"}
        return Answer(status=206 if offset else 200, body=data[offset:], headers=sizes, sent=cuts.pop())

    hub.troubles = [cut]
    report = place.history(HUB)

    assert len(report.builds) == 1
    ranges = [each.headers.get("range") for each in hub.asked if each.path.startswith("/blob/")]
    begun = [int(each[6:-1]) for each in ranges if each]
    assert ranges[0] is None
    assert len(begun) == 2
    assert 0 < begun[0] <= len(data) // 3 < begun[1]


def test_a_server_that_breaks_off_loses_nothing(place: Place, hub: GitHubRuns) -> None:
    hub.runs = [Run(logs={"build": BUILT}), Run(logs={"build": BUILT}), Run(logs={"build": BUILT})]
    hub.troubles = [lambda asked: Answer(status=502) if "/runs/2/" in asked.path else None]
    report = place.history(HUB)

    assert [each.run.id for each in report.builds if each.run] == ["3"]
    assert "HTTP 502; 1 runs were read before" in report.problems[0]
    hub.troubles = []
    hub.asked.clear()
    assert len(place.history(HUB).builds) == 3
    assert not any("/runs/3/" in path for path in hub.paths())


def test_ctrl_c_keeps_what_was_fetched(place: Place, hub: GitHubRuns) -> None:
    hub.runs = [Run(logs={"build": BUILT}), Run(logs={"build": BUILT})]
    interrupted: list[bool] = []

    def press(line: str) -> None:
        if "runs read" in line:
            interrupted.append(True)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list_history(HistoryAsked(files=[HUB], environment=place.environment), press)
    assert interrupted
    hub.asked.clear()
    assert len(place.history(HUB).builds) == 2
    assert not any("/runs/2/" in path for path in hub.paths())


def test_branches_bases_and_forks(place: Place, hub: GitHubRuns) -> None:
    def run(branch: str, *, of_request: bool = False, base: str = "", fork: str = "") -> Run:
        event = "pull_request" if of_request else "push"
        return Run(branch=branch, event=event, logs={"build": BUILT}, base=base, fork=fork)

    hub.runs = [
        run("main", of_request=True, fork="someone"),
        run("topic", of_request=True, base="release"),
        run("topic", of_request=True, base="release"),
        run("topic"),
        run("release"),
        run("main"),
    ]
    assert [run_of(each) for each in place.history(HUB).builds] == [
        ("6", "someone:main", "its base main, run 1"),
        ("5", "topic", "the previous build of the request of topic, run 4"),
        ("4", "topic", "its base release, run 2"),
        ("3", "topic", "its base main, run 1"),
        ("2", "release", "its base main, run 1"),
        ("1", "main", "none is known: no earlier build of main was found"),
    ]


def test_one_workflow_and_branch(place: Place, hub: GitHubRuns) -> None:
    hub.runs = [
        Run(workflow="lint.yml", logs={"a": BUILT}),
        Run(logs={"a": BUILT}),
        Run(branch="b", logs={"a": BUILT}),
    ]

    for word in ("build.yml", "Build"):
        assert len(place.history(HUB, workflow=word).builds) == 2
    assert [run_of(each)[1] for each in place.history(HUB, workflow="build.yml", branch="b").builds] == ["b"]
    with pytest.raises(UsageError, match="no workflow Deploy"):
        place.history(HUB, workflow="Deploy")


def test_a_server_of_its_own_gets_its_own_token(place: Place, hub: GitHubRuns) -> None:
    hub.runs = [Run(logs={"build": BUILT})]
    del place.environment["GITHUB_API_URL"]
    word = f"github:{place.url}/{REPOSITORY}"
    with pytest.raises(LayerforkError, match="questions without a token"):
        place.history(word)
    assert not any("authorization" in each.headers for each in hub.asked)
    place.environment["GH_ENTERPRISE_TOKEN"] = TOKEN
    assert len(place.history(word).builds) == 1
    assert hub.asked[-1].path.startswith(("/api/v3", "/blob"))


def test_gh_has_the_token(place: Place, hub: GitHubRuns, tmp_path: Path) -> None:
    hub.runs = [Run(logs={"build": BUILT})]
    del place.environment["GH_TOKEN"]
    program = tmp_path / "gh"
    program.write_text(f'#!/bin/sh\n[ "$1 $2 $3" = "auth token --hostname" ] && echo {TOKEN}\n')
    program.chmod(0o755)
    place.environment["PATH"] = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"

    assert len(place.history(HUB).builds) == 1


@pytest.mark.parametrize(
    "word",
    [
        "github:owner",
        "github:",
        "github:https://user:secret@ghe.example/a/b",
        "github:a/b/c",
        "gitlab:one",
        "gitlab:https://x",
    ],
)
def test_what_is_no_project_is_refused(place: Place, word: str) -> None:
    with pytest.raises(UsageError, match="is no") as caught:
        place.history(word)
    assert "secret" not in str(caught.value)


def test_a_token_needs_tls(place: Place) -> None:
    place.environment["GH_ENTERPRISE_TOKEN"] = TOKEN
    with pytest.raises(UsageError, match="without TLS"):
        place.history("github:http://ghe.example/a/b")


def test_tokens_and_secrets_are_kept_nowhere(place: Place, hub: GitHubRuns, tmp_path: Path) -> None:
    """A runner masks what it knows; layerfork hides what looks like a secret besides."""
    secret = "AKIAQ3EGRIJ7WXYZ4567"
    log = BUILT.replace("RUN make", f"RUN AWS_ACCESS_KEY_ID={secret} make")
    hub.runs = [Run(logs={"build": log})]
    place.history(HUB)

    kept = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    texts = b"".join(kept_text(path) for path in kept)
    assert b"RUN AWS_ACCESS_KEY_ID=" in texts
    assert secret.encode() not in texts
    assert TOKEN.encode() not in texts
    assert not any(TOKEN in line for line in place.said)
    assert {path.stat().st_mode & 0o77 for path in kept} == {0}


def kept_text(path: Path) -> bytes:
    import zstandard

    data = path.read_bytes()
    return (
        zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data)).read() if path.suffix == ".zst" else data
    )


def test_a_hostile_archive_is_bounded(place: Place, hub: GitHubRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    """A zip of 1 GB of blanks, and one whose member is damaged."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for number in range(4):
            file.writestr(f"{number}_job.txt", b" " * (70 << 20))
        file.writestr("9_build.txt", BUILT)
    monkeypatch.setattr("layerfork.builders.ci.github._UNZIPPED_BYTES", 300 << 20)
    hub.runs = [Run(logs={"build": BUILT})]
    hub.troubles = [
        lambda asked: Answer(body=archive.getvalue()) if asked.path.startswith("/blob/") else None
    ]

    assert [each.run.job for each in place.history(HUB).builds if each.run] == ["build"]


def test_damage_in_the_cache_is_fetched_again(place: Place, hub: GitHubRuns, tmp_path: Path) -> None:
    hub.runs = [Run(logs={"build": BUILT})]
    place.history(HUB)
    (kept,) = (tmp_path / "cache").rglob("*.zst")
    kept.write_bytes(b"damaged")

    assert len(place.history(HUB).builds) == 1


def test_the_command_lists_runs(place: Place, hub: GitHubRuns) -> None:
    hub.runs = [Run(logs={"build": BUILT}), Run(logs={"build": CACHED})]
    done = typed("history", HUB, **place.environment)

    assert done.exit_code == 0, done.output
    assert f"push of main: {place.url}/{REPOSITORY}/actions/runs/2" in done.output
    assert "could reuse: the previous build of main, run 1" in done.output
    assert isinstance(typed("history", "--branch", "main", **place.environment).exception, UsageError)


def test_pipelines_of_gitlab(place: Place, lab: GitLabRuns) -> None:
    lab.per_page = 2
    lab.pipelines = [
        Pipeline(ref="refs/merge-requests/7/head", source="merge_request_event", jobs=[Job("image", BUILT)]),
        Pipeline(
            ref="main",
            jobs=[Job("image", BUILT), Job("test", NO_BUILD), Job("skipped", None), Job("late", BUILT)],
        ),
        Pipeline(ref="main", jobs=[Job("image", CACHED)]),
    ]
    lab.requests = {7: ("topic", "main")}
    report = place.history(LAB)

    assert [(*run_of(each), each.run.job if each.run else "") for each in report.builds] == [
        ("3", "topic", "its base main, run 2", "image"),
        ("2", "main", "none is known: no earlier build of main was found", "late"),
        ("2", "main", "the previous build of main, run 1", "image"),
        ("1", "main", "none is known: no earlier build of main was found", "image"),
    ]
    assert report.builds[0].run is not None
    assert report.builds[0].run.of_request
    lab.asked.clear()
    assert len(place.history(LAB).builds) == 4
    assert not any(path.endswith("/trace") for path in lab.paths())


def test_a_pipeline_that_went_on_is_fetched_again(place: Place, lab: GitLabRuns) -> None:
    lab.pipelines = [Pipeline(jobs=[Job("image", BUILT)])]
    place.history(LAB)
    lab.pipelines = [
        Pipeline(jobs=[Job("image", BUILT), Job("again", BUILT)], updated="2026-12-02T00:00:00Z")
    ]

    assert len(place.history(LAB).builds) == 2


def test_gitlab_limits_and_refusals(place: Place, lab: GitLabRuns) -> None:
    lab.pipelines = [Pipeline(jobs=[Job("image", BUILT), Job("erased", BUILT)])]
    lab.troubles = [
        limited(
            status="429",
            ratelimit_remaining="0",
            ratelimit_reset=str(int(time.time()) + 30),
            date=formatdate(),
        ),
        lambda asked: (
            json_answer({"message": "404 Not Found"}, 404) if asked.path.endswith("/1001/trace") else None
        ),
    ]
    report = place.history(LAB)

    assert place.waited == [pytest.approx(31, abs=5)]
    assert len(report.builds) == 1
    assert "the log of a job is gone: run 1" in report.problems[0]
    place.environment["GITLAB_TOKEN"] = "another"
    with pytest.raises(LayerforkError, match="refuses the token of GITLAB_TOKEN"):
        place.history(LAB)


def test_a_job_of_gitlab_has_its_own_token(place: Place, lab: GitLabRuns) -> None:
    lab.pipelines = [Pipeline(jobs=[Job("image", BUILT)])]
    place.environment = {"PATH": "", "CI_SERVER_URL": place.url, "CI_JOB_TOKEN": JOB_TOKEN}

    assert len(place.history(LAB).builds) == 1
    assert lab.asked[-1].headers["job-token"] == JOB_TOKEN
    assert "authorization" not in lab.asked[-1].headers


def test_another_gitlab_gets_no_token(place: Place, lab: GitLabRuns) -> None:
    lab.pipelines = [Pipeline(jobs=[Job("image", BUILT)])]
    del place.environment["GITLAB_HOST"]
    with pytest.raises(LayerforkError, match="questions without a token"):
        place.history(f"gitlab:{place.url}/{PROJECT}")
    assert not any("authorization" in each.headers for each in lab.asked)
