"""BuildKit builds whose definition nobody saw (POST /build?version=2): keys and judgement."""

from collections.abc import Callable
from dataclasses import replace

from layerfork.diagnose import JudgedBuild, explain_pair, judge_relay
from layerfork.keys import keys_of
from layerfork.record.answer import CauseStatus, Judgement
from layerfork.record.record import BuildRecord, StepStatus, Vertex

MakeRecord = Callable[..., BuildRecord]
DOCKERFILE = "FROM base\nRUN one\nRUN two\n"


def without_definition(record: BuildRecord) -> BuildRecord:
    """The record as `POST /build` would have given it: vertices told by status alone."""
    assert record.definition is not None
    vertices = tuple(
        Vertex(digest=op.digest, name="", inputs=tuple(each.digest for each in op.inputs))
        for op in record.definition.ops
    )
    return replace(record, definition=None, vertices=vertices)


def with_misses(record: BuildRecord, *missed: int) -> BuildRecord:
    steps = tuple(
        replace(step, status=StepStatus.MISS if step.index in missed else StepStatus.HIT)
        for step in record.steps
    )
    return replace(record, steps=steps)


def judge(*records: BuildRecord) -> Judgement:
    return judge_relay(
        [
            JudgedBuild(client=f"client {number}", record=record, keys=keys_of(record), control="hit")
            for number, record in enumerate(records, start=1)
        ]
    )


def test_parents_and_the_base_image_are_known_all_the_same(buildkit_record: MakeRecord) -> None:
    whole = buildkit_record(DOCKERFILE)

    seen, told = keys_of(whole), keys_of(without_definition(whole))

    assert [step.parents for step in told.steps] == [step.parents for step in seen.steps] == [(), (1,), (2,)]
    assert told.steps[0].key.parts == seen.steps[0].key.parts
    assert [step.key.parts for step in told.steps[1:]] == [(), ()]
    assert all(step.key.unknown == ("the definition of this step",) for step in told.steps)


def test_all_hits_share_the_class_of_the_same_instructions(buildkit_record: MakeRecord) -> None:
    writer = with_misses(buildkit_record(DOCKERFILE), 2, 3)

    judgement = judge(writer, with_misses(without_definition(buildkit_record(DOCKERFILE))))

    assert judgement.classes == (("client 1", "client 2"),)
    assert judgement.forks == ()
    assert judgement.warnings == ()


def test_hits_of_other_instructions_belong_to_the_build_that_has_them(buildkit_record: MakeRecord) -> None:
    first = with_misses(buildkit_record(DOCKERFILE), 2, 3)
    other = buildkit_record("FROM base\nRUN one\nRUN else\n")

    judgement = judge(first, with_misses(other, 3), with_misses(without_definition(other)))

    assert judgement.classes == (("client 1",), ("client 2", "client 3"))
    assert [(fork.writer, fork.reader) for fork in judgement.forks] == [("client 1", "client 2")]


def test_nobody_chooses_between_classes(buildkit_record: MakeRecord) -> None:
    """Two definitions of one Dockerfile: then it is not known which of them the third build had."""
    first = with_misses(buildkit_record(DOCKERFILE), 2, 3)
    other = with_misses(buildkit_record(DOCKERFILE, env=("PATH=/other",)), 2, 3)

    judgement = judge(first, other, with_misses(without_definition(first)))

    assert judgement.classes == (("client 1",), ("client 2",))
    (caution,) = judgement.warnings
    assert (caution.code, caution.client) == ("class-unknown", "client 3")
    assert "of client 1 or of client 2: its record lacks the definition of this step" in caution.text


def test_a_miss_says_what_could_not_be_seen(buildkit_record: MakeRecord) -> None:
    """Nothing shows it: whatever the argument made of the definition, nobody else was given it."""
    writer, reader = (without_definition(buildkit_record(DOCKERFILE)) for _ in range(2))
    asked = replace(reader.request, build_args=(("A", "1"),))

    judgement = judge(with_misses(writer, 2, 3), with_misses(replace(reader, request=asked), 3))

    (fork,) = judgement.forks
    (cause,) = fork.causes
    assert (fork.step, cause.code, cause.status) == (3, "unexplained", CauseStatus.UNEXPLAINED)
    assert "the records lack the definition of this step" in cause.text
    assert "--client buildx-build" in cause.remedy


def test_another_text_is_suspected(buildkit_record: MakeRecord) -> None:
    writer = with_misses(buildkit_record(DOCKERFILE), 2, 3)
    reader = with_misses(without_definition(buildkit_record("FROM base\nRUN one\nRUN else\n")), 3)

    (fork,) = explain_pair(
        *(
            JudgedBuild(client=name, record=each, keys=keys_of(each))
            for name, each in (("w", writer), ("r", reader))
        )
    )

    (cause,) = fork.causes
    assert (fork.step, cause.code, cause.status) == (3, "instruction", CauseStatus.SUSPECTED)
    assert cause.text == "RUN else forked: this line is `RUN two` for w"
