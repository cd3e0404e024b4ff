"""A repository of GitHub: workflow runs, their ``.dockerbuild`` artifacts, their logs.

Source: docs.github.com, REST API for Actions (workflow runs, workflow jobs, artifacts, workflows), as
octokit/openapi 23.0.2 describes it; docker/build-push-action issue 1334 (the artifact of a build is the
export itself, and no zip of it).
"""

import re
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from io import BytesIO
from posixpath import basename, dirname
from urllib.parse import quote, urlsplit

import msgspec

from layerfork.builders.ci.citoken import github_token
from layerfork.builders.ci.project import FoundRun, Left, RunsAsked
from layerfork.builders.ci.web import Api, StatusError
from layerfork.builders.imports.recognition import LIMIT_BYTES
from layerfork.errors import UsageError
from layerfork.record.history import CIRun
from layerfork.record.progress import Say

PREFIX = "github:"
EXPORT = ".dockerbuild"
"""How the names of artifacts end that docker/build-push-action and docker/bake-action upload."""
_PUBLIC = "github.com"
_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
_PAGE = "100"
_GONE = frozenset({404, 410})
_UNZIPPED_BYTES = 512 << 20
"""Of one run's logs; jobs that come after them are not read."""
_MAX_MEMBERS = 5_000
_EXPIRED = "an artifact has expired; without another one, the logs are read"
_HELP = (
    "log in with `gh auth login`, or set GH_TOKEN (GH_ENTERPRISE_TOKEN for a server of your own) to a token "
    "that may read Actions"
)


class _Repository(msgspec.Struct):
    full_name: str = ""


class _Base(msgspec.Struct):
    ref: str = ""


class _Request(msgspec.Struct):
    base: _Base = msgspec.field(default_factory=_Base)


class _Run(msgspec.Struct):
    id: int
    head_sha: str
    event: str
    created_at: str
    run_attempt: int = 1
    run_started_at: str = ""
    html_url: str = ""
    path: str = ""
    head_branch: str | None = None
    pull_requests: list[_Request] | None = None
    head_repository: _Repository | None = None


class _Runs(msgspec.Struct):
    workflow_runs: list[_Run]


class _Artifact(msgspec.Struct):
    id: int
    name: str
    size_in_bytes: int
    expired: bool


class _Artifacts(msgspec.Struct):
    artifacts: list[_Artifact]


class _Job(msgspec.Struct):
    id: int
    name: str
    html_url: str | None = None


class _Jobs(msgspec.Struct):
    jobs: list[_Job]


class _Workflow(msgspec.Struct):
    id: int
    name: str
    path: str


class _Workflows(msgspec.Struct):
    workflows: list[_Workflow]


class _Described(msgspec.Struct):
    default_branch: str


