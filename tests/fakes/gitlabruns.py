"""The part of GitLab's REST API that shows pipelines and their jobs, with the fields that it documents.

Source: docs.gitlab.com, REST API: projects, pipelines, jobs, merge requests, pagination.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from fakes.apiserver import Answer, Asked, json_answer, page_of
from fakes.githubruns import at_minute

PROJECT, TOKEN, JOB_TOKEN = "group/sub/project", "glpat-tokenOfTheTests0", "job-token-of-the-tests"
_TOP = f"/api/v4/projects/{quote(PROJECT, safe='')}"


@dataclass
class Job:
    name: str
    trace: str | None
    """None when it did not run."""


@dataclass(kw_only=True)
class Pipeline:
    ref: str = "main"
    source: str = "push"
    sha: str = "0" * 40
    updated: str = "2026-12-01T10:10:00.000Z"
    jobs: Sequence[Job] = ()


@dataclass(kw_only=True)
class GitLabRuns:
    """A project's pipelines, the newest first, and what was asked."""

    pipelines: list[Pipeline] = field(default_factory=list)
    requests: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Source and target branch by the number of the merge request."""
    per_page: int = 100
    troubles: list[Callable[[Asked], Answer | None]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    def paths(self) -> list[str]:
        return [each.path for each in self.asked]

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        for trouble in self.troubles:
            if (given := trouble(asked)) is not None:
                return given
        if (
            asked.headers.get("authorization") != f"Bearer {TOKEN}"
            and asked.headers.get("job-token") != JOB_TOKEN
        ):
            return json_answer({"message": "401 Unauthorized"}, 401)
        path = asked.path.removeprefix(_TOP)
        if path == "":
            return json_answer({"id": 7, "path_with_namespace": PROJECT, "default_branch": "main"})
        if path == "/pipelines":
            numbered = [(len(self.pipelines) - place, each) for place, each in enumerate(self.pipelines)]
            rows = [
                _pipeline(asked, *row) for row in numbered if asked.query.get("ref") in (None, row[1].ref)
            ]
            return _page(asked, rows, self.per_page)
        if match := re.fullmatch(r"/pipelines/(\d+)/jobs", path):
            number = int(match[1])
            jobs = self.pipelines[len(self.pipelines) - number].jobs
            return _page(asked, [_job(number, *row) for row in enumerate(jobs)], self.per_page)
        if match := re.fullmatch(r"/jobs/(\d+)/trace", path):
            number, place = divmod(int(match[1]), 1000)
            trace = self.pipelines[len(self.pipelines) - number].jobs[place].trace
            return Answer(
                body=at_minute(number, trace or "").encode(), headers={"Content-Type": "text/plain"}
            )
        if match := re.fullmatch(r"/merge_requests/(\d+)", path):
            source, target = self.requests[int(match[1])]
            return json_answer({"iid": int(match[1]), "source_branch": source, "target_branch": target})
        return json_answer({"message": "404 Not Found"}, 404)


def _page(asked: Asked, rows: list[Any], most: int) -> Answer:
    shown, links = page_of(asked, rows, most)
    return json_answer(shown, headers=links)


def _pipeline(asked: Asked, number: int, pipeline: Pipeline) -> dict[str, Any]:
    return {
        "id": number,
        "iid": number,
        "project_id": 7,
        "status": "success",
        "source": pipeline.source,
        "ref": pipeline.ref,
        "sha": pipeline.sha,
        "name": None,
        "web_url": f"http://{asked.host}/{PROJECT}/-/pipelines/{number}",
        "created_at": "2026-12-01T10:00:00.000Z",
        "updated_at": pipeline.updated,
    }


def _job(number: int, place: int, job: Job) -> dict[str, Any]:
    status = "success" if job.trace is not None else "skipped"
    return {
        "id": number * 1000 + place,
        "name": job.name,
        "stage": "build",
        "status": status,
        "ref": "main",
        "web_url": f"http://127.0.0.1/{PROJECT}/-/jobs/{number * 1000 + place}",
    }
