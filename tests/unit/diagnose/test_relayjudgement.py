"""Relays: who shares what, who may accuse whom, and what is said besides."""

from dataclasses import replace

import pytest
from unit.diagnose.makers import (
    ENGINE,
    Cache,
    Line,
    build,
    context,
    digest,
    entry,
    entry_parts,
    from_line,
    part,
    seed,
)

from layerfork.diagnose import JudgedBuild, judge_relay
from layerfork.record.answer import CauseStatus, Verdict
from layerfork.record.build import Builder
from layerfork.record.context import EntryType, Transport
from layerfork.record.record import BuildOutcome, Gap, RecordedRequest, StepStatus

OWNED = entry_parts("important.txt", uid="1000")


def with_status(made: JudgedBuild, step: int, status: StepStatus) -> JudgedBuild:
    steps = tuple(replace(each, status=status) if each.index == step else each for each in made.record.steps)
    return replace(made, record=replace(made.record, steps=steps))


def test_no_build_at_all_is_an_error() -> None:
    assert judge_relay([]).verdict is Verdict.ERROR


def test_a_failed_build_has_no_class_and_still_stored_its_steps() -> None:
    cache = Cache()
    judgement = judge_relay(
        [
            build("one", seed(), cache),
            build("broken", seed(OWNED)[:3], cache, outcome=BuildOutcome.FAILED),
            build("two", seed(OWNED), cache),
        ]
    )

    assert judgement.classes == (("one",), ("two",))
    (fork,) = judgement.forks
    assert (fork.writer, fork.reader, fork.step) == ("one", "two", 3)
    assert fork.seconds_lost == 0.5, "the copied file came from the failed build"
    assert judgement.warnings == ()


def test_a_build_that_was_cut_off_may_have_stored_what_nobody_saw() -> None:
    cache = Cache()
    first = build("one", seed(), cache)
    cut = build("cut", seed(OWNED), cache, outcome=BuildOutcome.CUT)
    lost = replace(cut, record=replace(cut.record, steps=(), gaps=(Gap(where="answer", what="it ended"),)))
    last = build("two", seed(OWNED), cache)

    assert [caution.code for caution in judge_relay([first, last]).warnings] == ["contradiction"]
    assert judge_relay([first, lost, last]).warnings == ()


@pytest.mark.parametrize("culprit", [0, 1])
def test_a_failed_control_accuses_nobody(culprit: int) -> None:
    cache = Cache()
    controls = ["hit", "hit"]
    controls[culprit] = "miss"
    judgement = judge_relay(
        [
            build("one", seed(), cache, control=controls[0]),
            build("two", seed(OWNED), cache, control=controls[1]),
        ]
    )

    assert judgement.verdict is Verdict.FORKED
    assert judgement.forks == ()
    assert [caution.code for caution in judgement.warnings] == ["control-failed"]
    assert judgement.warnings[0].client == ("one", "two")[culprit]


def test_another_member_speaks_for_a_class_whose_first_has_no_control() -> None:
    cache = Cache()
    judgement = judge_relay(
        [
            build("one", seed(), cache, control="miss"),
            build("two", seed(), cache),
            build("three", seed(OWNED), cache),
        ]
    )

    (fork,) = judgement.forks
    assert (fork.writer, fork.reader) == ("two", "three")


def test_a_reader_is_compared_with_the_class_it_shares_most_with() -> None:
    cache = Cache()
    longer = (*seed(OWNED), Line(text="RUN one"))
    other = (*seed(OWNED), Line(text="RUN two"))
    judgement = judge_relay(
        [build("one", seed(), cache), build("two", longer, cache), build("three", other, cache)]
    )

    assert [(fork.writer, fork.reader, fork.step) for fork in judgement.forks] == [
        ("one", "two", 3),
        ("two", "three", 5),
    ]


def test_of_classes_that_share_as_much_the_one_with_fewest_causes_is_the_writer() -> None:
    """The engine test of 2015: on CLI 20.10 docker-build differs from docker_py-build in type bits alone."""
    cache = Cache()
    bits = part("mode-type-bits", "0100000", "important.txt", "mode")
    judgement = judge_relay(
        [
            build("docker_py-context-build", seed(entry_parts("important.txt", entry_name="./x")), cache),
            build("docker_py-build", seed(), cache),
            build("docker-build", seed((*entry_parts("important.txt"), bits)), cache),
        ]
    )

    assert [(fork.writer, fork.reader) for fork in judgement.forks] == [
        ("docker_py-context-build", "docker_py-build"),
        ("docker_py-build", "docker-build"),
    ]
    assert [cause.code for cause in judgement.forks[1].causes] == ["mode-type-bits"]


