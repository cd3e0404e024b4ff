"""Past builds with the files of their commits: what is inferred, and what is not.

The builds are those of `history.project`, as BuildKit kept them; what is expected is written down from there.
"""

import random
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import DecodeError
from history.exports import export_of
from history.project import make_repository, read_kept

from layerfork.app.history.explaining import explain_history
from layerfork.app.history.listing import HistoryAsked, explain_one, list_history
from layerfork.app.history.measuring import Measurer
from layerfork.app.history.sources import PastBuild
from layerfork.app.history.trees import CommitTrees, Tree
from layerfork.builders.api.buildhistory import RememberedBuild
from layerfork.builders.imports.rememberedbuilds import records_of_builds
from layerfork.diagnose.trends import trends_of
from layerfork.errors import EvidenceError, LayerforkError, UsageError
from layerfork.record.context import Digest
from layerfork.record.history import ExplainedBuild, HistoryReport
from layerfork.record.record import StepStatus, Vertex
from layerfork.record.store.schema import nonsense_in
from layerfork.record.trends import UnusedCache
from layerfork.wire.buildkit import ops_pb2 as ops

KEY = b"key"
COMMIT = "8cc937bfff9da1264dcf2014a43acc450b77b623"
"""Of the first build."""
DIFFERED = "files differed from the commit when it was built"
OUTSIDE = "lay outside of the commit's working tree"
NOTHING = ("", "", 0)
EXPECTED = [
    NOTHING,
    ("INFERRED", "content", 5),
    NOTHING,
    ("INFERRED", "content", 3),
    ("UNEXPLAINED", "unexplained", 5),
]
"""Status, code and line of the first miss of each build."""


@pytest.fixture
def top(tmp_path: Path) -> Path:
    (tmp_path / "top").mkdir()
    make_repository(tmp_path / "top")
    return tmp_path / "top"


def said(build: ExplainedBuild) -> tuple[str, str, int]:
    if build.report is None or not build.report.answers:
        return NOTHING
    answer = build.report.answers[0]
    return answer.status.value, answer.points[0].code, answer.line


def explained(top: Path, builds: Sequence[RememberedBuild], caches: Path) -> list[ExplainedBuild]:
    trees = CommitTrees(top, caches, lambda text: text)
    found = [
        PastBuild(record=record, where="docker", id=record.ref)
        for record in records_of_builds(builds, KEY, None)
    ]
    return list(explain_history(found, lambda each: trees.of(each.record), lambda _: True))


def changed(build: RememberedBuild, **attributes: str) -> RememberedBuild:
    """The build with other frontend attributes; two underscores are a colon."""
    record = type(build.record).FromString(build.record.SerializeToString())
    for name, value in attributes.items():
        key = name.replace("__", ":").encode()
        kept = [pair for pair in record.frontend_attrs if pair.key != key]
        del record.frontend_attrs[:]
        record.frontend_attrs.extend([*kept, ops.Pair(key=key, value=value.encode())] if value else kept)
    return replace(build, record=record)


def tree_of(top: Path, build: RememberedBuild, caches: Path) -> Tree:
    (record,) = records_of_builds([build], KEY, None)
    return CommitTrees(top, caches, lambda text: text).of(record)


def test_misses_are_inferred_from_commits(top: Path, tmp_path: Path) -> None:
    builds = explained(top, read_kept(), tmp_path)

    assert [said(build) for build in builds] == EXPECTED
    assert [build.reused for build in builds] == [0, 2, 4, 0, 2]
    assert {build.steps for build in builds} == {4}
    assert all(build.files_known for build in builds)
    assert builds[1].report is not None
    assert builds[1].report.answers[0].culprit == "src/a changed"
    assert builds[1].report.inferred_from == "commit 8cc937bfff9d and commit 1713d959634f"


