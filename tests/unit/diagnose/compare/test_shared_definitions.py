"""Whose definition stands in for one that was not shown: only that of a build that was asked the same."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from layerfork.diagnose import JudgedBuild, share_definitions
from layerfork.keys import keys_of
from layerfork.record.context import ContextManifest, Transport
from layerfork.record.record import BuildRecord, RecordedRequest
from layerfork.record.store.recordfile import read_records

RECORDS = {
    record.client.id: record for record in read_records(Path(__file__).parents[1] / "relays" / "modes.jsonl")
}
Edit = Callable[[BuildRecord], BuildRecord]


def asked(**changes: object) -> Edit:
    def edit(record: BuildRecord) -> BuildRecord:
        request: RecordedRequest = replace(record.request, **changes)  # type: ignore[arg-type]
        return replace(record, request=request)

    return edit


def option(name: str, value: str) -> Edit:
    return lambda record: asked(options=(*record.request.options, (name, value)))(record)


def engine(version: str) -> Edit:
    def edit(record: BuildRecord) -> BuildRecord:
        assert record.engine is not None
        return replace(record, engine=replace(record.engine, version=version))

    return edit


def other_base(record: BuildRecord) -> BuildRecord:
    ((name, facts),) = record.base_images
    return replace(record, base_images=((name, replace(facts, image_id="sha256:" + "0" * 64)),))


def lender_of(borrower: BuildRecord, lender: str = "docker-build") -> str:
    builds = [
        JudgedBuild(client=name, record=record, keys=keys_of(record))
        for name, record in (("borrower", borrower), (lender, RECORDS[lender]))
    ]
    return share_definitions(builds)[0].definition_from


@pytest.mark.parametrize("lender", ["docker-build", "docker-context-build", "buildx-bake"])
def test_the_order_does_not_matter_and_any_may_lend(lender: str) -> None:
    assert lender_of(RECORDS["dockerode-build"], lender) == lender


@pytest.mark.parametrize(
    "edit",
    [
        asked(labels=(("a", "b"),)),
        asked(network="default"),
        asked(tags=("other:1",)),
        option("memory", "0"),
        option("extrahosts", "[]"),
        option("q", "1"),
    ],
)
def test_what_enters_no_definition_does_not_matter(edit: Edit) -> None:
    assert lender_of(edit(RECORDS["dockerode-build"])) == "docker-build"


@pytest.mark.parametrize(
    "edit",
    [
        asked(dockerfile="FROM alpine\n"),
        asked(dockerfile=None),
        asked(build_args=(("A", "1"),)),
        asked(target="build"),
        asked(platform="linux/arm64"),
        asked(network="host"),
        asked(syntax="docker/dockerfile:1"),
        option("extrahosts", '["a:1.2.3.4"]'),
        option("an option of a later version", "1"),
        engine("28.5.2"),
        other_base,
        lambda record: replace(record, steps=record.steps[:-1]),
        lambda record: replace(
            record, context=ContextManifest(transport=Transport.REMOTE, entries=(), remote="https://a/b.git")
        ),
    ],
)
def test_who_was_asked_something_else_lends_nothing(edit: Edit) -> None:
    assert lender_of(edit(RECORDS["dockerode-build"])) == ""


@pytest.mark.parametrize("lender", ["docker-build", "docker-context-build"])
@pytest.mark.parametrize("sent", ["docker-build", "docker-context-build"])
def test_how_a_context_is_sent_changes_nothing_of_what_reads_it(lender: str, sent: str) -> None:
    """The CLI of 20.10 transfers a directory and shows no definition either: its keys are those of the
    client that sent the same, and shows one."""
    borrower = JudgedBuild(
        client="borrower",
        record=replace(RECORDS["dockerode-build"], context=RECORDS[sent].context),
        keys=keys_of(RECORDS["dockerode-build"]),
    )
    shown = JudgedBuild(client=lender, record=RECORDS[lender], keys=keys_of(RECORDS[lender]))

    lent, _ = share_definitions([borrower, shown])

    expected = keys_of(RECORDS[sent])
    assert [step.key.digest for step in lent.keys.steps] == [step.key.digest for step in expected.steps]
    assert not any(step.key.unknown for step in lent.keys.steps)


def test_what_was_recorded_stays() -> None:
    """Only the copy that is judged has the definition."""
    record = RECORDS["dockerode-build"]
    build = JudgedBuild(client="borrower", record=record, keys=keys_of(record))
    lender = JudgedBuild(
        client="lender", record=RECORDS["docker-build"], keys=keys_of(RECORDS["docker-build"])
    )

    (lent, same) = share_definitions([build, lender])

    assert same is lender
    assert record.definition is None
    assert [step.status for step in lent.record.steps] == [step.status for step in record.steps]
    assert lent.record.context is record.context
