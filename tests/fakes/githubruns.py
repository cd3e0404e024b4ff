"""The part of GitHub's REST API that shows workflow runs; every answer has the form of its published schema.

The schemas are those of ``schemas/github-actions.json``. What they require beside what a test says is filled
in. Logs that begin at 10:00 begin at the minute of their run's number.
"""

import io
import json
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from fakes.apiserver import Answer, Asked, json_answer, page_of

REPOSITORY, TOKEN = "owner/project", "ghp_tokenOfTheTests0123456789abcdefghij"
DESCRIPTION = json.loads((Path(__file__).parent / "schemas" / "github-actions.json").read_text("utf-8"))
_SCHEMAS = DESCRIPTION["components"]["schemas"]
_TOP = "/repos/{owner}/{repo}"


@dataclass(kw_only=True)
class Run:
    """A run, and what it left."""

    branch: str = "main"
    event: str = "push"
    sha: str = "0" * 40
    workflow: str = "build.yml"
    created: str = "2026-12-01T10:00:00Z"
    attempt: int = 1
    base: str = ""
    fork: str = ""
    artifacts: Mapping[str, bytes | None] = field(default_factory=dict)
    """By name; None has expired."""
    logs: Mapping[str, str] | None = field(default_factory=dict)
    """By job; None when they have expired."""