@pytest.mark.parametrize("count", [1, 3])
def test_labels_added_at_the_end_do_not_split_a_class(count: int) -> None:
    cache = Cache()
    labels = tuple((f"com.docker.compose.{number}", "classic") for number in range(count))
    lines = tuple(Line(text=f"LABEL {name}={value}", line=0) for name, value in labels)
    request = RecordedRequest(labels=labels)
    judgement = judge_relay(
        [
            build("docker-build", seed(), cache),
            build("docker-compose-build", (*seed(), *lines), cache, request=request),
            build("docker_py-build", seed(), cache),
        ]
    )

    assert judgement.verdict is Verdict.REUSED
    assert judgement.classes == (("docker-build", "docker-compose-build", "docker_py-build"),)
    assert judgement.forks == ()
    (caution,) = judgement.warnings
    assert (caution.code, caution.client, caution.step) == ("added-label", "docker-compose-build", 5)
    assert "every other step is shared" in caution.text


def test_other_labels_are_a_fork() -> None:
    cache = Cache()

    def labelled(client: str, value: str) -> JudgedBuild:
        request = RecordedRequest(labels=(("session", value),))
        label = Line(text=f"LABEL session={value}", parts=(part("label", value),), bare=True, line=0)
        return build(client, (*seed(), label), cache, request=request)

    judgement = judge_relay([labelled("one", "1"), labelled("two", "2")])

    (fork,) = judgement.forks
    assert fork.step == 5
    assert [(cause.code, cause.status) for cause in fork.causes] == [("label", CauseStatus.SUSPECTED)]


def test_a_gap_is_told() -> None:
    made = build("one", seed())
    gap = Gap(where="tar entry 17 at byte 9216", what="unknown type")

    judgement = judge_relay([replace(made, record=replace(made.record, gaps=(gap,)))])

    (caution,) = judgement.warnings
    assert (caution.code, caution.client) == ("incomplete-record", "one")
    assert "tar entry 17 at byte 9216" in caution.text


def test_a_wrong_history_string_is_a_contradiction() -> None:
    cache = Cache()
    one, two = build("one", seed(), cache), build("two", seed(OWNED), cache)
    steps = tuple(
        replace(step, created_by="/bin/sh -c #(nop) COPY file:… in / ") if step.index == 3 else step
        for step in two.record.steps
    )

    judgement = judge_relay([one, replace(two, record=replace(two.record, steps=steps))])

    assert [caution.code for caution in judgement.warnings] == ["contradiction"]
    (cause,) = judgement.forks[0].causes
    assert (cause.code, cause.status) == ("uid", CauseStatus.UNEXPLAINED)


def test_a_hit_without_an_equal_key_is_a_contradiction_on_a_clean_cache_only() -> None:
    cache = Cache()
    one = build("one", seed(), cache, builder=Builder.BUILDKIT)
    two = build("two", seed(OWNED), cache, builder=Builder.BUILDKIT)
    two = with_status(with_status(two, 3, StepStatus.HIT), 4, StepStatus.HIT)

    clean = judge_relay([one, two])
    warm = judge_relay([one, two], clean_cache=False)

    assert [(caution.code, caution.step) for caution in clean.warnings] == [("contradiction", 3)]
    assert {cause.status for fork in clean.forks for cause in fork.causes} == {CauseStatus.UNEXPLAINED}
    assert warm.warnings == ()


def test_the_users_own_engine_is_never_a_clean_cache() -> None:
    cache = Cache()
    host = replace(ENGINE, kind="host", ours=False)
    one = build("one", seed(), cache, builder=Builder.BUILDKIT, engine=host)
    two = build("two", seed(OWNED), cache, builder=Builder.BUILDKIT, engine=host)

    assert judge_relay([one, with_status(two, 3, StepStatus.HIT)]).warnings == ()


def test_buildkit_took_a_changed_file_for_unchanged() -> None:
    cache = Cache()

    def made(client: str, data: str) -> JudgedBuild:
        sent = context(entry("important.txt", data, mtime_ns=1), transport=Transport.FILE_SYNC)
        parts = entry_parts("important.txt", content=digest(data))
        return build(client, seed(parts), cache, builder=Builder.BUILDKIT, sent=sent)

    two = with_status(with_status(made("two", "b"), 3, StepStatus.HIT), 4, StepStatus.HIT)
    judgement = judge_relay([made("one", "a"), two])

    assert [(caution.code, caution.step) for caution in judgement.warnings] == [("stale-content", 3)]
    assert "size, mode and modification time are the same" in judgement.warnings[0].text


