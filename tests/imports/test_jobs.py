"""Logs of whole jobs of each CI system, of the same two builds: all of them show what the plain log shows."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from imports.agreement import KEY
from imports.jobs import (
    FAMILIES,
    NAMES,
    bitbucket,
    git_context,
    github,
    gitlab,
    make_repository,
    printed,
)

from layerfork.app.compare.comparison import diff_files
from layerfork.app.history.explaining import explain_against, explain_history
from layerfork.app.history.sources import PastBuild
from layerfork.app.history.trees import Tree
from layerfork.builders.imports.recognition import import_bytes
from layerfork.errors import EvidenceError
from layerfork.record.answer import CauseStatus
from layerfork.record.history import CIRun
from layerfork.record.record import BuildRecord
from layerfork.record.run import DiffReport, MissedStep
from layerfork.record.store.recordfile import RecordFile
from layerfork.report.formats import HTML, MARKDOWN, TEXT
from layerfork.report.rendering import Look

Family = Callable[[str, Sequence[str]], list[str]]
OTHER = "0123456789abcdef0123456789abcdef01234567"


def imported(lines: Sequence[str]) -> BuildRecord:
    (record,) = import_bytes("\n".join(lines).encode(), KEY, 0.0)
    return record


@pytest.fixture
def ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """The commits of the repository in the working directory."""
    found = make_repository(tmp_path)
    monkeypatch.chdir(tmp_path)
    return found


def diff(*logs: Sequence[str]) -> DiffReport:
    """Two logs, imported and compared."""
    for name, log in zip(NAMES, logs, strict=True):
        with RecordFile(Path(f"{name}.jsonl")) as file:
            file.add(imported(log))
    (report,) = diff_files(*(f"{name}.jsonl" for name in NAMES))
    return report


def missed(report: DiffReport) -> tuple[MissedStep, ...]:
    assert report.unproven is not None
    return report.unproven.missed


@pytest.mark.parametrize("family", [each for each in FAMILIES if each is not git_context])
@pytest.mark.parametrize("name", NAMES)
def test_a_job_shows_what_the_plain_log_shows(family: Family, name: str) -> None:
    plain, found = imported(printed(name)), imported(family(OTHER, printed(name)))

    same = {"id": plain.id, "recorded_at": plain.recorded_at, "gaps": plain.gaps, "commits": ()}
    assert replace(found, **same) == plain  # type: ignore[arg-type]
    assert {gap.where for gap in plain.gaps} - {gap.where for gap in found.gaps} <= {"time"}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_job_names_its_commit(family: Family) -> None:
    (commit,) = imported(family(OTHER, printed("before"))).commits
    assert len(commit) >= 7
    assert OTHER.startswith(commit)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_changed_file_is_suspected(family: Family, ids: tuple[str, ...]) -> None:
    logs = (family(commit, printed(name)) for commit, name in zip(ids, NAMES, strict=True))
    steps = missed(diff(*logs))

    assert [(step.step, step.line, step.follows) for step in steps] == [(3, 4, 0), (4, 5, 3), (5, 6, 3)]
    files, *_ = steps[0].suspicions
    assert (files.code, files.status) == ("content", CauseStatus.SUSPECTED)
    assert files.text == f"README.md, src/app.js changed between {ids[0][:7]} and {ids[1][:7]}"


def test_nothing_is_proven_and_each_file_is_named_once(ids: tuple[str, ...]) -> None:
    report = diff(*(github(commit, printed(name)) for commit, name in zip(ids, NAMES, strict=True)))

    assert report.unproven is not None
    assert [lack.name for lack in report.unproven.lacks] == ["before.jsonl", "after.jsonl"]
    assert all(lack.lacks == ("files", "build arguments", "keys") for lack in report.unproven.lacks)
    statuses = {each.status for step in report.unproven.missed for each in step.suspicions}
    assert statuses == {CauseStatus.SUSPECTED}


def test_files_that_no_commit_changed_are_unexplained(ids: tuple[str, ...]) -> None:
    logs = [github(ids[1], printed(name)) for name in NAMES]
    files, *_ = missed(diff(*logs))[0].suspicions

    assert (files.code, files.status) == ("unexplained", CauseStatus.UNEXPLAINED)
    assert files.text.endswith(f"(both builds are of {ids[1][:7]})")


def test_an_argument_that_a_log_does_not_show_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A RUN whose text and files are the same, below an ARG."""
    monkeypatch.chdir(tmp_path)
    below = ["Step 3/3 : RUN make", " ---> Running in 12", " ---> Removed intermediate container 12"]
    logs = [
        [
            *(
                "Step 1/3 : FROM alpine",
                " ---> 0123456789ab",
                "Step 2/3 : ARG VERSION=1",
                " ---> Using cache",
            ),
            *(" ---> 1123456789ab", *below, f" ---> {made}", f"Successfully built {made}"),
        ]
        for made in ("2123456789ab", "3123456789ab")
    ]
    (step,) = missed(diff(*logs))
    (argument,) = step.suspicions
    assert argument.status is CauseStatus.UNEXPLAINED
    assert "another value of VERSION would do" in argument.text