class GitHub:
    """A repository, by ``OWNER/NAME`` or its URL."""

    def __init__(self, word: str, environment: Mapping[str, str], say: Say) -> None:
        """Raises: UsageError for what is no repository."""
        top, host, path = _addressed(word, environment)
        token = github_token(host, environment)
        self.name = f"{host}/{path}"
        self._path = path
        self._api = Api(
            name=host,
            top=top,
            secret=f"Bearer {token.value}" if token.value else "",
            token_from=token.source,
            help=_HELP,
            accept="application/vnd.github+json",
            say=say,
        )

    def default_branch(self) -> str:
        """Raises: LayerforkError."""
        return self._about_it("", _Described).default_branch

    def runs(self, asked: RunsAsked) -> Iterator[FoundRun]:
        """As `Project.runs`."""
        default = self.default_branch()
        query = {"per_page": _PAGE, "status": "completed"} | (
            {"branch": asked.branch} if asked.branch else {}
        )
        below = f"workflows/{self._workflow(asked.workflow)}/" if asked.workflow else ""
        for page in self._api.pages(f"repos/{self._path}/actions/{below}runs", _Runs, **query):
            yield from (self._found(each, default) for each in page.workflow_runs)

    def exports(self, run: CIRun, notes: list[str]) -> Iterator[Left]:
        """As `Project.exports`."""
        for page in self._api.pages(f"{self._of(run)}/artifacts", _Artifacts, per_page=_PAGE):
            for artifact in page.artifacts:
                if artifact.name.endswith(EXPORT):
                    yield from self._export(artifact, notes)

    def logs(self, run: CIRun, notes: list[str]) -> Iterator[Left]:
        """As `Project.logs`: from the archive of the run, else each job's."""
        try:
            archive = self._api.download(f"{self._of(run)}/attempts/{run.attempt}/logs", LIMIT_BYTES)
            if len(archive) <= LIMIT_BYTES:
                yield from _unzipped(archive, notes)
                return
        except StatusError as error:
            if error.status == 410:
                notes.append("the logs have expired")
                return
            if error.status in (401, 403):
                raise
        except zipfile.BadZipFile:
            pass  # the logs of its jobs may be whole
        yield from self._logs_of_jobs(run, notes)

    def _logs_of_jobs(self, run: CIRun, notes: list[str]) -> Iterator[Left]:
        path = f"{self._of(run)}/attempts/{run.attempt}/jobs"
        for page in self._api.pages(path, _Jobs, per_page=_PAGE):
            for job in page.jobs:
                try:
                    log = self._api.download(f"repos/{self._path}/actions/jobs/{job.id}/logs", LIMIT_BYTES)
                except StatusError as error:
                    if error.status not in _GONE:
                        raise
                    notes.append("the log of a job is gone")
                    continue
                yield Left(data=log, job=job.name, url=job.html_url or "")

    def _export(self, artifact: _Artifact, notes: list[str]) -> Iterator[Left]:
        if artifact.expired:
            notes.append(_EXPIRED)
            return
        if artifact.size_in_bytes > LIMIT_BYTES:
            notes.append(f"an artifact is larger than {LIMIT_BYTES >> 20} MiB, and is not read")
            return
        try:
            data = self._api.download(f"repos/{self._path}/actions/artifacts/{artifact.id}/zip", LIMIT_BYTES)
        except StatusError as error:
            if error.status not in _GONE:
                raise
            notes.append(_EXPIRED if error.status == 410 else "an artifact is gone")
            return
        yield Left(data=data)

    def _of(self, run: CIRun) -> str:
        return f"repos/{self._path}/actions/runs/{run.id}"

    def _about_it(self, below: str, form: type[_Described]) -> _Described:
        """Raises: LayerforkError that says what a repository that is not found may be."""
        try:
            return self._api.read(f"repos/{self._path}{below}", form)
        except StatusError as error:
            if error.status == 404:
                raise UsageError(
                    f"{self._api.name} shows no repository {self._path}"
                    + (f" to the token of {self._api.token_from}" if self._api.secret else ""),
                    hint=f"check the name; for a private one, {_HELP}",
                ) from error
            raise

    def _workflow(self, word: str) -> str:
        """What the API calls a workflow: an id or a file name. Raises: UsageError when there is none."""
        if word.isdigit() or word.endswith((".yml", ".yaml")):
            return quote(basename(word))
        pages = self._api.pages(f"repos/{self._path}/actions/workflows", _Workflows, per_page=_PAGE)
        known = [each for page in pages for each in page.workflows]
        for each in known:
            if each.name == word:
                return str(each.id)
        names = ", ".join(basename(each.path) for each in known) or "there is none"
        raise UsageError(f"{self.name} has no workflow {word}", hint=f"its workflows: {names}")

    def _found(self, run: _Run, default: str) -> FoundRun:
        of_request = run.event.startswith("pull_request")
        owner = run.head_repository.full_name.partition("/")[0] if run.head_repository is not None else ""
        is_fork = (
            run.head_repository is not None and run.head_repository.full_name.lower() != self._path.lower()
        )
        branch = run.head_branch or ""
        named = next((each.base.ref for each in run.pull_requests or () if each.base.ref), "")
        return FoundRun(
            run=CIRun(
                project=self.name,
                id=str(run.id),
                attempt=run.run_attempt,
                url=run.html_url,
                workflow=run.path.partition("@")[0],
                event=run.event,
                branch=f"{owner}:{branch}" if is_fork else branch,
                base=(named if of_request else "") or default,
                of_request=of_request,
                commit=run.head_sha,
            ),
            version=str(run.run_attempt),
            began=seconds_of(run.run_started_at or run.created_at),
        )


