"""`predict --ask-engine`: what is asked of an engine's frontend, and what becomes of its answer."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from unit.hypothesis.recorded import pair

from layerfork.app.predict import enginefrontend
from layerfork.app.predict.nextbuild import NextBuild, PredictOptions
from layerfork.builders.api.askfrontend import FrontendRefusedError, Question
from layerfork.errors import EngineError, UsageError
from layerfork.record.change import BaseImageIs, DefinitionIs, EngineIs
from layerfork.record.context import Transport
from layerfork.record.record import BuildRecord

RECORD = pair("buildkit-content")[0]


def _engine(record: BuildRecord, **more: Any) -> Any:
    def image_facts(reference: str) -> Any:
        facts = dict(record.base_images).get(reference)
        if facts is None:
            raise EngineError(f"no image {reference}")
        return facts

    own = {"way": None, "docker_host": "unix:///s", "info": record.engine, "image_facts": image_facts}
    return SimpleNamespace(**{**own, **more})


def _define(
    monkeypatch: pytest.MonkeyPatch,
    record: BuildRecord = RECORD,
    next_build: NextBuild | None = None,
    answer: Any = None,
    **more: Any,
) -> tuple[NextBuild, list[Question]]:
    asked: list[Question] = []

    def ask(_way: object, _host: str, question: Question) -> Any:
        asked.append(question)
        if isinstance(answer, Exception):
            raise answer
        return answer or {}

    monkeypatch.setattr(enginefrontend, "ask_frontend", ask)
    made = enginefrontend.Frontend(engine=_engine(record, **more))
    return made.define(record, PredictOptions(), next_build or NextBuild()), asked


def test_the_whole_request_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert RECORD.context is not None
    request = replace(
        RECORD.request,
        labels=(("l", "x"),),
        platform="linux/arm64",
        network="host",
        options=(
            ("attest:provenance", "mode=min"),
            ("context:lib", "local:lib"),
            ("exporter", "moby"),
            ("hostname", "h"),
            ("image-resolve-mode", "local"),
        ),
    )
    record = replace(
        RECORD,
        request=request,
        context=replace(RECORD.context, excludes=("a", "#b")),
        named_contexts=(replace(RECORD.context, name="lib", excludes=("!c",)),),
    )
    next_build = NextBuild(dockerfile="FROM alpine\nRUN x\n", build_args={"A": "1"}, target="t")
    _, (question,) = _define(monkeypatch, record, next_build)
    assert question.options == {
        "filename": "Dockerfile",
        "target": "t",
        "platform": "linux/arm64",
        "force-network-mode": "host",
        "build-arg:A": "1",
        "label:l": "x",
        "context:lib": "local:lib",
        "hostname": "h",
        "image-resolve-mode": "local",
    }
    assert question.dockerfile == b"FROM alpine\nRUN x\n"
    assert question.ignored == b" a\n #b\n"
    assert question.named_ignored == {"lib": b" !c\n"}


def test_the_answer_and_the_engines_images_are_what_is_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    next_build, _ = _define(monkeypatch)
    assert [type(each) for each in next_build.changes] == [BaseImageIs, DefinitionIs]
    assert (next_build.not_defined, next_build.assumes) == ("", ())


def test_another_engine_than_the_recorded_one_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert RECORD.engine is not None
    same = replace(RECORD.engine, instance="another")
    next_build, _ = _define(monkeypatch, info=same)
    assert "has what the recorded one" in next_build.assumes[-1]
    assert not any(isinstance(each, EngineIs) for each in next_build.changes)
    next_build, _ = _define(monkeypatch, info=replace(same, version="29.7.2", buildkit_version=""))
    assert EngineIs(engine=replace(same, version="29.7.2", buildkit_version="")) in next_build.changes


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (pair("classic-content")[0], "the classic builder has none"),
        (replace(RECORD, definition=None), "does not hold the definition"),
        (
            replace(RECORD, context=replace(RECORD.context, transport=Transport.TAR)),  # type: ignore[type-var]
            "reading it there would be building",
        ),
        (
            replace(RECORD, request=replace(RECORD.request, options=(("context:x", "input:x"),))),
            "what another target makes",
        ),
        (
            replace(
                RECORD,
                request=replace(
                    RECORD.request,
                    build_args=(("TOKEN", "hidden:0123456789abcdef"),),
                    dockerfile="FROM alpine\nARG TOKEN\nCOPY <<X /x\n$TOKEN\nX\n",
                ),
            ),
            "hides the value of TOKEN",
        ),
    ],
)
def test_what_is_not_asked(monkeypatch: pytest.MonkeyPatch, record: BuildRecord, why: str) -> None:
    next_build, asked = _define(monkeypatch, record)
    assert why in next_build.not_defined
    assert (next_build.changes, asked) == ((), [])


def test_what_a_frontend_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    said = FrontendRefusedError("pull access denied for x")
    next_build, _ = _define(monkeypatch, answer=said)
    assert next_build.not_defined == "the engine's frontend rejects it: pull access denied for x"
    broken = FrontendRefusedError("dockerfile parse error on line 2: unknown instruction: BAD")
    with pytest.raises(UsageError, match="line 2: unknown instruction: BAD"):
        _define(monkeypatch, answer=broken)


def test_values_that_another_key_hides_are_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    record = replace(RECORD, redaction_key_id="another")
    text = 'FROM alpine\nENV API_TOKEN="c0rrecthorse"\n'
    next_build, _ = _define(monkeypatch, record, NextBuild(dockerfile=text))
    assert "with the key of another machine" in next_build.not_defined
