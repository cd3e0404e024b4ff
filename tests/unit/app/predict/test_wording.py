"""A predicted build is named as its Dockerfile has it: no builder has shown anything of it yet."""

from dataclasses import replace

from unit.hypothesis.recorded import pair

from layerfork.app.predict.nextbuild import NextBuild
from layerfork.app.predict.predicting import predict_build
from layerfork.record.answer import Cause
from layerfork.record.prediction import Baseline
from layerfork.record.record import BuildRecord

TEXT = "FROM alpine\nARG GIT_SHA\nRUN echo apk add git\nRUN echo $GIT_SHA\n"
"""What was built with GIT_SHA=1f6d0ad; BuildKit showed its line 4 as `RUN echo 1f6d0ad`."""
DOCUMENT = "FROM alpine\nARG GIT_SHA\nRUN echo apk add git\nRUN <<EOF\necho $GIT_SHA\nEOF\n"


def recorded() -> BuildRecord:
    record, _ = pair("buildkit-build-arg-commit")
    assert record.request.dockerfile == TEXT
    return record


def with_document() -> BuildRecord:
    """The same, as if the command had been a here-document: BuildKit shows how it begins."""
    record = recorded()
    assert record.definition is not None
    ops = tuple(
        replace(op, exec=replace(op.exec, args=("/bin/sh", "-c", "echo $GIT_SHA\n")))
        if op.exec is not None and "$GIT_SHA" in op.exec.args[-1]
        else op
        for op in record.definition.ops
    )
    steps = (*record.steps[:-1], replace(record.steps[-1], instruction="RUN <<EOF (echo 1f6d0ad)"))
    return replace(
        record,
        definition=replace(record.definition, ops=ops),
        request=replace(record.request, dockerfile=DOCUMENT),
        steps=steps,
    )


def causes(record: BuildRecord, next_build: NextBuild) -> list[tuple[int, Cause]]:
    baseline = Baseline(id=record.id, recorded_at=record.recorded_at, age_s=0.0)
    prediction = predict_build(record, next_build, baseline)
    return [(fork.step, cause) for fork in prediction.judgement.forks for cause in fork.causes]


def test_a_reworded_line_is_compared_as_both_are_written() -> None:
    text = TEXT.replace("echo $GIT_SHA", "echo now $GIT_SHA")
    [(step, cause)] = causes(recorded(), NextBuild(dockerfile=text))
    assert step == 3
    assert cause.text == (
        "RUN echo now $GIT_SHA forked: this line is `RUN echo $GIT_SHA` for the recorded build"
    )


def test_a_step_has_no_value_of_the_recorded_build() -> None:
    for _, cause in causes(recorded(), NextBuild(build_args={"GIT_SHA": "83c9e21"})):
        assert not cause.text.startswith("RUN echo 1f6d0ad")
        assert cause.text.endswith(
            " forked: build argument GIT_SHA is 83c9e21 for this build, 1f6d0ad for the recorded build"
        )


def test_a_here_document_is_compared_by_what_it_holds() -> None:
    text = DOCUMENT.replace("echo $GIT_SHA", "echo now $GIT_SHA")
    [(step, cause)] = causes(with_document(), NextBuild(dockerfile=text))
    assert (step, cause.status) == (3, "PROVEN")
    assert cause.text == (
        'RUN <<EOF forked: the command is ["/bin/sh", "-c", "echo now $GIT_SHA\\n"] for this build, '
        '["/bin/sh", "-c", "echo $GIT_SHA\\n"] for the recorded build'
    )
