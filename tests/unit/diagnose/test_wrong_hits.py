"""Wrong hits of recorded relays: the same as if every two builds were compared step by step."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from layerfork.app.experiment.earlierrun import read_earlier
from layerfork.diagnose import JudgedBuild, judge_relay, share_definitions
from layerfork.diagnose.compare.differences import may_equal
from layerfork.diagnose.compare.judgedbuilds import views_of
from layerfork.diagnose.compare.stepwalk import compare
from layerfork.diagnose.wronghits import stale_hits
from layerfork.keys import keys_of
from layerfork.record.answer import Caution
from layerfork.record.build import Builder
from layerfork.record.record import BuildOutcome, BuildRecord, StepStatus
from layerfork.record.store.recordfile import read_records

TESTS = Path(__file__).parents[2]
RECORDS = sorted(
    [*(TESTS / "unit/diagnose/relays").glob("*.jsonl"), *(TESTS / "corpus/records").glob("*.jsonl")]
)
RUNS = sorted((TESTS / "golden/records").glob("*.run.jsonl"))
Found = tuple[str, str, int]
"""Code of a warning, client, step."""


def relays_in(path: Path) -> Iterator[list[JudgedBuild]]:
    if path in RECORDS:
        yield [
            judged(f"{number} {record.client.id}", record) for number, record in enumerate(read_records(path))
        ]
        return
    for relay in read_earlier(path).finished.values():
        yield [judged(row.client, row.record) for row in relay.builds if row.record is not None]


def judged(name: str, record: BuildRecord) -> JudgedBuild:
    return JudgedBuild(client=name, record=record, keys=keys_of(record))


def orders(builds: list[JudgedBuild]) -> Iterator[list[JudgedBuild]]:
    """As it was; without the first ones, whose results later ones reused; and backwards."""
    yield from (builds[number:] for number in range(min(len(builds), 4)))
    yield builds[::-1]


def every_pair(builds: Sequence[JudgedBuild]) -> Iterator[Caution | Found]:
    """The warnings by definition: stale ones whole, of contradictions who and where."""
    builds = share_definitions(builds)
    for place, build in enumerate(builds):
        earlier = [each for writer in builds[:place] if (each := compare(writer, build)).scope is None]
        stale = {index: told for each in reversed(earlier) for index, told in stale_hits(each).items()}
        for index, view in views_of(build).items() if earlier else ():
            if view.step.status is not StepStatus.HIT or view.always_runs or view.neutral:
                continue
            known = any(
                may_equal(other.key, each.reader_views[index].key)
                for each in earlier
                for other in (
                    *each.writer_views.values(),
                    *(own for at, own in each.reader_views.items() if at < index),
                )
            )
            if index in stale and (not known or build.record.builder is Builder.CLASSIC):
                yield stale[index]
            elif not known and not any(map(unseen, builds[:place])):
                yield "contradiction", build.client, index


def unseen(build: JudgedBuild) -> bool:
    record = build.record
    return record.result.outcome is not BuildOutcome.SUCCEEDED and not (record.complete and record.steps)


def told(builds: Sequence[JudgedBuild]) -> list[Caution | Found]:
    found: list[Caution | Found] = []
    for each in judge_relay(builds, clean_cache=True).warnings:
        if each.code in ("stale-content", "duplicate-entry"):
            found.append(each)
        elif "no earlier build has its key" in each.text:
            found.append((each.code, each.client, each.step))
    return found


@pytest.mark.parametrize("path", [*RECORDS, *RUNS], ids=lambda path: path.name)
def test_they_are_those_of_every_pair(path: Path) -> None:
    for relay in relays_in(path):
        for builds in orders(relay):
            assert told(builds) == list(every_pair(builds))


def test_recorded_relays_have_some_of_each() -> None:
    paths = [path for path in RECORDS if path.stem in ("overlooked", "modes") or "stale" in path.stem]
    found = [
        each for path in paths for relay in relays_in(path) for order in orders(relay) for each in told(order)
    ]
    codes = {each.code if isinstance(each, Caution) else each[0] for each in found}
    assert codes >= {"stale-content", "contradiction"}
