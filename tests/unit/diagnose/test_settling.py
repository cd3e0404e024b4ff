"""How to find out what took a result: by the builder, with the times and the image of these builds."""

from dataclasses import replace

import pytest
from unit.hypothesis.recorded import pair

from layerfork.diagnose import JudgedBuild, judge_pair
from layerfork.keys import keys_of
from layerfork.record.engine import BUILDKIT_DAEMON
from layerfork.record.record import BuildRecord


def evidence(writer: BuildRecord, reader: BuildRecord) -> str:
    builds = [
        JudgedBuild(client=name, record=each, keys=keys_of(each))
        for name, each in (("w", writer), ("r", reader))
    ]
    (fork,) = judge_pair(*builds).forks
    (cause,) = fork.causes
    assert cause.code in ("cache-empty", "cache-record-gone")
    return next(each for each in cause.evidence if each.startswith("to find out: "))


@pytest.mark.parametrize("name", ["classic-cache-record-gone", "classic-cache-empty"])
def test_the_engine_remembers_which_images_were_removed(name: str) -> None:
    writer, reader = pair(name)
    writer, reader = (
        replace(writer, recorded_at="2026-01-01T00:00:00Z"),
        replace(reader, recorded_at="2026-01-02T00:00:00Z"),
    )
    said = evidence(writer, reader)
    assert "docker events --since 2026-01-01T00:00:00Z --until 2026-01-02T00:00:00Z" in said
    lost = next(step for step in reader.steps if step.status.value == "miss").index
    (stored,) = (step.identity for step in writer.steps if step.index == lost)
    assert stored.removeprefix("sha256:")[:12] in said


def test_buildkit_of_an_engine_and_one_of_its_own() -> None:
    writer, reader = pair("buildkit-cache-empty")
    said = evidence(writer, reader)
    assert "builder.gc in daemon.json" in said
    assert "buildx inspect" not in said
    assert reader.engine is not None
    alone = replace(reader.engine, kind=BUILDKIT_DAEMON)
    said = evidence(replace(writer, engine=alone), replace(reader, engine=alone))
    assert "`docker buildx inspect` lists the rules" in said
    assert "daemon.json" not in said
