"""Fetches the newest record that the action uploaded on a branch: the baseline of everything else.

Reads what the runner and ``action.yml`` put into the environment, and writes ``file=PATH`` to GITHUB_OUTPUT.
Where this is the branch itself, or nothing was uploaded there yet, it says so and writes nothing: there is no
baseline then. One that is there and cannot be read fails the step.

Source: docs.github.com, REST API, Actions artifacts (list for a repository, download); docs.github.com,
Variables reference.
"""

import io
import os
import re
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import requests

RECORD = "record.jsonl"
TIMEOUT_S = 60


def main() -> int:
    """0, or 3 when the baseline is unknown."""
    environment = os.environ
    branch = environment["BASELINE_BRANCH"]
    if environment["GITHUB_REF"] == f"refs/heads/{branch}":
        print(f"this is {branch}: its record is what other branches are compared with")
        return 0
    try:
        artifact = next(newest_first(environment), None)
        if artifact is None:
            name = environment["ARTIFACT_NAME"]
            print(f"::notice title=layerfork::{branch} has no artifact {name} yet: there is no baseline")
            return 0
        record = fetched(artifact["archive_download_url"], environment)
    except (requests.RequestException, zipfile.BadZipFile, KeyError) as error:
        said = re.sub(r"\?\S+", "?…", str(error))  # what signs an address lets anybody download
        print(f"::error title=layerfork::cannot read the baseline of {branch}: {said}")
        print("hint: the job needs `permissions: actions: read`, or a `token` that may read artifacts")
        return 3
    place = Path(environment["RUNNER_TEMP"]) / "layerfork" / f"{artifact['id']}.jsonl"
    place.write_bytes(record)
    print(f"compared with {branch} at {artifact['workflow_run']['head_sha'][:12]}, {artifact['created_at']}")
    with Path(environment["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as file:
        file.write(f"file={place}\n")
    return 0


def newest_first(environment: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Artifacts of that name that runs of the branch itself left: a fork may have a branch of that name."""
    url: str | None = (
        f"{environment['GITHUB_API_URL']}/repos/{environment['GITHUB_REPOSITORY']}/actions/artifacts"
    )
    query: dict[str, str] | None = {"name": environment["ARTIFACT_NAME"], "per_page": "100"}
    while url:
        answer = _get(url, environment, query)
        for artifact in answer.json()["artifacts"]:
            run = artifact["workflow_run"] or {}
            here = run.get("head_repository_id") == run.get("repository_id")
            if here and run.get("head_branch") == environment["BASELINE_BRANCH"] and not artifact["expired"]:
                yield artifact
        url, query = answer.links.get("next", {}).get("url"), None


def fetched(url: str, environment: Mapping[str, str]) -> bytes:
    """The record in an artifact's archive."""
    with zipfile.ZipFile(io.BytesIO(_get(url, environment).content)) as archive:
        return archive.read(RECORD)


def _get(url: str, environment: Mapping[str, str], query: dict[str, str] | None = None) -> requests.Response:
    """The token stays with GitHub: requests takes it off where an answer leads to another host."""
    headers = {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {environment['GITHUB_TOKEN']}",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    answer = requests.get(url, params=query, headers=headers, timeout=TIMEOUT_S)
    answer.raise_for_status()
    return answer


if __name__ == "__main__":
    sys.exit(main())
