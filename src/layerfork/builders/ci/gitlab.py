"""A project of GitLab: pipelines, their jobs, the jobs' traces.

Source: docs.gitlab.com, REST API v4: projects, pipelines, jobs, merge requests, pagination and authentication
(a personal or project token may be sent as a bearer's; a job's own as ``JOB-TOKEN``).
"""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote, urlsplit

import msgspec

from layerfork.builders.ci.citoken import gitlab_token
from layerfork.builders.ci.github import seconds_of
from layerfork.builders.ci.project import FoundRun, Left, RunsAsked
from layerfork.builders.ci.web import Api, StatusError
from layerfork.builders.imports.recognition import LIMIT_BYTES
from layerfork.errors import UsageError
from layerfork.record.history import CIRun
from layerfork.record.progress import Say

PREFIX = "gitlab:"
_PUBLIC = "gitlab.com"
_JOB_TOKEN = "CI_JOB_TOKEN"
_PROJECT = re.compile(r"[\w.+-]+(?:/[\w.+-]+)+|[0-9]+")
_REQUEST = re.compile(r"refs/merge-requests/([0-9]+)/(?:head|merge|train)")
_PAGE = "100"
_RAN = frozenset({"success", "failed", "canceled"})
_GONE = frozenset({404, 410})
_HELP = (
    "log in with `glab auth login`, or set GITLAB_TOKEN (with GITLAB_HOST for a server of your own) to a "
    "token of scope read_api; a job's own token reads little"
)


class _Described(msgspec.Struct):
    default_branch: str | None = None


class _Pipeline(msgspec.Struct):
    id: int
    ref: str
    sha: str
    created_at: str
    updated_at: str = ""
    source: str = ""
    name: str | None = None
    web_url: str = ""


class _Job(msgspec.Struct):
    id: int
    name: str
    status: str
    web_url: str = ""


class _MergeRequest(msgspec.Struct):
    source_branch: str
    target_branch: str


class GitLab:
    """A project, by ``GROUP/NAME`` or its URL."""

    def __init__(self, word: str, environment: Mapping[str, str], say: Say) -> None:
        """Raises: UsageError for what is no project."""
        top, host, path = _addressed(word, environment)
        token = gitlab_token(host, environment)
        is_of_job = token.source == _JOB_TOKEN
        self.name = f"{host}/{path}"
        self._host = host
        self._path = f"projects/{quote(path, safe='')}"
        self._requests: dict[str, _MergeRequest | None] = {}
        self._api = Api(
            name=host,
            top=top,
            header="JOB-TOKEN" if is_of_job else "Authorization",
            secret=(token.value if is_of_job else f"Bearer {token.value}") if token.value else "",
            token_from=token.source,
            help=_HELP,
            say=say,
        )

    def runs(self, asked: RunsAsked) -> Iterator[FoundRun]:
        """As `Project.runs`."""
        default = self._default_branch()
        query = {"per_page": _PAGE, "scope": "finished", "order_by": "id", "sort": "desc"}
        query |= {name: value for name, value in (("ref", asked.branch), ("name", asked.workflow)) if value}
        for page in self._api.pages(f"{self._path}/pipelines", list[_Pipeline], **query):
            yield from (self._found(each, default) for each in page)

    def exports(self, run: CIRun, notes: list[str]) -> Iterator[Left]:
        """As `Project.exports`: GitLab has no action that uploads them."""
        yield from ()

    def logs(self, run: CIRun, notes: list[str]) -> Iterator[Left]:
        """As `Project.logs`: the trace of each job."""
        for page in self._api.pages(f"{self._path}/pipelines/{run.id}/jobs", list[_Job], per_page=_PAGE):
            for job in page:
                if job.status not in _RAN:
                    continue
                try:
                    trace = self._api.download(f"{self._path}/jobs/{job.id}/trace", LIMIT_BYTES)
                except StatusError as error:
                    if error.status not in _GONE:
                        raise
                    notes.append("the log of a job is gone")
                    continue
                yield Left(data=trace, job=job.name, url=job.web_url)

    def _default_branch(self) -> str:
        try:
            return self._api.read(self._path, _Described).default_branch or ""
        except StatusError as error:
            if error.status == 404:
                raise UsageError(
                    f"{self._host} shows no project {self.name.partition('/')[2]}"
                    + (f" to the token of {self._api.token_from}" if self._api.secret else ""),
                    hint=f"check the name; for a private one, {_HELP}",
                ) from error
            raise

    def _found(self, pipeline: _Pipeline, default: str) -> FoundRun:
        number = _REQUEST.fullmatch(pipeline.ref)
        request = self._request(number[1]) if number else None
        return FoundRun(
            run=CIRun(
                project=self.name,
                id=str(pipeline.id),
                url=pipeline.web_url,
                workflow=pipeline.name or "",
                event=pipeline.source,
                branch=request.source_branch if request is not None else pipeline.ref,
                base=request.target_branch if request is not None else default,
                of_request=number is not None,
                commit=pipeline.sha,
            ),
            version=pipeline.updated_at,
            began=seconds_of(pipeline.created_at),
        )

    def _request(self, number: str) -> _MergeRequest | None:
        """The merge request of a pipeline; None when it cannot be read, which loses its branches' names."""
        if number not in self._requests:
            try:
                self._requests[number] = self._api.read(
                    f"{self._path}/merge_requests/{number}", _MergeRequest
                )
            except StatusError:
                self._requests[number] = None
        return self._requests[number]


def _addressed(word: str, environment: Mapping[str, str]) -> tuple[str, str, str]:
    """Address of the API, host and path. Raises: UsageError."""
    word = word.removeprefix(PREFIX)
    named = environment.get("GITLAB_HOST") or environment.get("CI_SERVER_URL") or _PUBLIC
    server, path = named if "://" in named else f"https://{named}", word
    if "://" in word:
        parts = urlsplit(word)
        server, path = f"{parts.scheme}://{parts.netloc}", parts.path.removesuffix(".git")
    path, host = path.strip("/"), urlsplit(server).netloc
    if not _PROJECT.fullmatch(path) or "@" in host or not host:
        raise UsageError(
            f"{PREFIX}{path} is no project of GitLab",
            hint=f"write {PREFIX}GROUP/NAME, or {PREFIX}https://HOST/GROUP/NAME for a server of your own",
        )
    return f"{server.rstrip('/')}/api/v4", host, path