def test_the_classic_builder_did_not_see_the_target_of_a_hard_link() -> None:
    cache = Cache()
    parts = (*entry_parts("link", entry_type="1"), part("hardlink", "file", "link", "linkname"))

    def made(client: str, data: str) -> JudgedBuild:
        link = entry("link", "", type=EntryType.HARDLINK, linkname="file", content=None)
        return build(client, seed(parts), cache, sent=context(entry("file", data), link))

    judgement = judge_relay([made("one", "a"), made("two", "b")])

    assert judgement.classes == (("one", "two"),)
    assert [(caution.code, caution.step) for caution in judgement.warnings] == [("stale-content", 3)]
    assert "file differs" in judgement.warnings[0].text


def test_the_classic_builder_hashed_the_first_of_two_entries() -> None:
    cache = Cache()

    def made(client: str, last: str) -> JudgedBuild:
        sent = context(entry("important.txt", "first"), entry("important.txt", last))
        return build(client, seed(), cache, sent=sent)

    judgement = judge_relay([made("one", "a"), made("two", "b")])

    assert [(caution.code, caution.step) for caution in judgement.warnings] == [("duplicate-entry", 3)]


def test_statuses_alone_sort_builds_whose_keys_are_unknown() -> None:
    cache = Cache()

    def made(client: str, *missed: int) -> JudgedBuild:
        lines = [replace(line, unknown=("the definition",), parts=(), bare=True) for line in seed()]
        one = build(client, lines, cache, builder=Builder.BUILDKIT)
        for step in (2, 3, 4):
            one = with_status(one, step, StepStatus.MISS if step in missed else StepStatus.HIT)
        return one

    judgement = judge_relay([made("one", 2, 3, 4), made("two"), made("three", 3, 4)])

    assert judgement.classes == (("one", "two"), ("three",))
    (fork,) = judgement.forks
    assert (fork.step, fork.consequences) == (3, (4,))
    (cause,) = fork.causes
    assert (cause.code, cause.status) == ("unexplained", CauseStatus.UNEXPLAINED)
    assert "the records lack the definition" in cause.text


def test_a_stage_that_was_built_anew_explains_what_is_copied_from_it() -> None:
    cache = Cache()

    def made(client: str, uid: str, binary: str) -> JudgedBuild:
        source = part("content", binary, "/bin/app", "source")
        lines = (
            from_line(stage=0, stage_name="make"),
            Line(text="COPY src /", parts=entry_parts("src", uid=uid), stage_name="make"),
            Line(text="RUN make", stage_name="make"),
            from_line(stage=1, stage_name="final", digest_of="small"),
            Line(text="COPY --from=make /bin/app /", parts=(source,), stage=1, stage_name="final"),
        )
        return build(client, lines, cache)

    judgement = judge_relay([made("one", "0", "binary 1"), made("two", "1000", "binary 2")])

    (fork,) = judgement.forks
    assert (fork.step, fork.stage, fork.consequences) == (2, "make", (3, 5))
    assert [cause.code for cause in fork.causes] == ["uid"]


def test_two_branches_are_two_forks() -> None:
    cache = Cache()

    def made(client: str, uid: str) -> JudgedBuild:
        lines = (
            from_line(stage_name="a"),
            Line(text="COPY a /", parts=entry_parts("a", uid=uid), stage_name="a"),
            from_line(stage=1, stage_name="b", digest_of="other"),
            Line(text="COPY b /", parts=entry_parts("b", uid=uid), stage=1, stage_name="b"),
            Line(text="RUN b", stage=1, stage_name="b"),
        )
        return build(client, lines, cache)

    judgement = judge_relay([made("one", "0"), made("two", "1000")])

    assert [(fork.stage, fork.step, fork.consequences) for fork in judgement.forks] == [
        ("a", 2, ()),
        ("b", 4, (5,)),
    ]


def test_a_wider_target_does_not_split_a_class() -> None:
    cache = Cache()

    def made(client: str, target: str) -> JudgedBuild:
        lines = (
            from_line(stage_name="make"),
            Line(text="RUN make", stage_name="make"),
            from_line(stage=1, stage_name="final", digest_of="small"),
            Line(text="RUN final", stage=1, stage_name="final"),
        )
        request = RecordedRequest(target=target)
        return build(client, lines[:2] if target else lines, cache, request=request)

    judgement = judge_relay([made("narrow", "make"), made("wide", "")])

    assert judgement.verdict is Verdict.REUSED
    assert judgement.classes == (("narrow", "wide"),)
    (caution,) = judgement.warnings
    assert (caution.code, caution.client, caution.step) == ("added-target", "wide", 3)
    assert caution.text == (
        "wide builds the last stage, narrow built only make: steps 3, 4 had nothing to reuse; "
        "every other step is shared"
    )