@dataclass(kw_only=True)
class GitHubRuns:
    """A repository's runs, the newest first, and what was asked."""

    runs: list[Run] = field(default_factory=list)
    per_page: int = 100
    troubles: list[Callable[[Asked], Answer | None]] = field(default_factory=list)
    """Each is asked first, until one answers."""
    asked: list[Asked] = field(default_factory=list)

    def paths(self) -> list[str]:
        return [each.path for each in self.asked]

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        for trouble in self.troubles:
            if (given := trouble(asked)) is not None:
                return given
        if asked.path.startswith("/blob/"):
            return self._blob(asked)
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return json_answer({"message": "Bad credentials"}, 401)
        path = asked.path.removeprefix("/api/v3")
        if not path.startswith(f"/repos/{REPOSITORY}"):
            return json_answer({"message": "Not Found"}, 404)
        return self._answer(asked, path.removeprefix(f"/repos/{REPOSITORY}"))

    def _answer(self, asked: Asked, path: str) -> Answer:
        rows = [(number, run) for number, run in self._numbered() if _is_wanted(run, asked.query)]
        if path == "":
            return _valid(_TOP, _filled(DESCRIPTION["paths"][_TOP], {"default_branch": "main"}))
        if path == "/actions/workflows":
            names = self._workflows()
            found = [
                {"id": number, "name": name.partition(".")[0].title(), "path": f".github/workflows/{name}"}
                for number, name in enumerate(names, 1)
            ]
            return self._page(asked, _TOP + path, "workflows", found)
        if match := re.fullmatch(r"/actions/(?:workflows/([^/]+)/)?runs", path):
            form = _TOP + ("/actions/workflows/{workflow_id}/runs" if match[1] else path)
            names = self._workflows()
            wanted = names[int(match[1]) - 1] if (match[1] or "").isdigit() else match[1]
            shown = [self._run(asked, *row) for row in rows if wanted in (None, row[1].workflow)]
            return self._page(asked, form, "workflow_runs", shown)
        if match := re.fullmatch(r"/actions/runs/(\d+)/artifacts", path):
            form = _TOP + "/actions/runs/{run_id}/artifacts"
            return self._page(asked, form, "artifacts", self._artifacts(int(match[1])))
        if match := re.fullmatch(r"/actions/runs/(\d+)/attempts/(\d+)/jobs", path):
            form = _TOP + "/actions/runs/{run_id}/attempts/{attempt_number}/jobs"
            return self._page(asked, form, "jobs", self._jobs(int(match[1])))
        return self._redirect(asked, path)

    def _redirect(self, asked: Asked, path: str) -> Answer:
        """What lies on another host: 302, or 410 for what has expired."""
        run = int(re.findall(r"\d+", path)[0])
        if path.endswith("/zip"):
            number, place = divmod(run, 1000)
            gone = list(self._of(number).artifacts.values())[place] is None
        else:
            gone = self._of(run if "/runs/" in path else run // 1000).logs is None
        if gone:
            return json_answer({"message": "Gone"}, 410)
        elsewhere = asked.host.replace("127.0.0.1", "localhost")
        return Answer(status=302, headers={"Location": f"http://{elsewhere}/blob{path}?sig=signature"})

    def _blob(self, asked: Asked) -> Answer:
        path = asked.path.removeprefix("/blob")
        first = int(re.findall(r"\d+", path)[0])
        if path.endswith("/zip"):
            number, place = divmod(first, 1000)
            body = list(self._of(number).artifacts.values())[place] or b""
        elif "/runs/" in path:
            body = _zipped(first, self._of(first).logs or {})
        else:
            number, place = divmod(first, 1000)
            body = at_minute(number, list((self._of(number).logs or {}).values())[place]).encode()
        begin = asked.headers.get("range")
        if begin is None or asked.headers.get("if-range") != '"mark"':
            return Answer(body=body, headers={"ETag": '"mark"'})
        offset = int(begin.removeprefix("bytes=").removesuffix("-"))
        sizes = {"ETag": '"mark"', "Content-Range": f"bytes {offset}-{len(body) - 1}/{len(body)}"}
        return Answer(status=206, body=body[offset:], headers=sizes)

    def _workflows(self) -> list[str]:
        return sorted({run.workflow for run in self.runs})

    def _numbered(self) -> list[tuple[int, Run]]:
        return [(len(self.runs) - place, run) for place, run in enumerate(self.runs)]

    def _of(self, number: int) -> Run:
        return dict(self._numbered())[number]

    def _page(self, asked: Asked, form: str, name: str, rows: list[dict[str, Any]]) -> Answer:
        schema = _resolved(DESCRIPTION["paths"][form])["properties"][name]["items"]
        shown, links = page_of(asked, rows, self.per_page)
        value = {"total_count": len(rows), name: [_filled(schema, each) for each in shown]}
        return _valid(form, value, links)

    def _run(self, asked: Asked, number: int, run: Run) -> dict[str, Any]:
        owner = f"{run.fork}/project" if run.fork else REPOSITORY
        repository = _filled(_SCHEMAS["minimal-repository"], {"full_name": owner})
        requests = [{"base": {"ref": run.base}}] if run.base else []
        request = _SCHEMAS["pull-request-minimal"]
        return {
            "id": number,
            "head_sha": run.sha,
            "head_branch": run.branch,
            "event": run.event,
            "status": "completed",
            "run_attempt": run.attempt,
            "created_at": run.created,
            "run_started_at": run.created,
            "path": f".github/workflows/{run.workflow}",
            "html_url": f"http://{asked.host}/{REPOSITORY}/actions/runs/{number}",
            "head_repository": repository,
            "pull_requests": [_filled(request, each) for each in requests],
        }

    def _artifacts(self, number: int) -> list[dict[str, Any]]:
        return [
            {
                "id": number * 1000 + place,
                "name": name,
                "size_in_bytes": len(data or b""),
                "expired": data is None,
            }
            for place, (name, data) in enumerate(self._of(number).artifacts.items())
        ]

    def _jobs(self, number: int) -> list[dict[str, Any]]:
        return [
            {"id": number * 1000 + place, "name": job, "run_attempt": self._of(number).attempt}
            for place, job in enumerate(self._of(number).logs or {})
        ]


def _is_wanted(run: Run, query: Mapping[str, str]) -> bool:
    return query.get("branch") in (None, run.branch) and query.get("status") in (None, "completed")


def at_minute(number: int, log: str) -> str:
    return log.replace("T10:00:", f"T10:{number:02}:")


def _zipped(number: int, logs: Mapping[str, str]) -> bytes:
    """As GitHub packs them: each job's log, and that of each step again."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for place, (job, text) in enumerate(logs.items()):
            file.writestr(f"{place}_{job}.txt", at_minute(number, text))
            file.writestr(f"{job}/1_Build.txt", at_minute(number, text))
    return archive.getvalue()


def _filled(schema: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """An object of a schema: what is known of it, and something for every other field that it must have."""
    schema = _resolved(schema)
    names = dict.fromkeys([*schema.get("required", ()), *known])
    fields = schema.get("properties", {})
    return {name: _value(fields.get(name, {}), known, name) for name in names}


def _value(schema: Mapping[str, Any], known: Mapping[str, Any], name: str) -> Any:
    schema = _resolved(schema)
    if name in known:
        is_part = isinstance(known[name], dict) and "properties" in schema
        return _filled(schema, known[name]) if is_part else known[name]
    if schema.get("nullable"):
        return None
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "object")
    if kind == "string":
        return {"date-time": "2026-12-01T10:00:00Z"}.get(schema.get("format", ""), "filled")
    plain: dict[str, Any] = {"integer": 1, "number": 1, "boolean": False, "array": []}
    return plain[kind] if kind in plain else _filled(schema, {})


def _resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" in schema:
        return _resolved(_SCHEMAS[schema["$ref"].rpartition("/")[2]])
    choices = schema.get("anyOf") or schema.get("allOf")
    return _resolved(choices[0]) if choices else schema


def _valid(form: str, value: Any, headers: Mapping[str, str] | None = None) -> Answer:
    """The answer, which has the form that is published for its path."""
    schema = {**_as_json_schema(DESCRIPTION["paths"][form]), "components": _COMPONENTS}
    Draft202012Validator(schema).validate(value)
    return json_answer(value, headers=headers)


def _as_json_schema(schema: Any) -> Any:
    """OpenAPI 3.0 says ``nullable`` beside a type, JSON Schema a second type."""
    if isinstance(schema, list):
        return [_as_json_schema(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: _as_json_schema(each) for name, each in schema.items() if name != "nullable"}
    return {"anyOf": [made, {"type": "null"}]} if schema.get("nullable") is True else made


_COMPONENTS = _as_json_schema(DESCRIPTION["components"])
