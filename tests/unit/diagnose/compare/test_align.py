"""Steps of two Dockerfiles are paired as the cache looks them up."""

from dataclasses import replace

from layerfork.diagnose.compare.alignment import align
from layerfork.record.record import StepRecord, StepStatus


def steps(*texts: str) -> list[StepRecord]:
    return [
        StepRecord(index=index, instruction=text, status=StepStatus.MISS)
        for index, text in enumerate(texts, start=1)
    ]


def test_a_repeated_line_is_paired_from_the_beginning() -> None:
    writer = steps("FROM a", "RUN x", "RUN 1", "RUN x", "RUN 3", "RUN last")
    reader = steps("FROM a", "RUN x", "RUN 3", "RUN last")

    assert align(writer, reader).writer_of == {1: 1, 2: 2, 3: 5, 4: 6}
    assert align(reader, writer).writer_of == {1: 1, 2: 2, 5: 3, 6: 4}


def test_a_global_argument_of_one_side_is_an_added_step() -> None:
    """What the Dev Container CLI makes of a Dockerfile: an ARG, a name for the last stage, one more stage."""
    writer = steps("FROM a", "RUN x", "COPY y /", "RUN x")
    reader = steps("ARG BASE=scratch", "FROM a AS name", "RUN x", "COPY y /", "RUN x", "FROM $BASE AS target")
    reader = [replace(step, stage_name="name" if step.index > 1 else "") for step in reader[:5]] + [
        replace(reader[5], stage=1, stage_name="target")
    ]

    assert align(writer, reader).writer_of == {2: 1, 3: 2, 4: 3, 5: 4}


def test_a_stage_keeps_its_name_below_a_global_argument() -> None:
    def two_stages(*first: str) -> list[StepRecord]:
        made = steps(*first, "FROM a AS one", "RUN x", "FROM b AS two", "RUN y")
        count = len(first)
        names = ["", "one", "one", "two", "two"] if first else ["one", "one", "two", "two"]
        return [
            replace(step, stage=int(step.index > count + 2), stage_name=name)
            for step, name in zip(made, names, strict=True)
        ]

    swapped = [replace(step, stage=1 - step.stage) for step in two_stages()]

    assert align(swapped, two_stages("ARG X=1")).writer_of == {2: 1, 3: 2, 4: 3, 5: 4}


def for_platforms(*lines: tuple[str, str]) -> list[StepRecord]:
    texts = [text for _, text in lines]
    return [
        replace(step, platform=platform) for step, (platform, _) in zip(steps(*texts), lines, strict=True)
    ]


AMD, ARM = "linux/amd64", "linux/arm64"


def test_each_platform_is_paired_with_itself() -> None:
    writer = for_platforms(("", "FROM a"), (AMD, "RUN x"), (AMD, "RUN y"), (ARM, "RUN x"), (ARM, "RUN y"))
    reader = for_platforms(
        ("", "FROM a"), (AMD, "RUN x"), (AMD, "RUN y"), (ARM, "RUN x"), (ARM, "RUN new"), (ARM, "RUN y")
    )

    assert align(writer, reader, (AMD, ARM)).writer_of == {1: 1, 2: 2, 3: 3, 4: 4, 6: 5}
    assert align(reader, writer, (AMD, ARM)).writer_of == {1: 1, 2: 2, 3: 3, 4: 4, 5: 6}


def test_a_build_for_one_platform_is_paired_with_that_branch_of_another() -> None:
    writer = steps("FROM a", "RUN x", "RUN y")
    reader = for_platforms(("", "FROM a"), (AMD, "RUN x"), (AMD, "RUN y"), (ARM, "RUN x"), (ARM, "RUN y"))

    assert align(writer, reader, (ARM,)).writer_of == {1: 1, 4: 2, 5: 3}
    assert align(reader, writer, (ARM,)).writer_of == {1: 1, 2: 4, 3: 5}


def test_without_a_platform_in_common_only_what_all_share_is_paired() -> None:
    writer = for_platforms(("", "FROM a"), (AMD, "RUN x"))
    reader = for_platforms(("", "FROM a"), (ARM, "RUN x"))

    assert align(writer, reader, ()).writer_of == {1: 1}


def test_what_was_common_may_be_of_some_platforms_only() -> None:
    writer = for_platforms(("", "FROM a"), ("", "RUN x"), (AMD, "RUN y"), (ARM, "RUN y"))
    both = f"{AMD},{ARM}"
    reader = for_platforms(
        ("", "FROM a"), (both, "RUN x"), (AMD, "RUN y"), (ARM, "RUN y"), ("linux/386", "RUN x")
    )

    assert align(writer, reader, (AMD, ARM)).writer_of == {1: 1, 2: 2, 3: 3, 4: 4}
