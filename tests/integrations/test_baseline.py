"""The record of a branch, fetched as the GitHub Action fetches it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.githubapi import A_FORK, REPOSITORY, TOKEN, Artifacts, serving

SCRIPT = Path(__file__).parents[2] / "integrations" / "github" / "baseline.py"


@pytest.fixture
def artifacts() -> Iterator[Artifacts]:
    kept = Artifacts()
    with serving(kept):
        yield kept


def fetch(
    artifacts: Artifacts, place: Path, ref: str = "refs/pull/7/merge", token: str = TOKEN
) -> "tuple[subprocess.CompletedProcess[str], bytes | None]":
    """Run the step; what it wrote, and the record that it names."""
    (place / "layerfork").mkdir()
    output = place / "output"
    output.touch()
    environment = {
        "BASELINE_BRANCH": "main",
        "ARTIFACT_NAME": "layerfork",
        "GITHUB_TOKEN": token,
        "GITHUB_API_URL": artifacts.url,
        "GITHUB_OUTPUT": str(output),
        "GITHUB_REF": ref,
        "GITHUB_REPOSITORY": REPOSITORY,
        "RUNNER_TEMP": str(place),
    }
    done = subprocess.run(
        [sys.executable, SCRIPT],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    named = output.read_text()
    assert not named or named.startswith("file=")
    return done, Path(named.removeprefix("file=").rstrip()).read_bytes() if named else None


def test_the_newest_record_of_the_branch_is_taken(artifacts: Artifacts, tmp_path: Path) -> None:
    artifacts.add("layerfork", {"record.jsonl": b"older"}, "main")
    artifacts.add("layerfork", {"record.jsonl": b"newest", "forks.svg": b"<svg/>"}, "main")
    artifacts.add("other", {"record.jsonl": b"of another name"}, "main")
    artifacts.add("layerfork", {"record.jsonl": b"of another branch"}, "feature")
    artifacts.add("layerfork", {"record.jsonl": b"of a fork"}, "main", repository=A_FORK)
    artifacts.add("layerfork", {"record.jsonl": b"expired"}, "main", expired=True)

    done, record = fetch(artifacts, tmp_path)

    assert (done.returncode, record) == (0, b"newest"), done.stdout + done.stderr
    assert done.stdout == f"compared with main at {'2'.zfill(40)[:12]}, 2026-01-01T00:00:00Z\n"


def test_it_may_be_on_a_later_page(artifacts: Artifacts, tmp_path: Path) -> None:
    artifacts.per_page = 2
    artifacts.add("layerfork", {"record.jsonl": b"of main"}, "main")
    for number in range(4):
        artifacts.add("layerfork", {"record.jsonl": b"of another branch"}, f"feature-{number}")

    assert fetch(artifacts, tmp_path)[1] == b"of main"


def test_the_token_stays_with_github(artifacts: Artifacts, tmp_path: Path) -> None:
    artifacts.add("layerfork", {"record.jsonl": b"of main"}, "main")
    fetch(artifacts, tmp_path)

    (headers,) = artifacts.blob_headers
    assert headers["Host"].startswith("localhost:")
    assert "Authorization" not in headers


def test_without_a_record_there_is_no_baseline(artifacts: Artifacts, tmp_path: Path) -> None:
    done, record = fetch(artifacts, tmp_path)

    assert (done.returncode, record) == (0, None)
    assert done.stdout == (
        "::notice title=layerfork::main has no artifact layerfork yet: there is no baseline\n"
    )


def test_on_the_branch_itself_nothing_is_asked(artifacts: Artifacts, tmp_path: Path) -> None:
    artifacts.status = 500
    done, record = fetch(artifacts, tmp_path, ref="refs/heads/main")

    assert (done.returncode, record) == (0, None)
    assert done.stdout.startswith("this is main: ")


@pytest.mark.parametrize("status", [403, 404, 500])
def test_what_cannot_be_read_fails(artifacts: Artifacts, tmp_path: Path, status: int) -> None:
    artifacts.status = status
    done, record = fetch(artifacts, tmp_path)

    assert (done.returncode, record) == (3, None)
    assert done.stdout.startswith(f"::error title=layerfork::cannot read the baseline of main: {status} ")
    assert "hint: the job needs `permissions: actions: read`" in done.stdout
    assert TOKEN not in done.stdout + done.stderr


def test_an_artifact_without_a_record_fails(artifacts: Artifacts, tmp_path: Path) -> None:
    artifacts.add("layerfork", {"forks.svg": b"<svg/>"}, "main")

    assert fetch(artifacts, tmp_path)[0].returncode == 3