def test_a_service_is_compared_with_itself(top: Path, tmp_path: Path) -> None:
    """Two services of one compose file with one Dockerfile, built in turn."""
    label = "label:com.docker.compose.service"
    names = ("web", "worker", "web", "worker", "worker")
    kept = [changed(build, **{label: name}) for build, name in zip(read_kept(), names, strict=True)]
    builds = explained(top, kept, tmp_path)
    times = [build.recorded_at for build in builds]
    earlier = [
        build.report.baseline.recorded_at if build.report and build.report.baseline else ""
        for build in builds
    ]

    assert earlier == ["", "", times[0], times[1], times[3]]
    assert [build.what for build in builds] == list(names)


def test_without_the_repository_files_stay_unknown(tmp_path: Path) -> None:
    other = tmp_path / "other"
    subprocess.run(["git", "init", "-q", other], check=True)
    builds = explained(other, read_kept(), tmp_path)

    assert [said(build) for build in builds][1] == ("UNEXPLAINED", "unexplained", 5)
    assert builds[1].files == "the repository does not have the commit 1713d959634f"
    assert not builds[1].files_known


def test_a_shallow_clone_has_the_newest_commit_alone(top: Path, tmp_path: Path) -> None:
    shallow = tmp_path / "shallow"
    subprocess.run(["git", "clone", "-q", "--depth", "1", f"file://{top}", shallow], check=True)
    builds = explained(shallow, read_kept(), tmp_path)

    assert [build.files_known for build in builds] == [False, False, False, False, True]


@pytest.mark.parametrize(
    ("attributes", "why"),
    [
        ({"vcs__revision": ""}, "the build names no commit"),
        (
            {"vcs__revision": "", "context": "https://github.com/owner/project.git#refs/heads/main:app"},
            "the builder fetched its context itself, and no step read a commit of it",
        ),
        ({"vcs__revision": "--output=/tmp/x"}, "the repository does not have the commit --output=/tm"),
        ({"vcs__revision": "0" * 40}, "the repository does not have the commit 000000000000"),
        ({"vcs__localdir__context": "../elsewhere"}, f"its context {OUTSIDE}"),
        ({"vcs__localdir__context": "/etc"}, f"its context {OUTSIDE}"),
        ({"vcs__localdir__context": ""}, f"its context {OUTSIDE}"),
    ],
)
def test_files_that_no_commit_shows(top: Path, tmp_path: Path, attributes: dict[str, str], why: str) -> None:
    tree = tree_of(top, changed(read_kept()[0], **attributes), tmp_path)

    assert tree.record.context is None
    assert tree.why_not == why


@pytest.mark.parametrize(
    ("attributes", "doubt"),
    [
        ({"vcs__revision": f"{COMMIT}-dirty"}, DIFFERED),
        (
            {"vcs__localdir__dockerfile": "../elsewhere"},
            f"its Dockerfile {OUTSIDE}, and so may its ignore file",
        ),
        ({"vcs__localdir__dockerfile": "app/src"}, f"the commit has no such Dockerfile: {DIFFERED}"),
        ({"vcs__localdir__dockerfile": ""}, ""),
        ({"context__lib": "local:lib"}, ""),
    ],
)
def test_files_that_may_have_been_others(
    top: Path, tmp_path: Path, attributes: dict[str, str], doubt: str
) -> None:
    """A Dockerfile from outside has no directory, and its text is here that of the commit."""
    tree = tree_of(top, changed(read_kept()[0], **attributes), tmp_path)

    assert tree.record.context is not None
    assert tree.record.named_contexts == ()
    assert (tree.doubt, tree.why_not) == (doubt, "")


def test_of_files_that_may_have_been_others_nothing_is_inferred(top: Path, tmp_path: Path) -> None:
    first, second, *_ = read_kept()
    revision = dict(records_of_builds([second], KEY, None)[0].request.options)["vcs:revision"]
    builds = explained(top, (first, changed(second, vcs__revision=f"{revision}-dirty")), tmp_path)

    assert said(builds[1]) == ("SUSPECTED", "content", 5)
    assert builds[1].files == f"commit {revision[:12]} ({DIFFERED})"
    assert builds[1].report is not None
    evidence = builds[1].report.judgement.forks[0].causes[0].evidence
    assert evidence[-1] == f"not proven: {DIFFERED}"