def seconds_of(time: str) -> float:
    """Seconds since 1970 of RFC 3339; 0 for what is none."""
    try:
        return datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp()
    except (ValueError, OverflowError):
        return 0.0


def _addressed(word: str, environment: Mapping[str, str]) -> tuple[str, str, str]:
    """Address of the API, host and path. Raises: UsageError."""
    word = word.removeprefix(PREFIX)
    if "://" in word:
        parts = urlsplit(word)
        host, path = parts.netloc, parts.path.strip("/").removesuffix(".git")
        top = _top(parts.scheme, host)
    else:
        path = word.strip("/")
        api = environment.get("GITHUB_API_URL", "").rstrip("/")
        host = _host_of_api(api) if api else environment.get("GH_HOST") or _PUBLIC
        top = api or _top("https", host)
    if not _REPOSITORY.fullmatch(path) or "@" in host or not host:
        raise UsageError(
            f"{PREFIX}{path} is no repository of GitHub",
            hint=f"write {PREFIX}OWNER/NAME, or {PREFIX}https://HOST/OWNER/NAME for a server of your own",
        )
    return top, host, path


def _top(scheme: str, host: str) -> str:
    """Source: docs.github.com, "Using the REST API" of GitHub, GHE.com and GitHub Enterprise Server."""
    if host == _PUBLIC or host.endswith(".ghe.com"):
        return f"{scheme}://api.{host}"
    return f"{scheme}://{host}/api/v3"


def _host_of_api(address: str) -> str:
    host = urlsplit(address).netloc
    return host.removeprefix("api.") if host.endswith((_PUBLIC, ".ghe.com")) else host


def _unzipped(archive: bytes, notes: list[str]) -> Iterator[Left]:
    """The logs of the jobs, from the archive of a run. Raises: zipfile.BadZipFile.

    A job's log is a file at the top, ``0_build (linux).txt``; the log of each of its steps lies below a
    directory of its name, and is read where there is no other.
    """
    left = _UNZIPPED_BYTES
    with zipfile.ZipFile(BytesIO(archive)) as opened:
        for job, names in _jobs_in(opened.namelist()[:_MAX_MEMBERS]).items():
            data = bytearray()
            try:
                for name in names:
                    with opened.open(name) as file:
                        data += file.read(min(left, LIMIT_BYTES + 1 - len(data)))
            except _DAMAGED:
                notes.append("the log of a job is damaged")
            left -= len(data)
            if data:
                yield Left(data=bytes(data), job=job)


_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
    ValueError,
    OSError,
)


def _jobs_in(names: list[str]) -> Mapping[str, list[str]]:
    """The files of each job, in the order of its steps."""
    texts = [name for name in names if name.endswith(".txt")]
    at_top = [name for name in texts if "/" not in name]
    jobs: dict[str, list[str]] = defaultdict(list)
    for name in sorted(at_top or texts, key=_number):
        own = name.removesuffix(".txt").partition("_")[2] if at_top else dirname(name)
        jobs[own].append(name)
    return jobs


def _number(name: str) -> tuple[str, int]:
    digits = basename(name).partition("_")[0]
    return dirname(name), int(digits) if digits.isdecimal() and len(digits) < 10 else 0
