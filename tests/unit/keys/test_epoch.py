"""SOURCE_DATE_EPOCH, as frontends of different versions use it."""

from dataclasses import replace
from pathlib import Path

import pytest

from layerfork.diagnose import JudgedBuild, judge_pair
from layerfork.keys import keys_of
from layerfork.keys.buildkit.origins import arguments_of, dating
from layerfork.record.answer import Cause
from layerfork.record.build import Builder
from layerfork.record.llb import Definition, ExecOp, FileAction, LLBOp
from layerfork.record.record import BuildRecord
from layerfork.record.store.recordfile import read_records

CORPUS = Path(__file__).parents[2] / "corpus" / "records"
NAME = "SOURCE_DATE_EPOCH"


def recorded(name: str = "directories") -> tuple[BuildRecord, BuildRecord]:
    writer, reader = read_records(CORPUS / f"buildkit-build-arg-dates-{name}.jsonl")
    return writer, reader


def asked(record: BuildRecord, value: str, version: str = "v0.30.0") -> BuildRecord:
    """The record as if it had been asked for like this, and as if its frontend had found the time."""
    assert record.engine is not None
    return replace(
        record,
        request=replace(record.request, build_args=((NAME, value),)),
        engine=replace(record.engine, buildkit_version=version),
    )


def test_directories_of_a_real_engine_have_the_date_that_was_given() -> None:
    for record, seconds in zip(recorded(), (1_700_000_000, 1_800_000_000), strict=True):
        assert record.definition is not None
        actions = [action for op in record.definition.ops for action in op.file or ()]
        dated = [action.timestamp for action in actions if action.kind == "mkdir"]
        assert dated == [seconds * 10**9]


def test_a_time_that_was_looked_up_is_the_number_that_was_found() -> None:
    writer, _ = recorded()
    assert arguments_of(asked(writer, "context")) == {NAME: "1700000000"}


def test_of_a_context_without_a_time_there_is_no_argument() -> None:
    writer, _ = recorded("nothing")
    assert arguments_of(asked(writer, "context")) == {}


@pytest.mark.parametrize("value", ["1700000001", "-5", "0"])
def test_a_number_stays(value: str) -> None:
    writer, _ = recorded()
    assert arguments_of(asked(writer, value)) == {NAME: value}


def test_other_builders_take_it_as_it_is() -> None:
    writer, _ = recorded()
    assert arguments_of(replace(asked(writer, "context"), builder=Builder.CLASSIC)) == {NAME: "context"}


def with_op(record: BuildRecord, op: LLBOp) -> BuildRecord:
    return replace(record, definition=Definition(ops=(op,)))


def test_a_run_shows_the_time_as_well() -> None:
    writer, _ = recorded()
    run = ExecOp(args=("x",), env=("PATH=/bin", f"{NAME}=1600000000"), cwd="/")
    op = LLBOp(digest=writer.steps[0].vertices[0], kind="exec", exec=run)
    assert arguments_of(with_op(asked(writer, "context"), op)) == {NAME: "1600000000"}


def test_a_frontend_that_hands_the_word_on_knows_nothing_of_times() -> None:
    writer, _ = recorded()
    run = ExecOp(args=("x",), env=(f"{NAME}=context",), cwd="/")
    op = LLBOp(digest=writer.steps[0].vertices[0], kind="exec", exec=run)
    assert arguments_of(with_op(asked(writer, "context"), op)) == {NAME: "context"}


def test_only_directories_that_are_made_show_it() -> None:
    writer, _ = recorded()
    copy = FileAction(kind="copy", timestamp=5 * 10**9)
    op = LLBOp(digest=writer.steps[0].vertices[0], kind="file", file=(copy,))
    assert arguments_of(with_op(asked(writer, "context"), op)) == {}


@pytest.mark.parametrize(
    ("version", "dates", "by_default"),
    [("v0.21.1", False, False), ("v0.22.0", True, False), ("v0.28.1", True, False), ("v0.29.0", True, True)],
)
def test_which_frontends_date_directories(version: str, dates: bool, by_default: bool) -> None:
    writer, _ = recorded()
    found = dating(asked(writer, "1", version))
    assert (found is not None) is dates
    assert bool(found and found.by_global_default) is by_default


def test_of_another_frontend_nothing_is_said() -> None:
    writer, _ = recorded()
    assert dating(replace(writer, request=replace(writer.request, syntax="docker/dockerfile:1"))) is None


def causes(writer: BuildRecord, reader: BuildRecord) -> tuple[Cause, ...]:
    builds = (
        JudgedBuild(client=client, record=record, keys=keys_of(record))
        for client, record in (("writer", writer), ("reader", reader))
    )
    (fork,) = judge_pair(*builds).forks
    return fork.causes


def judged(writer: BuildRecord, reader: BuildRecord) -> list[tuple[str, str, str, str, str]]:
    return [
        (each.status.value, each.code, each.path, each.writer, each.reader) for each in causes(writer, reader)
    ]


def test_a_date_that_was_found_is_not_said_to_be_given() -> None:
    writer, reader = recorded()
    (cause,) = causes(writer, asked(reader, "context"))
    assert cause.text == (
        f"WORKDIR /made forked: build argument {NAME} is 1800000000 for reader, 1700000000 for writer "
        f"(resolved from {NAME}=context)"
    )
    assert cause.remedy == f"give every build the same {NAME}, or none"


def test_two_times_of_one_word_are_proven() -> None:
    """Both builds were asked for with ``SOURCE_DATE_EPOCH=context``: the requests are equal."""
    writer, reader = (asked(record, "context") for record in recorded())
    assert judged(writer, reader) == [("PROVEN", "build-arg", NAME, "1700000000", "1800000000")]


def test_a_default_of_the_dockerfile_is_proven_too() -> None:
    """Since 0.29 a global ARG may give the time."""

    def with_default(record: BuildRecord, seconds: int) -> BuildRecord:
        text = f"ARG {NAME}={seconds}\n" + (record.request.dockerfile or "")
        assert record.engine is not None
        assert record.definition is not None
        return replace(
            record,
            request=replace(record.request, build_args=(), dockerfile=text),
            engine=replace(record.engine, buildkit_version="v0.29.0"),
            steps=tuple(replace(step, line=step.line + 1) for step in record.steps),
        )

    writer, reader = recorded()
    found = judged(with_default(writer, 1_700_000_000), with_default(reader, 1_800_000_000))
    assert found == [("PROVEN", "build-arg", NAME, "1700000000", "1800000000")]