def at(second: float, line: str) -> str:
    return f"2026-11-25T16:43:{second:010.7f}Z {line}"


def test_a_job_gives_a_classic_build_its_seconds() -> None:
    """The builder prints none; GitHub, GitLab, Azure and Buildkite write when each line came."""
    log = [
        at(1, "Step 1/3 : FROM alpine"),
        at(1.5, " ---> 0123456789ab"),
        at(1.5, "Step 2/3 : COPY . ."),
        at(1.75, " ---> 1123456789ab"),
        at(1.75, "Step 3/3 : RUN make"),
        at(1.8, " ---> Running in 12"),
        at(30, "made"),
        at(33.5, " ---> Removed intermediate container 12"),
        at(33.75, " ---> 2123456789ab"),
        at(34, "Successfully built 2123456789ab"),
    ]
    assert [step.seconds for step in imported(log).steps] == [0.5, 0.25, 32.25]
    assert [step.seconds for step in imported([line[29:] for line in log]).steps] == [None, None, None]


def test_a_job_gives_a_podman_build_its_seconds() -> None:
    log = [
        at(1, "STEP 1/3: FROM alpine"),
        at(2, "STEP 2/3: COPY . ."),
        at(2.5, "--> 123456789abc"),
        at(2.5, "STEP 3/3: RUN make"),
        at(12.5, "COMMIT"),
        at(13, "--> 223456789abc"),
        at(13, "2" * 64),
    ]
    assert [step.seconds for step in imported(log).steps] == [1.0, 0.5, 10.5]


def test_every_format_says_it_once(ids: tuple[str, ...]) -> None:
    report = diff(*(github(commit, printed(name)) for commit, name in zip(ids, NAMES, strict=True)))
    for form in (TEXT, MARKDOWN, HTML):
        text = form.render("diffs", [report], Look())
        assert text.count("nothing can be proven") == 1
        assert text.count("before.jsonl lacks files, build arguments, keys;") == 1
        assert "README.md, src/app.js changed between" in text
    (fork,), (answer,) = report.judgement.forks, report.answers
    assert [cause.code for cause in fork.causes] == [answer.points[0].code] == ["content"]
    assert answer.status is fork.causes[0].status is CauseStatus.SUSPECTED


def test_what_logs_prove_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two builders share no cache: for that no key is needed."""
    monkeypatch.chdir(tmp_path)
    left = Path(__file__).parent / "left"
    (report,) = diff_files(str(left / "engine-28.5-classic-again.log"), str(left / "engine-28.5-plain.log"))
    text = TEXT.render("diffs", [report], Look())
    assert text.startswith("nothing else can be proven")
    assert "PROVEN builder" in text


def test_a_commit_that_the_repository_does_not_have_says_nothing(ids: tuple[str, ...]) -> None:
    logs = [bitbucket(commit, printed(name)) for commit, name in zip((OTHER, ids[1]), NAMES, strict=True)]
    assert [each.code for each in missed(diff(*logs))[0].suspicions] == ["unexplained", "copy-before-install"]


def test_a_submodule_beside_the_commit_changes_nothing(ids: tuple[str, ...]) -> None:
    logs = [
        [f"HEAD is now at {OTHER[:7]} Submodule", *gitlab(commit, printed(name))]
        for commit, name in zip(ids, NAMES, strict=True)
    ]
    files, *_ = missed(diff(*logs))[0].suspicions
    assert files.code == "content"


def test_two_commits_of_the_repository_are_none(ids: tuple[str, ...]) -> None:
    """A job that checked out two commits does not say which it built."""
    logs = [
        [f"HEAD is now at {ids[0][:7]} x", f"HEAD is now at {ids[1][:7]} x", *printed(name)] for name in NAMES
    ]
    assert "content" not in {each.code for each in missed(diff(*logs))[0].suspicions}


def test_what_a_command_of_the_build_prints_is_no_checkout() -> None:
    lines = printed("after")
    place = lines.index("#8 2.170 added 3 packages")
    lines[place:place] = [f"#8 1.1 HEAD is now at {OTHER[:7]} x", "#8 1.2 'abcdef0'"]
    assert imported(lines).commits == ()


def test_two_jobs_in_one_log_have_each_its_own_commit() -> None:
    for family in FAMILIES:
        others = OTHER, OTHER[::-1]
        log = [
            line for commit, name in zip(others, NAMES, strict=True) for line in family(commit, printed(name))
        ]
        records = import_bytes("\n".join(log).encode(), KEY, 0.0)

        assert [len(record.commits) for record in records] == [1, 1], family
        for record, commit in zip(records, others, strict=True):
            assert commit.startswith(record.commits[0]), family


def test_a_context_from_git_is_of_the_commit_that_was_fetched() -> None:
    """Whatever else the job checked out; of a branch its lines say which commit that was."""
    fetched = "89abcdef0123456789abcdef0123456789abcdef"
    log = [f"HEAD is now at {OTHER[:7]} x", *git_context(fetched, printed("before"))]
    assert imported(log).commits == (fetched,)
    branch = [line.replace(f".git#{fetched}", ".git#main:web") for line in log]
    assert imported(branch).commits == (fetched,)
    unknown = [line for line in branch if "refs/heads/main" not in line]
    assert imported(unknown).commits == ()


def test_two_builds_of_one_job_have_its_commit() -> None:
    log = github(OTHER, [*printed("before"), "echo done", *printed("after")])
    records = import_bytes("\n".join(log).encode(), KEY, 0.0)
    assert [record.commits for record in records] == [(OTHER,), (OTHER,)]


def test_what_a_classic_build_prints_leaves_its_commit_open() -> None:
    """The classic builder puts nothing before what a command prints: the line may be anything's."""
    log = [
        f"HEAD is now at {OTHER[:7]} Say hello",
        *(
            "Step 1/2 : FROM alpine",
            " ---> 0123456789ab",
            "Step 2/2 : RUN git reset",
            " ---> Running in 1234",
        ),
        "HEAD is now at 7654321 Another repository",
        *(
            " ---> Removed intermediate container 1234",
            " ---> 1123456789ab",
            "Successfully built 1123456789ab",
        ),
    ]
    assert imported(log).commits == ()
    assert imported(log[:5]).commits == (OTHER[:7],)


