"""Caches of ``type=gha``, read from a service of our own that speaks the protocol of GitHub's."""

import json
from typing import Any

import pytest
from unit.builders.caches.actionsserver import BRANCH, MAIN, Service, index_key, serving, token_for
from unit.builders.caches.layouts import config_of

from layerfork.cli import call
from layerfork.errors import ExitCode

TOKEN = token_for(BRANCH, MAIN)


def index_of(name: str) -> tuple[bytes, list[str]]:
    """What BuildKit keeps as index: a config that describes its layers; and their digests."""
    config = config_of(name)
    for layer in config["layers"]:
        layer["annotations"] = {"diffID": layer["blob"], "size": 7, "createdAt": "2026-11-25T00:00:00Z"}
    return json.dumps(config).encode(), [layer["blob"] for layer in config["layers"]]


def inspect(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert call(["cache", "inspect", *words, "--format", "json"]) == ExitCode.AS_HOPED
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.fixture(autouse=True)
def no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ACTIONS_RESULTS_URL", "ACTIONS_RUNTIME_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def test_the_branch_and_its_base_are_read(capsys: pytest.CaptureFixture[str]) -> None:
    (first, _), (second, _) = index_of("run-copy"), index_of("args-env")
    entries = {f"{index_key(BRANCH)}#3": first, f"{index_key(MAIN)}#1": second}
    with serving(Service(entries=entries, token=TOKEN)) as url:
        found = inspect(capsys, f"type=gha,url_v2={url},token={TOKEN}")
    assert found["source"] == "type=gha,scope=buildkit"
    assert len(found["records"]) == 6 + 5
    assert [links[0]["record"] for links in found["records"][6]["inputs"]] == [6 + 2]
    assert found["layers"][0]["size_bytes"] == 7


def test_the_environment_of_a_job(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text, layers = index_of("run-copy")
    entries = {f"{index_key(MAIN, 'app')}#1": text, f"buildkit-blob-1-{layers[0]}": b"not read"}
    service = Service(entries=entries, token=TOKEN)
    with serving(service) as url:
        monkeypatch.setenv("ACTIONS_RESULTS_URL", url)
        monkeypatch.setenv("ACTIONS_RUNTIME_TOKEN", TOKEN)
        found = inspect(capsys, "type=gha,scope=app", "--blobs")
    assert [layer["gone"] for layer in found["layers"]] == [False, True, True, True]
    assert f"buildkit-blob-1-{layers[1]}" in service.asked


def test_no_cache_of_this_scope(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(Service(entries={}, token=TOKEN)) as url:
        code = call(["cache", "inspect", f"type=gha,url_v2={url},token={TOKEN}"])
    assert code == ExitCode.COULD_NOT_RUN
    assert "no build has exported a cache" in capsys.readouterr().err


def test_a_token_that_is_refused_is_not_told(capsys: pytest.CaptureFixture[str]) -> None:
    other = token_for(MAIN)
    with serving(Service(entries={}, token=TOKEN)) as url:
        assert call(["cache", "inspect", f"type=gha,url_v2={url},token={other}"]) == ExitCode.COULD_NOT_RUN
    err = capsys.readouterr().err
    assert "refuses the token" in err
    assert other not in err
    assert "secret" not in err


def test_nobody_answers(capsys: pytest.CaptureFixture[str]) -> None:
    words = f"type=gha,url_v2=http://127.0.0.1:1/,token={TOKEN}"
    assert call(["cache", "inspect", words]) == ExitCode.COULD_NOT_RUN
    err = capsys.readouterr().err
    assert "cannot be reached" in err
    assert TOKEN not in err


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("type=gha", "address and token are not known"),
        ("type=gha,url_v2=http://127.0.0.1:1/,token=nonsense", "is not a token of the service"),
        ("type=gha,version=1,url=http://127.0.0.1:1/,token=x", "only version 2"),
    ],
)
def test_what_cannot_be_asked(capsys: pytest.CaptureFixture[str], word: str, said: str) -> None:
    assert call(["cache", "inspect", word]) == ExitCode.USAGE
    assert said in capsys.readouterr().err
