"""What other labels of a request make of a record's steps."""

import pytest

from layerfork.hypothesis.requestchanges import with_labels
from layerfork.record.build import Builder
from layerfork.record.change import LabelsAre
from layerfork.record.record import (
    BuildOutcome,
    BuildRecord,
    BuildResult,
    RecordedRequest,
    StepRecord,
    StepStatus,
)


def record(builder: Builder, labels: tuple[tuple[str, str], ...], *texts: str) -> BuildRecord:
    return BuildRecord(
        id="build",
        recorded_at="2026-01-01T00:00:00Z",
        builder=builder,
        request=RecordedRequest(labels=labels),
        steps=tuple(
            StepRecord(index=index, instruction=text, status=StepStatus.MISS)
            for index, text in enumerate(("FROM alpine", "LABEL own=1", *texts), start=1)
        ),
        result=BuildResult(outcome=BuildOutcome.SUCCEEDED),
    )


@pytest.mark.parametrize(
    ("builder", "before", "after"),
    [
        (Builder.BUILDAH, ('LABEL "b"="2" "a"="1"',), ('LABEL "a"="3"',)),
        (Builder.CLASSIC, ("LABEL a=1", "LABEL b=2"), ("LABEL a=3",)),
        (Builder.BUILDKIT, (), ()),
    ],
)
def test_the_steps_of_the_labels_are_replaced(
    builder: Builder, before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    """Steps as podman 5.4.2 and Engine 26.1.5 print them; podman's service may turn their order."""
    built = record(builder, (("a", "1"), ("b", "2")), *before)
    changed = with_labels(built, LabelsAre(labels=(("a", "3"),)))
    assert tuple(step.instruction for step in changed.steps) == ("FROM alpine", "LABEL own=1", *after)
    none = with_labels(built, LabelsAre(labels=()))
    assert tuple(step.instruction for step in none.steps) == ("FROM alpine", "LABEL own=1")