def test_a_checkout_long_before_the_build_is_found() -> None:
    log = [
        f"HEAD is now at {OTHER[:7]} x",
        *(f"test {number}: ok" for number in range(30_000)),
        *printed("before"),
    ]
    assert imported(log).commits == (OTHER[:7],)


def test_diff_takes_the_logs_themselves(ids: tuple[str, ...]) -> None:
    for commit, name in zip(ids, NAMES, strict=True):
        Path(f"{name}.txt").write_text("\n".join(gitlab(commit, printed(name))))
    (report,) = diff_files("before.txt", "after.txt")

    files, *_ = missed(report)[0].suspicions
    assert files.code == "content"
    with pytest.raises(EvidenceError, match="is not a layerfork record file"):
        diff_files("README.md", "after.txt")


def test_a_run_names_the_commit_that_its_log_does_not(ids: tuple[str, ...]) -> None:
    """As `why ID` compares two builds of `history github:`."""
    past = [
        PastBuild(
            record=replace(imported(printed(name)), recorded_at=f"2026-12-01T{at}:00:00Z"),
            where="owner/shop",
            id=name,
            run=run_of(commit, name),
            series="web",
        )
        for commit, name, at in zip(ids, NAMES, (10, 11), strict=True)
    ]
    report = explain_against(past[1], past[0], tree_of, Path())
    files, *_ = missed(report)[0].suspicions
    assert files.text.startswith("README.md, src/app.js changed between")
    explained, other = (
        next(iter(explain_history(past, tree_of, lambda each: each is past[1], at_hand=place))).report
        for place in (Path(), None)
    )
    assert explained is not None
    assert missed(explained)[0].suspicions[0] == files
    assert other is not None
    assert other.unproven is None


def test_a_run_of_a_request_names_no_commit(ids: tuple[str, ...]) -> None:
    """It builds the merge."""
    one, other = (
        PastBuild(
            record=imported(printed(name)),
            where="owner/shop",
            id=name,
            run=replace(run_of(commit, name), of_request=True),
        )
        for commit, name in zip(ids, NAMES, strict=True)
    )
    steps = missed(explain_against(other, one, tree_of, Path()))
    assert "content" not in {each.code for each in steps[0].suspicions}


def test_a_run_does_not_say_what_was_fetched_from_a_branch(ids: tuple[str, ...]) -> None:
    """The context may be of any repository."""
    one, other = (
        PastBuild(
            record=imported(
                [
                    line.replace(f"#{commit}", "#main")
                    for line in git_context(commit, printed(name))
                    if "refs/heads" not in line
                ]
            ),
            where="owner/shop",
            id=name,
            run=run_of(commit, name),
        )
        for commit, name in zip(ids, NAMES, strict=True)
    )
    steps = missed(explain_against(other, one, tree_of, Path()))
    assert "content" not in {each.code for each in steps[0].suspicions}


def tree_of(past: PastBuild) -> Tree:
    return Tree(record=past.record, unmodelled={})


def run_of(commit: str, number: str) -> CIRun:
    return CIRun(project="owner/shop", id=number, url="", branch="main", commit=commit)


def test_without_a_repository_only_the_lines_speak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    steps = missed(diff(*(github(OTHER, printed(name)) for name in NAMES)))
    files, install = steps[0].suspicions
    assert (files.status, files.text) == (
        CauseStatus.UNEXPLAINED,
        "the log does not show which files changed",
    )
    assert (install.code, install.status) == ("copy-before-install", CauseStatus.SUSPECTED)
    assert install.text == "a change of any copied file runs step 4 again: npm ci"
    assert all(step.line == 0 for step in steps)


def test_another_dockerfile_at_hand_is_not_taken_for_the_one_that_was_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("Dockerfile").write_text("FROM alpine\nWORKDIR /app\nCOPY . .\nRUN npm ci\n")
    steps = missed(diff(*(github(OTHER, printed(name)) for name in NAMES)))
    assert all(step.line == 0 for step in steps)