def test_named_contexts_are_those_of_the_commit(top: Path, tmp_path: Path) -> None:
    attributes = {"context__lib": "local:lib", "vcs__localdir__lib": "app/src"}
    tree = tree_of(top, changed(read_kept()[0], **attributes), tmp_path)

    (named,) = tree.record.named_contexts
    assert named.name == "lib"
    assert sorted(entry.name for entry in named.entries) == ["a", "b"]


def test_a_directory_that_the_working_tree_has_no_more(top: Path, tmp_path: Path) -> None:
    subprocess.run(["git", "-C", top, "mv", "app", "moved"], check=True)
    builds = explained(top, read_kept(), tmp_path)

    assert [said(build) for build in builds] == EXPECTED


def test_a_commit_with_another_dockerfile_was_not_what_was_built(top: Path, tmp_path: Path) -> None:
    (top / "app" / "Dockerfile").write_text("FROM alpine\n")
    subprocess.run(
        ["git", "-C", top, "-c", "user.name=a", "-c", "user.email=a", "commit", "-qam", "x"], check=True
    )
    shown = subprocess.run(
        ["git", "-C", top, "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    )
    tree = tree_of(top, changed(read_kept()[0], vcs__revision=shown.stdout.strip()), tmp_path)

    assert tree.doubt == f"the commit has another Dockerfile than the build: {DIFFERED}"


def test_a_lost_log_leaves_steps_unknown(top: Path, tmp_path: Path) -> None:
    kept = [replace(build, blobs={}) for build in read_kept()]
    builds = explained(top, kept, tmp_path)

    assert [build.reused for build in builds] == [None] * 5
    assert {said(build)[0] for build in builds} <= {"", "UNEXPLAINED", "SUSPECTED"}


def test_damaged_blobs_and_records_break_nothing() -> None:
    rng = random.Random(5)
    for _ in range(60):
        (build,) = rng.sample(read_kept(), 1)
        blobs = {digest: damaged(data, rng) for digest, data in build.blobs.items()}
        record = type(build.record)()
        try:
            record.MergeFromString(damaged(build.record.SerializeToString(), rng))
        except DecodeError:
            continue
        for made in records_of_builds([replace(build, record=record, blobs=blobs)], KEY, None):
            assert nonsense_in(made) == ""


def damaged(data: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(data))
    return rng.choice((data[:place], data[:place] + bytes([rng.randrange(256)]) + data[place + 1 :]))


@pytest.fixture
def exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HistoryAsked:
    """A directory that holds records of the builds, and one file that tells of none."""
    from layerfork.record.store.recordfile import RecordFile

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    make_repository(tmp_path / "top")
    directory = tmp_path / "exports"
    directory.mkdir()
    (directory / "notes.txt").write_text("hello\n")
    with RecordFile(directory / "all.jsonl") as file:
        for record in records_of_builds(read_kept(), KEY, None):
            file.add(record)
    return HistoryAsked(files=(str(directory),), repository=str(tmp_path / "top"))


def test_a_directory_of_files_is_listed_newest_first(exported: HistoryAsked) -> None:
    lines: list[str] = []
    report = list_history(exported, lines.append)

    assert [said(build) for build in reversed(report.builds)] == EXPECTED
    assert len(report.problems) == 1
    assert "notes.txt" in report.problems[0]
    assert report.older == 0


def test_the_limit_leaves_older_builds_out(exported: HistoryAsked) -> None:
    report = list_history(replace(exported, newest=2), lambda _: None)

    assert [said(build) for build in reversed(report.builds)] == EXPECTED[-2:]
    assert report.older == 3


def test_one_build_by_its_id(exported: HistoryAsked) -> None:
    (report,) = explain_one(exported, "duap6zh", lambda _: None)

    assert report.answers[0].culprit == "src/a changed"


def test_ids_that_name_no_build_or_the_first(exported: HistoryAsked) -> None:
    with pytest.raises(EvidenceError, match="no build with the id zzzz was found"):
        explain_one(exported, "zzzz", lambda _: None)
    with pytest.raises(EvidenceError, match="is the first of its kind"):
        explain_one(exported, "gxwna", lambda _: None)


def test_a_repository_that_is_none_is_an_error(exported: HistoryAsked, tmp_path: Path) -> None:
    with pytest.raises(LayerforkError, match="not a git repository"):
        list_history(replace(exported, repository=str(tmp_path)), lambda _: None)


def test_a_build_against_one_of_choice(exported: HistoryAsked) -> None:
    """The fourth build, which has another lock and argument, next to the second."""
    (report,) = explain_one(exported, "^1", lambda _: None, against="duap6zh")

    assert report.baseline is not None
    assert report.baseline.known == 0
    assert report.answers[0].culprit == "lock.txt changed"
    assert report.answers[0].status.value == "INFERRED"


def test_a_build_that_reused_a_third_ones_steps_is_told_so(exported: HistoryAsked) -> None:
    """The second build reused the first one's lock.txt; that of the fourth, which is newer, is another."""
    lines: list[str] = []
    (report,) = explain_one(exported, "duap6zh", lines.append, against="^1")

    assert report.answers == ()
    assert "reused its first steps from a third build" in lines[-1]


def test_a_word_as_buildx_writes_it_names_the_same_build(exported: HistoryAsked) -> None:
    (whole,) = explain_one(exported, "default/default/duap6zh", lambda _: None)
    (offset,) = explain_one(exported, "^3", lambda _: None)

    assert whole.answers[0].culprit == offset.answers[0].culprit == "src/a changed"


def test_a_build_of_a_file_to_compare_with(exported: HistoryAsked, tmp_path: Path) -> None:
    from layerfork.record.store.recordfile import RecordFile

    with RecordFile(tmp_path / "first.jsonl") as file:
        file.add(records_of_builds(read_kept()[:1], KEY, None)[0])
    (report,) = explain_one(exported, "^1", lambda _: None, against=str(tmp_path / "first.jsonl"))

    assert report.answers[0].culprit == "lock.txt changed"
    everything = str(Path(exported.files[0], "all.jsonl"))
    with pytest.raises(UsageError, match="holds 5 builds"):
        explain_one(exported, "^1", lambda _: None, against=everything)


@pytest.mark.parametrize(
    ("word", "against", "said"),
    [
        ("^5", "", r"\^5 is not in the list: it holds 5 builds"),
        ("^1", "^1", "is the build itself"),
        ("^1", "zzzz", "no build with the id zzzz was found"),
        ("zzzz", "^1", "no build with the id zzzz was found"),
    ],
)
def test_words_that_name_no_other_build(exported: HistoryAsked, word: str, against: str, said: str) -> None:
    with pytest.raises(LayerforkError, match=said) as error:
        explain_one(exported, word, lambda _: None, against=against)
    assert error.value.hint


def test_an_id_of_several_builds_lists_them(exported: HistoryAsked, tmp_path: Path) -> None:
    from layerfork.record.store.recordfile import RecordFile

    first, second = records_of_builds(read_kept()[:2], KEY, None)
    with RecordFile(tmp_path / "exports" / "alike.jsonl") as file:
        for record, letter in ((first, "x"), (second, "y")):
            file.add(replace(record, ref=f"same{letter}"))
    with pytest.raises(UsageError, match=r"2 builds have an id that begins with same: same[xy] of 2026-"):
        explain_one(exported, "same", lambda _: None)


def history_of_exports(top: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> HistoryReport:
    """Of a directory with an export of each build."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(place / "cache"))
    exports = place / "exports"
    exports.mkdir()
    for number, build in enumerate(read_kept()):
        (exports / f"{number}.dockerbuild").write_bytes(export_of(build))
    return list_history(HistoryAsked(files=[str(exports)], repository=str(top)), lambda _: None)


def test_exports_of_a_directory_are_one_history(
    top: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No export names its builder. One of five builds reused all; the last one's files were not committed."""
    report = history_of_exports(top, tmp_path, monkeypatch)
    (series,) = report.trends.series

    assert [said(build) for build in reversed(report.builds)] == EXPECTED
    assert [(each.name.instruction, each.line, each.misses, each.hits) for each in series.steps] == [
        ("COPY lock.txt /app/", 3, 2, 3),
        ("RUN cp /app/lock.txt /app/installed", 4, 2, 3),
        ("COPY src /app/src", 5, 4, 1),
        ("RUN cat /app/src/* > /app/out", 6, 4, 1),
    ]
    assert series.points[-1].commit == report.builds[0].revision
    assert series.changes == ()
    assert series.unused is not None
    assert (series.unused.builds, series.unused.likely, series.unused.sentence) == (0, 1, "")


def test_a_fix_saves_nothing_where_another_miss_lies_above(
    top: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fourth build had another argument and another lock.txt; the argument's steps follow its COPY."""
    report = history_of_exports(top, tmp_path, monkeypatch)
    (argument,) = (each for each in report.trends.causes if each.code.startswith("build-arg"))

    assert (argument.saved_s, argument.saved_builds) == (0.0, 1)
    assert argument.seconds_lost == pytest.approx(1.1, abs=0.1)


def as_recorded(found: PastBuild) -> Tree:
    return Tree(record=found.record, unmodelled={})


def unused_on_three_builders(top: Path, place: Path, **fields: Any) -> UnusedCache:
    """The first build three times, each on a builder of its own: every step misses."""
    (first, *_) = records_of_builds(read_kept(), KEY, None)
    tree = CommitTrees(top, place, lambda text: text).of(first)
    found = [
        PastBuild(
            record=replace(
                tree.record,
                recorded_at=f"2026-12-03T14:2{number}:00+00:00",
                builder_instance=f"builder-{number}",
                **fields,
            ),
            where=f"builder {number}",
            id=f"build{number}",
        )
        for number in range(3)
    ]
    builds = list(
        explain_history(
            found, lambda each: Tree(record=each.record, unmodelled={}), lambda _: True, Measurer()
        )
    )
    assert [build.report for build in builds] == [None, None, None]
    (series,) = trends_of(builds).series
    assert series.unused is not None
    return series.unused


def test_one_key_on_another_builder_should_have_been_found(top: Path, tmp_path: Path) -> None:
    unused = unused_on_three_builders(top, tmp_path)

    assert (unused.builds, unused.compared, unused.builders) == (2, 2, 3)
    assert unused.new_builder_each


def test_an_image_without_a_digest_is_another_one_in_each_build(top: Path, tmp_path: Path) -> None:
    assert unused_on_three_builders(top, tmp_path, image_digests=(), definition=None).builds == 0


def test_what_a_cache_saved_is_the_time_of_the_builds_that_built(top: Path, tmp_path: Path) -> None:
    """The third build reuses two steps of the first and two of the second, here out of an imported cache."""
    importing = Vertex(
        digest=Digest("sha256:" + "7" * 64),
        name="importing cache manifest from r/app",
        started_s=0.0,
        completed_s=0.25,
        internal=True,
    )
    records = list(records_of_builds(read_kept(), KEY, None))
    records[2] = replace(records[2], vertices=(*records[2].vertices, importing))
    trees = CommitTrees(top, tmp_path, lambda text: text)
    found = [PastBuild(record=each, where="docker", id=each.ref) for each in records]
    builds = list(explain_history(found, lambda each: trees.of(each.record), lambda _: True))
    missed = [
        {step.instruction: step.seconds for step in each.steps if step.status is StepStatus.MISS}
        for each in records[:2]
    ]
    assert [len(each) for each in missed] == [4, 2]
    of_first = [seconds for instruction, seconds in missed[0].items() if instruction not in missed[1]]
    taken = [*of_first, *missed[1].values()]

    assert [each.balance for each in builds[:2]] == [None, None]
    balance = builds[2].balance
    assert balance is not None
    assert (balance.cost_s, balance.reused, balance.untimed) == (0.25, 4, 0)
    assert balance.saved_s == pytest.approx(sum(each for each in taken if each is not None))
    assert builds[2].report is not None
    assert builds[2].report.balance == balance
