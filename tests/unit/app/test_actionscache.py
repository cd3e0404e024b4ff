"""`cache github` against a server of our own that speaks the published API."""

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from fakes.apiserver import Answer, Asked, json_answer, serving
from fakes.githubcaches import Entry, GitHubCacheService, Pull
from fakes.githubruns import REPOSITORY, TOKEN

from layerfork.builders.ci import web
from layerfork.cli.root import root

MAIN, PULL, CLOSED = "refs/heads/main", "refs/pull/7/merge", "refs/pull/5/merge"
MB = 1 << 20


def key_of_index(ref: str, number: int = 1) -> str:
    return f"index-app-1-{hashlib.sha256(ref.encode()).hexdigest()[:8]}#{number}"


def exported(ref: str, blobs: int, at: float) -> list[Entry]:
    keys = [
        f"buildkit-blob-1-sha256:{hashlib.sha256(f'{ref}{n}'.encode()).hexdigest()}" for n in range(blobs)
    ]
    entries = [Entry(ref=ref, key=key, size=10 * MB, created_s=at + place) for place, key in enumerate(keys)]
    return [*entries, Entry(ref=ref, key=key_of_index(ref), size=4_000, created_s=at + blobs)]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[GitHubCacheService]:
    monkeypatch.setattr(web, "pause", lambda seconds: None)
    monkeypatch.setattr(web, "RETRIES", web.RETRIES.new(backoff_factor=0.0))
    now = time.time()
    service = GitHubCacheService(
        entries=[
            *exported(MAIN, 4, now - 3.1 * 86_400),
            *exported(PULL, 2, now - 3_600),
            *exported(CLOSED, 3, now - 2 * 86_400),
            Entry(ref=MAIN, key="setup-node-Linux-1", size=50 * MB, created_s=now - 86_400),
        ],
        pulls=[Pull(number=7, head="topic"), Pull(number=8, fork="stranger")],
        branches=("main", "topic"),
        limit_gb=10,
        retention_days=7,
    )
    with ExitStack() as stack:
        url = stack.enter_context(serving(service.answer))
        monkeypatch.setenv("GITHUB_API_URL", f"{url}/api/v3")
        monkeypatch.setenv("GH_TOKEN", TOKEN)
        monkeypatch.setenv("PATH", str(tmp_path / "no-programs"))
        yield service


def typed(*words: str) -> Result:
    return CliRunner().invoke(root, ["cache", "github", *words], catch_exceptions=False)


def document(*words: str) -> dict[str, Any]:
    result = typed(*words, "--format", "json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.mark.parametrize("per_page", [2, 100])
def test_refs_readers_and_findings(hub: GitHubCacheService, per_page: int) -> None:
    hub.per_page = per_page
    found = document(REPOSITORY)
    assert found["schema"] == "layerfork/actions-cache/1"
    assert (found["entries"], found["buildkit_entries"]) == (13, 12)
    assert found["buildkit_bytes"] == 90 * MB + 12_000
    assert found["budget"]["limit_bytes"] == 10 << 30
    assert [(each["ref"], each["entries"], each["readers"]) for each in found["refs"]] == [
        (MAIN, 6, "every run"),
        (CLOSED, 4, "only re-runs: the pull request is closed"),
        (PULL, 3, "runs of this pull request"),
    ]
    assert [each["code"] for each in found["findings"]] == ["no-readers", "pulls-write"]


def test_the_text_names_what_to_do(hub: GitHubCacheService) -> None:
    result = typed(REPOSITORY, "-v")
    assert result.exit_code == 0
    assert "13 entries, 140.0 MB of 10.0 GB, 1%" in result.stdout
    assert "BuildKit wrote 12 of them, 90.0 MB" in result.stdout
    assert "export 1 of scope app, 3 d ago: 4 new blobs, 40.0 MB" in result.stdout
    assert (
        f"do: delete them when a pull request closes: `gh cache delete --all --ref {CLOSED}`" in result.stdout
    )
    assert "its runs also read refs/heads/main" in result.stdout


def test_a_token_that_may_ask_for_less(hub: GitHubCacheService) -> None:
    hub.limit_gb = hub.retention_days = None
    hub.troubles.append(
        lambda asked: (
            json_answer({"message": "Not Found"}, 404)
            if asked.path.endswith(("/pulls", "/branches", "/usage"))
            else None
        )
    )
    result = typed(REPOSITORY)
    assert result.exit_code == 0
    assert "of 10.0 GB (GitHub's default)" in result.stdout
    assert result.stdout.count("note: the token may not ask for") == 4
    assert "unknown" in result.stdout


@pytest.mark.parametrize(
    ("word", "trouble", "said"),
    [
        ("owner/other", None, "shows no repository owner/other"),
        ("nonsense", None, "is no repository of GitHub"),
        (REPOSITORY, 401, "refuses the token of GH_TOKEN"),
        (REPOSITORY, 500, "answers HTTP 500"),
    ],
)
def test_errors_name_the_thing(
    hub: GitHubCacheService, monkeypatch: pytest.MonkeyPatch, word: str, trouble: int | None, said: str
) -> None:
    def fail(asked: Asked) -> Answer | None:
        return None if trouble is None else json_answer({"message": f"no, {TOKEN}"}, trouble)

    hub.troubles.append(fail)
    with pytest.raises(Exception, match=said) as caught:
        typed(word)
    assert TOKEN not in str(caught.value)


def test_in_a_job_the_repository_is_its_own(hub: GitHubCacheService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_REPOSITORY", REPOSITORY)
    assert document()["entries"] == 13
