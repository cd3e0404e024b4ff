"""What an engine refuses has to be refused by the model, too."""

from types import SimpleNamespace
from typing import Any, Never

import pytest

from layerfork.builders.api.askfrontend import FrontendRefusedError
from layerfork.record.engine import EngineInfo, ImageFacts
from research.published import compare
from research.published.compare import Comparison
from research.published.files import Published


def _compared(monkeypatch: pytest.MonkeyPatch, text: str, why: str) -> Comparison:
    """What comes of a Dockerfile that the engine refuses."""

    def refuse(*_: object) -> Never:
        raise FrontendRefusedError(why)

    monkeypatch.setattr(compare, "ask_frontend", refuse)
    monkeypatch.setattr(compare, "Names", lambda *_: SimpleNamespace(give=lambda _: None))
    engine: Any = SimpleNamespace(
        info=EngineInfo(
            kind="private",
            version="28.5.2",
            api_version="1.51",
            image_store="graphdriver",
            architecture="amd64",
        ),
        image_facts=lambda _: ImageFacts(
            image_id="sha256:" + "1" * 64, history=(), diff_ids=("sha256:" + "2" * 64,)
        ),
        way=None,
        docker_host="",
    )
    comparison = Comparison(engine=engine, base="plain")
    comparison.add(Published(name="Dockerfile", text=text, ignored="", build_args=()))
    return comparison


@pytest.mark.parametrize(
    ("text", "why", "kind"),
    [
        ("FROM a\nNO\n", "dockerfile parse error on line 2: unknown instruction: NO", "it does not parse"),
        ("FROM a\nCOPY --from=$X a b\n", "variable expansion is not supported", "what variables leave"),
        ("FROM a\nCOPY --parents a b\n", "dockerfile parse error on line 2: unknown flag: parents", "a flag"),
        ("FROM ${a^}\n", "unsupported modifier", "other"),
    ],
)
def test_refused_by_both(monkeypatch: pytest.MonkeyPatch, text: str, why: str, kind: str) -> None:
    comparison = _compared(monkeypatch, text, why)
    assert dict(comparison.refused) == {f"refused by both: {kind}": 1}
    assert comparison.is_good


@pytest.mark.parametrize(
    ("why", "kind"),
    [
        ("a: failed to resolve source metadata for a", "an image that cannot be had here"),
        (
            "lint violation found for rules: FromAsCasing",
            "violations of checks (# check=error=true), which are not modelled",
        ),
    ],
)
def test_what_cannot_be_compared(monkeypatch: pytest.MonkeyPatch, why: str, kind: str) -> None:
    comparison = _compared(monkeypatch, "FROM a\n", why)
    assert dict(comparison.refused) == {kind: 1}
    assert comparison.is_good


def test_refused_by_the_engine_alone_is_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    comparison = _compared(monkeypatch, "FROM a\nRUN x\n", "dockerfile parse error: not today")
    assert comparison.accepted == ["Dockerfile: dockerfile parse error: not today"]
    assert not comparison.is_good
    assert "1 that the engine refuses and the model does not" in comparison.text(verbose=False)
