"""Statistics over histories that are made up: what each must say is worked out by hand."""

from dataclasses import replace

import pytest
from history.madeup import STEPS, Made, commit_of, explained, name_of, report_of, usual

from layerfork.diagnose.trends import trends_of
from layerfork.record.answer import CauseStatus
from layerfork.record.trends import ChangeKind, Stored

ALL = len(STEPS)


def test_seconds_of_each_step() -> None:
    """Of six builds two change nothing; four build the last two steps."""
    (series,) = report_of(*usual(6)).trends.series
    build = next(step for step in series.steps if step.name.instruction == "RUN npm run build")
    install = next(step for step in series.steps if step.name.instruction == "RUN npm ci")

    assert [step.name.instruction for step in series.steps] == [text for text, _ in STEPS]
    assert (build.hits, build.misses, build.median_s, build.seconds) == (2, 4, 12.0, 48.0)
    assert (install.hits, install.misses, install.median_s, install.seconds) == (6, 0, None, 0.0)
    assert len(series.points) == 6
    assert series.points[0].steps[4].seconds == 12.0


def test_causes_by_the_seconds_that_they_cost() -> None:
    """Three builds lose the installation (42.6 s), four only what follows the sources (12.4 s)."""
    made = [Made(first_miss=ALL), *[Made(first_miss=1)] * 3, *[Made(first_miss=3)] * 4]
    install, sources = report_of(*made).trends.causes

    assert (install.instruction, install.builds, install.compared) == ("COPY package.json /app/", 3, 7)
    assert install.seconds_lost == pytest.approx(3 * 42.6)
    assert install.code == "content (copy-before-install)"
    assert install.status is CauseStatus.INFERRED
    assert (sources.instruction, sources.builds, sources.place) == ("COPY . .", 4, "Dockerfile:5")
    assert sources.seconds_lost == pytest.approx(4 * 12.4)


def test_what_a_fix_would_have_saved_comes_from_medians() -> None:
    """`RUN npm ci` took 30, 60 and 30 s: three times the median, 30 s."""
    made = [
        Made(first_miss=ALL),
        Made(first_miss=1),
        Made(first_miss=1, slower=2.0),
        Made(first_miss=1),
        Made(first_miss=ALL),
    ]
    (cause,) = report_of(*made).trends.causes

    assert cause.saved_s == pytest.approx(90.0)
    assert (cause.saved_builds, cause.builds, cause.saved_unknown) == (3, 3, "")


def test_what_is_not_known_of_a_fix_is_unknown() -> None:
    unknown = [Made(first_miss=ALL), *[Made(first_miss=1, foreseen=False)] * 3]
    (cause,) = report_of(*unknown).trends.causes
    assert (cause.saved_s, cause.saved_builds) == (None, 0)
    assert cause.saved_unknown == "the files are not what they were"

    (half,) = report_of(*unknown, Made(first_miss=1)).trends.causes
    assert (half.saved_s, half.saved_builds, half.builds) == (30.0, 1, 4)
    assert half.saved_unknown == "the files are not what they were"


def test_a_fix_that_brings_nothing_saves_nothing() -> None:
    (cause,) = report_of(Made(first_miss=ALL), *[Made(first_miss=3)] * 3).trends.causes

    assert (cause.saved_s, cause.saved_builds) == (0.0, 3)


def test_no_fix_saves_more_than_was_lost() -> None:
    """The median is that of slow builds: 300 s. Nine builds lost 5 * 426 s and 4 * 4.26 s."""
    slow, fast = Made(first_miss=1, slower=10.0), Made(first_miss=1, slower=0.1)
    (cause,) = report_of(Made(first_miss=ALL), *[slow] * 5, *[fast] * 4).trends.causes

    assert cause.saved_s == cause.seconds_lost == pytest.approx(5 * 426 + 4 * 4.26)


def test_the_commit_since_which_a_step_always_misses() -> None:
    """From build 20 on `COPY package.json` misses, and the installation follows: both had hit in each before.

    The steps below missed in 14 of 20 builds before, which proves nothing of them.
    """
    made = [*usual(20), *[Made(first_miss=1, dockerfile="e")] * 12]
    (series,) = report_of(*made).trends.series
    (change,) = series.changes

    assert change.kind is ChangeKind.MISSES
    assert (change.id, change.commit) == ("b00000000020", commit_of(20))
    assert change.previous_commit == commit_of(19)
    assert change.name == name_of("COPY package.json /app/")
    assert (change.before, change.after, change.missed_before, change.below) == (20, 12, 0, 1)
    assert change.dockerfile_changed
    assert change.names_commit
    assert change.reason == "Dockerfile:3  COPY package.json /app/  missed: src/a.js changed"
    assert change.chance < 0.001


def test_what_lies_below_a_changed_step_is_no_change_of_its_own() -> None:
    """`COPY . .` missed in most builds, also in the one before the change: it only seems to begin there."""
    made = [*[Made(first_miss=3 if at % 4 else ALL) for at in range(200)], *[Made(first_miss=1)] * 40]
    (change,) = report_of(*made).trends.series[0].changes

    assert (change.id, change.below) == ("b00000000200", 3)


