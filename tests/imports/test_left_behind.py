"""Real files that builds left behind: what each must lead to, and the record of the build itself."""

from pathlib import Path

import pytest
from imports.agreement import KEY, disagreements
from imports.expected import EXPECTED, Expected

from layerfork.builders.imports.recognition import import_file
from layerfork.record.record import BuildOutcome, BuildRecord, StepStatus
from layerfork.record.store.blocks import numbered_lines
from layerfork.record.store.recordfile import read_records

LEFT = Path(__file__).parent / "left"
LETTERS = {StepStatus.HIT: "h", StepStatus.MISS: "m", StepStatus.UNKNOWN: "u"}
SEVERAL = ("engine-28.5-bake.log", "engine-28.5-all.dockerbuild")
"""Files of several builds."""
SECRET = b"tok-very-secret"

every_file = pytest.mark.parametrize("name", sorted(EXPECTED))


def imported(name: str) -> BuildRecord:
    (record,) = import_file(LEFT / name, KEY)
    return record


def live(name: str) -> BuildRecord | None:
    path = LEFT / f"{name.removesuffix(Path(name).suffix)}.records.jsonl"
    return read_records(path)[-1] if path.exists() else None


@every_file
def test_it_leads_to_what_was_written_down(name: str) -> None:
    record, expected = imported(name), EXPECTED[name]

    assert record.imported_from == expected.form
    assert record.result.outcome is expected.outcome
    assert record.result.error == expected.error
    assert "".join(LETTERS.get(step.status, "?") for step in record.steps) == expected.statuses
    assert {gap.where for gap in record.gaps} == set(expected.gaps.split())
    assert (record.definition is not None) is expected.definition
    assert _matches(record, expected)


def _matches(record: BuildRecord, expected: Expected) -> bool:
    shown = [f"{name}={value}" for name, value in record.request.build_args]
    return len(shown) == len(expected.build_args) and all(
        each.startswith(begins) for each, begins in zip(shown, expected.build_args, strict=True)
    )


@pytest.mark.parametrize("name", [name for name in sorted(EXPECTED) if live(name) is not None])
def test_it_agrees_with_the_record_of_the_build_itself(name: str) -> None:
    """What podman's own programs print has none beside it: they pass no recorder."""
    known = live(name)
    assert known is not None
    assert disagreements(imported(name), known) == []


def test_agreement_can_fail() -> None:
    record, other = imported("engine-28.5-meta.dockerbuild"), live("engine-28.5-plain.log")
    assert other is not None
    assert len(disagreements(record, other)) > 5


def test_several_targets_are_several_builds() -> None:
    records = import_file(LEFT / "engine-28.5-bake.log", KEY)
    builds = read_records(LEFT / "engine-28.5-bake.records.jsonl")

    assert len(records) == len(builds) == 2
    for target in ("web", "jobs"):
        (record,), (build,) = (
            [each for each in several if any(f"building {target}" in step.instruction for step in each.steps)]
            for several in (records, builds)
        )
        assert disagreements(record, build) == []
        assert "log" in {gap.where for gap in record.gaps}


def test_an_export_of_all_builds_is_a_record_of_each() -> None:
    """Those that `make.sh` had had BuildKit make by then."""
    records = import_file(LEFT / "engine-28.5-all.dockerbuild", KEY)

    assert len({record.recorded_at for record in records}) == len(records) == 11
    assert [record.result.outcome for record in records].count(BuildOutcome.FAILED) == 3
    for name in ("engine-28.5-small-5.records.jsonl", "engine-28.5-small-6.records.jsonl"):
        (build,) = read_records(LEFT / name)
        assert [each for each in records if disagreements(each, build) == []], name


def test_every_file_is_used_and_holds_no_other_secret() -> None:
    """Live records hide what provenance and archives show; that is theirs to show, and ours to hide."""
    for path in sorted(LEFT.iterdir()):
        name = path.name
        if name.endswith(".records.jsonl"):
            stem = name.removesuffix(".records.jsonl")
            assert any(other.startswith(f"{stem}.") for other in (*EXPECTED, *SEVERAL)), name
            assert SECRET.decode() not in "".join(line.decode() for _, line in numbered_lines(path)), name
        else:
            assert name in EXPECTED or name in SEVERAL, name


@every_file
def test_no_secret_reaches_a_record(name: str) -> None:
    assert SECRET.decode() not in repr(imported(name))
