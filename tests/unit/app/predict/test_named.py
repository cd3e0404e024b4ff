"""Directories that a build reads beside its context: read as they are now, unknown where they cannot be."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from unit.builders.commits.repositories import new_repository
from unit.hypothesis.recorded import pair

from layerfork.app.predict.commits import predict_histories
from layerfork.app.predict.nextbuild import PredictOptions
from layerfork.app.predict.remembered import predict_builds
from layerfork.record.context import MAIN_CONTEXT
from layerfork.record.prediction import PredictedStatus, Prediction
from layerfork.record.record import BuildRecord
from layerfork.record.store.recordfile import RecordFile

HIT, MISS, UNKNOWN = PredictedStatus.HIT, PredictedStatus.MISS, PredictedStatus.UNKNOWN
TEXT = "FROM alpine\nCOPY --from=lib a /\n"


def record_of(lib: Path | None) -> BuildRecord:
    """A real build of `COPY a /`, as if the file came from a context ``lib``: the operation is the same."""
    record, _ = pair("buildkit-content")
    assert record.context is not None
    assert record.definition is not None
    ops = tuple(
        replace(op, source=replace(op.source, identifier="local://lib"))
        if op.source is not None and op.source.identifier == f"local://{MAIN_CONTEXT}"
        else op
        for op in record.definition.ops
    )
    steps = (record.steps[0], replace(record.steps[1], instruction="COPY --from=lib a /"))
    options = (("context:lib", "local:lib"), *record.request.options)
    places = (("lib", str(lib)),) if lib is not None else ()
    return replace(
        record,
        context=replace(record.context, entries=(), followed_paths=("nothing",)),
        named_contexts=(replace(record.context, name="lib"),),
        definition=replace(record.definition, ops=ops),
        steps=steps,
        request=replace(record.request, dockerfile=TEXT, options=options),
        place=replace(record.place, named_contexts=places),
    )


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What was built: a context without files, and beside it the file ``a`` as the record has it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    project = new_repository(tmp_path / "project").directory
    (project / "main").mkdir()
    (project / "lib").mkdir()
    (project / "main" / "Dockerfile").write_text(TEXT)
    put(project / "lib" / "a", "one")
    return project


def keep(file: Path, record: BuildRecord) -> None:
    with RecordFile(file) as records:
        records.add(record)


def put(file: Path, text: str) -> None:
    """With the mode and the time that were recorded."""
    file.write_text(text)
    file.chmod(0o644)
    os.utime(file, ns=(1700032785 * 10**9,) * 2)


def predict(project: Path, record: BuildRecord) -> Prediction:
    file = project.parent / "record.jsonl"
    keep(file, record)
    (found,) = predict_builds(str(project / "main"), PredictOptions(), against=f"{file}#1")
    return found


def forecasts(prediction: Prediction) -> tuple[PredictedStatus, ...]:
    return tuple(step.prediction for step in prediction.steps)


def test_it_is_read_as_it_is_now(project: Path) -> None:
    record = record_of(project / "lib")
    assert forecasts(predict(project, record)) == (HIT, HIT)
    (project / "lib" / "a").write_text("another")
    prediction = predict(project, record)
    assert forecasts(prediction) == (HIT, MISS)
    assert [(cause.code, cause.path) for cause in prediction.steps[1].causes] == [("content", "a")]
    assert not any("lib" in line for line in prediction.assumes)


def test_nothing_is_remembered_of_it(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Although the context itself is the same for an hour."""
    now = 2 * 10**18
    monkeypatch.setattr("layerfork.context.walk.time.time_ns", lambda: now)
    record = record_of(project / "lib")
    assert forecasts(predict(project, record)) == (HIT, HIT)
    (project / "lib" / "a").write_text("another")
    assert forecasts(predict(project, record)) == (HIT, MISS)


def test_its_own_ignore_file_counts(project: Path) -> None:
    record = record_of(project / "lib")
    (project / "lib" / ".dockerignore").write_text("*\n!b\n")
    assert forecasts(predict(project, record)) == (HIT, UNKNOWN), "such a build fails: nothing is copied"
    (project / "lib" / ".dockerignore").write_text("b\n")
    (project / "lib" / "Dockerfile.dockerignore").write_text("a\n")
    assert forecasts(predict(project, record)) == (HIT, HIT)


def test_what_the_transfer_overlooks_is_unknown(project: Path) -> None:
    put(project / "lib" / "a", "two")
    prediction = predict(project, record_of(project / "lib"))
    assert forecasts(prediction) == (HIT, UNKNOWN)
    assert "BuildKit did not read it again" in prediction.steps[1].reason


def test_where_it_is_no_record_shows(project: Path) -> None:
    prediction = predict(project, record_of(None))
    assert forecasts(prediction) == (HIT, UNKNOWN)
    assert prediction.steps[1].reason == "unknown: no record shows the directory of the context lib"


def test_it_is_not_there(project: Path) -> None:
    prediction = predict(project, record_of(project / "gone"))
    assert forecasts(prediction) == (HIT, UNKNOWN)
    assert "the context lib cannot be read" in prediction.steps[1].reason


def test_a_step_that_does_not_read_it_is_certain(project: Path) -> None:
    record = record_of(None)
    text = "FROM alpine\nCOPY --from=lib a /\nFROM alpine\n"
    (project / "main" / "Dockerfile").write_text(text)
    found = predict(project, replace(record, request=replace(record.request, dockerfile=text)))
    assert {step.instruction: step.prediction for step in found.steps if "FROM" in step.instruction[:4]} == {
        "FROM alpine": HIT
    }


def test_commits_have_it_too(project: Path) -> None:
    made = new_repository(project)
    file = project.parent / "record.jsonl"
    for subject, text in (("before", "one"), ("same", "one"), ("edit", "another"), ("back", "one")):
        (project / "lib" / "a").write_text(text)
        made.commit(subject)
    keep(file, record_of(project / "lib"))
    (history,) = predict_histories(str(project / "main"), "HEAD~3..HEAD", against=f"{file}#1")
    found = {each.subject: each.prediction and forecasts(each.prediction) for each in history.commits}
    assert found == {"same": (HIT, HIT), "edit": (HIT, MISS), "back": (HIT, HIT)}
    assert not any("context" in line for line in history.assumes)


def test_one_outside_of_the_commits_is_taken_for_granted(project: Path, tmp_path: Path) -> None:
    made = new_repository(project)
    made.commit("before")
    made.commit("after")
    outside = tmp_path / "outside"
    outside.mkdir()
    file = tmp_path / "record.jsonl"
    keep(file, record_of(outside))
    (history,) = predict_histories(str(project / "main"), "HEAD~1..HEAD", against=f"{file}#1")
    assert [each.prediction and forecasts(each.prediction) for each in history.commits] == [(HIT, HIT)]
    assert "the context lib is as it was recorded: it lies in no commit" in history.assumes
    keep(file, record_of(None))
    (history,) = predict_histories(str(project / "main"), "HEAD~1..HEAD", against=f"{file}#1")
    assert [each.prediction and forecasts(each.prediction) for each in history.commits] == [(HIT, UNKNOWN)]
