"""Builds that ended early are told as such, on either side."""

from dataclasses import replace

import pytest
from unit.diagnose.makers import Cache, Line, build, seed

from layerfork.diagnose import JudgedBuild, describe_failure, judge_pair
from layerfork.record.answer import Verdict
from layerfork.record.build import Builder
from layerfork.record.context import Digest
from layerfork.record.engine import EngineInfo
from layerfork.record.record import BuildOutcome, BuildRecord, BuildResult, RecordedRequest, Vertex

IMPORT = Vertex(
    digest=Digest("sha256:" + "1" * 64), name="importing cache manifest from r/c:1", error="not found\nmore"
)


def failed(made: JudgedBuild, at: int, error: str = "it broke\nin many lines") -> JudgedBuild:
    """The build as if a step had failed: later ones have not come."""
    steps = tuple(
        replace(step, error=error if step.index == at else "")
        for step in made.record.steps
        if step.index <= at
    )
    result = BuildResult(outcome=BuildOutcome.FAILED, error=error)
    keys = replace(made.keys, steps=made.keys.steps[:at])
    return replace(made, record=replace(made.record, steps=steps, result=result), keys=keys)


def record_of(outcome: BuildOutcome, error: str = "", **facts: object) -> BuildRecord:
    record = build("one", seed()).record
    return replace(record, steps=(), result=BuildResult(outcome=outcome, error=error), **facts)  # type: ignore[arg-type]


def test_a_build_that_succeeded_has_no_failure() -> None:
    assert describe_failure(build("one", seed()).record) == ""


def test_a_step_that_failed_is_named_with_the_first_line_of_its_error() -> None:
    record = failed(build("one", seed()), 2).record
    assert describe_failure(record) == "failed at step 2, RUN  du -s /: it broke"


def test_a_base_image_that_could_not_be_had_is_named() -> None:
    classic = failed(build("one", seed()), 1, "no such host").record
    assert describe_failure(classic) == "failed: the base image alpine is not available: no such host"
    vertex = replace(IMPORT, name="[internal] load metadata for docker.io/library/x:1", error="no such host")
    buildkit = record_of(BuildOutcome.REFUSED, "x:1: no such host", vertices=(vertex,))
    assert (
        describe_failure(buildkit)
        == "was refused: the base image docker.io/library/x:1 is not available: x:1: no such host"
    )


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (BuildOutcome.REFUSED, "was refused: bad Dockerfile"),
        (BuildOutcome.CUT, "was cut off: bad Dockerfile"),
        (BuildOutcome.TIMED_OUT, "timed out: bad Dockerfile"),
    ],
)
def test_what_ended_otherwise_says_how(outcome: BuildOutcome, said: str) -> None:
    assert describe_failure(record_of(outcome, "bad Dockerfile")) == said


def test_a_failed_build_without_a_fork_is_an_error_and_no_reuse() -> None:
    cache = Cache()
    writer = build("writer", seed(), cache)
    reader = failed(build("reader", seed(), cache), 1)
    judgement = judge_pair(writer, reader)
    assert (judgement.verdict, judgement.forks) == (Verdict.ERROR, ())
    assert judgement.warnings == ()


def test_a_failed_build_may_fork_before_it_fails() -> None:
    cache = Cache()
    lines = seed()
    writer = build("writer", lines, cache)
    other = (lines[0], Line(text="RUN other"), *lines[2:])
    judgement = judge_pair(writer, failed(build("reader", other, cache), 2))
    assert judgement.verdict is Verdict.FORKED
    assert [fork.step for fork in judgement.forks] == [2]


def test_what_a_failed_build_never_stored_is_nobodys_miss() -> None:
    cache = Cache()
    writer = failed(build("writer", seed(), Cache()), 3)
    build("before", seed()[:2], cache)
    reader = build("reader", seed(), cache)
    judgement = judge_pair(writer, reader)
    assert judgement.forks == ()
    assert [caution.code for caution in judgement.warnings][:1] == ["writer-failed"]
    assert "it stored nothing after that" in judgement.warnings[0].text


def test_an_import_that_failed_is_told_even_if_nothing_was_missed() -> None:
    cache = Cache()
    writer = build("writer", seed(), cache, builder=Builder.BUILDKIT)
    reader = build("reader", seed(), cache, builder=Builder.BUILDKIT)
    request = RecordedRequest(cache_from=("r/c:1",))
    reader = replace(reader, record=replace(reader.record, vertices=(IMPORT,), request=request))
    judgement = judge_pair(writer, reader)
    assert judgement.verdict is Verdict.REUSED
    assert [caution.code for caution in judgement.warnings] == ["cache-import-failed"]
    assert "r/c:1: not found" in judgement.warnings[0].text


@pytest.mark.parametrize("same_engine", [True, False])
def test_an_import_that_the_client_dropped_is_the_cause_and_not_another_builder(same_engine: bool) -> None:
    """buildx leaves a local cache out that it does not find: advice to import one would be no help."""
    engines = [
        EngineInfo(
            kind="host", ours=False, version="1", api_version="1.45", image_store="graphdriver", instance=name
        )
        for name in ("a", "a" if same_engine else "b")
    ]
    request = RecordedRequest(cache_from_dropped=("type=local,src=/none",))
    writer, reader = (
        build(name, seed(), Cache(), builder=Builder.BUILDKIT, engine=engine, request=asked, control="")
        for name, engine, asked in zip(
            ("writer", "reader"), engines, (RecordedRequest(), request), strict=True
        )
    )
    (fork,) = judge_pair(writer, reader).forks
    assert [cause.code for cause in fork.causes] == ["cache-not-imported"]
    assert "type=local,src=/none" in fork.causes[0].text
    assert fork.causes[0].status == ("SUSPECTED" if same_engine else "PROVEN")


def test_an_engine_without_a_network_is_not_said_in_words_of_a_name_server() -> None:
    error = "failed to do request: dial tcp: lookup registry-1.docker.io on [::1]:53: connection refused"
    names = {
        "resolve image config for docker-image://docker.io/docker/dockerfile:1": (
            "was refused: the frontend docker.io/docker/dockerfile:1 of its `# syntax=` line is not available"
        ),
        "[internal] load metadata for docker.io/library/x:1": (
            "was refused: the base image docker.io/library/x:1 is not available"
        ),
    }
    for name, told in names.items():
        vertex = replace(IMPORT, name=name, error=error)
        for ours, why in ((True, "the engine does not have it, and has no network"), (False, error)):
            engine = EngineInfo(
                kind="private", ours=ours, version="26.1.5", api_version="1.45", image_store="graphdriver"
            )
            record = record_of(BuildOutcome.REFUSED, error, vertices=(vertex,), engine=engine)
            assert describe_failure(record) == f"{told}: {why}"