def test_in_doubt_the_builds_are_named_that_it_may_be() -> None:
    """The step had missed in a third of the builds before, also in the last one before the change."""
    misses, hits = Made(first_miss=4), Made(first_miss=ALL)
    (change,) = report_of(*[misses, hits, hits] * 20, misses, *[misses] * 30).trends.series[0].changes

    assert (change.id, change.last_id) == ("b00000000060", "b00000000062")
    assert not change.names_commit


def test_the_commit_since_which_a_step_takes_longer() -> None:
    made = [*[Made(first_miss=3)] * 12, *[Made(first_miss=3, slower=3.0)] * 12]
    (series,) = report_of(*made).trends.series
    (change,) = series.changes

    assert change.kind is ChangeKind.SECONDS
    assert (change.id, change.name) == ("b00000000012", name_of("RUN npm run build"))
    assert (change.median_before_s, change.median_after_s) == (12.0, 36.0)
    assert change.dockerfile_changed is False


def test_a_builder_that_changed_too_takes_the_blame_off_the_commit() -> None:
    made = [*usual(20), *[Made(first_miss=0, builder="other")] * 12]
    (change,) = report_of(*made).trends.series[0].changes

    assert change.builder_changed
    assert not change.names_commit


def test_one_commit_is_not_to_blame() -> None:
    made = [*usual(19), Made(first_miss=3, commit="c" * 40), *[Made(first_miss=1, commit="c" * 40)] * 12]
    (change,) = report_of(*made).trends.series[0].changes

    assert change.commit == change.previous_commit
    assert not change.names_commit


def test_branches_are_looked_at_apart() -> None:
    """Builds of a branch whose Dockerfile is worse lie between those of main."""
    main, topic = Made(first_miss=3, branch="main"), Made(first_miss=1, branch="topic")
    made = [*[main] * 10, *[main, topic] * 6]
    trends = report_of(*made).trends

    assert trends.series[0].changes == ()
    assert [(each.branch, each.builds, each.reused) for each in trends.branches] == [
        ("main", 16, 48),
        ("topic", 6, 6),
    ]


def test_few_builds_name_no_change() -> None:
    made = [*[Made(first_miss=ALL)] * 4, *[Made(first_miss=0)] * 4]
    assert report_of(*made).trends.series[0].changes == ()


def test_builds_without_cache_are_no_change() -> None:
    made = [*usual(20), *[Made(first_miss=0)] * 12]
    builds = [explained(number, each) for number, each in enumerate(made)]
    off = [
        replace(each, measured=replace(each.measured, cache_off=each.measured.steps[0].status == "miss"))
        for each in builds
        if each.measured is not None
    ]
    assert trends_of(off).series[0].changes == ()


def test_a_new_empty_builder_each_run() -> None:
    made = [Made(first_miss=0, builder=f"b{at}", stored=at > 0) for at in range(8)]
    unused = report_of(*made).trends.series[0].unused

    assert unused is not None
    assert unused.new_builder_each
    assert (unused.builds, unused.compared, unused.reused_nothing, unused.known) == (7, 7, 8, 8)
    assert unused.seconds_lost == pytest.approx(7 * 42.7)
    assert unused.sentence == (
        "7 of 7 builds built again what an earlier build had stored: each of 8 builds used a new builder, "
        "which began empty"
    )


def test_what_only_commits_show_is_not_sure() -> None:
    """The context may have held a file that git does not have."""
    builds = [explained(number, Made(first_miss=3)) for number in range(6)]
    likely = [
        replace(
            each,
            measured=replace(
                each.measured,
                steps=tuple(replace(step, stored=Stored.LIKELY) for step in each.measured.steps),
            ),
        )
        for each in builds
        if each.measured is not None
    ]
    unused = trends_of(likely).series[0].unused

    assert unused is not None
    assert (unused.builds, unused.likely, unused.sentence) == (0, 6, "")


def test_logs_show_that_nothing_was_reused_and_not_why() -> None:
    """No key is known: perhaps the first step had changed each time."""
    unused = report_of(*[Made(first_miss=0, builder="")] * 8).trends.series[0].unused

    assert unused is not None
    assert (unused.builds, unused.reused_nothing, unused.known) == (0, 8, 8)
    assert unused.sentence.startswith("none of 8 builds reused any step; nothing shows whether")
    assert unused.fix.startswith("if each begins with an empty cache")


def test_a_cache_that_works_is_no_trouble() -> None:
    made = [Made(first_miss=3, stored=False) for _ in range(8)]
    unused = report_of(*made).trends.series[0].unused

    assert unused is not None
    assert unused.sentence == ""


def test_services_are_series_of_their_own() -> None:
    made = [Made(first_miss=3, series="web"), Made(first_miss=1, series="worker")] * 4
    trends = report_of(*made, Made(first_miss=3, series="web")).trends

    assert [(each.title, len(each.points)) for each in trends.series] == [("web", 5), ("worker", 4)]
    assert {each.series for each in trends.causes} == {"web", "worker"}
    assert trends.builds == 9


def test_nothing_is_said_of_builds_that_were_not_measured() -> None:
    builds = [replace(explained(0, Made(first_miss=3)), measured=None)]
    assert trends_of(builds) == trends_of([])
