"""GitHub's API for artifacts, as it is documented: lists in pages, archives that lie on another host.

Source: docs.github.com, REST API, Actions artifacts (list for a repository, download an artifact).
"""

import io
import json
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

REPOSITORY, TOKEN = "owner/project", "github-token"
OURS, A_FORK = 1, 2
"""Ids of repositories."""


@dataclass
class Artifacts:
    """The artifacts of a repository, and what was asked."""

    per_page: int = 100
    status: int = 200
    """What every question is answered with."""
    url: str = ""
    kept: list[tuple[dict[str, Any], bytes]] = field(default_factory=list)
    """The newest one last."""
    blob_headers: list[Mapping[str, str]] = field(default_factory=list)
    """Of each question that the other host got."""

    def add(
        self,
        name: str,
        files: Mapping[str, bytes],
        branch: str,
        repository: int = OURS,
        *,
        expired: bool = False,
    ) -> None:
        """Keep an artifact of a run on ``branch`` of a repository."""
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            for path, data in files.items():
                file.writestr(path, data)
        number = len(self.kept) + 1
        run = {"id": number, "repository_id": OURS, "head_repository_id": repository}
        described = {
            "id": number,
            "name": name,
            "expired": expired,
            "created_at": "2026-01-01T00:00:00Z",
            "archive_download_url": f"{self.url}/repos/{REPOSITORY}/actions/artifacts/{number}/zip",
            "workflow_run": {**run, "head_branch": branch, "head_sha": f"{number:040}"},
        }
        self.kept.append((described, archive.getvalue()))

    def uploaded(self, branch: str, inputs: Mapping[str, str]) -> None:
        """Keep what a job uploaded with ``actions/upload-artifact``."""
        files = {path.name: path.read_bytes() for path in Path(inputs["path"]).iterdir()}
        self.add(inputs["name"], files, branch)


@contextmanager
def serving(artifacts: Artifacts) -> Iterator[None]:
    """Answer at ``artifacts.url``, and for archives at another name of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _answer(self, artifacts)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is inherited
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    artifacts.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _answer(request: BaseHTTPRequestHandler, artifacts: Artifacts) -> None:
    address = urlsplit(request.path)
    query = {name: values[0] for name, values in parse_qs(address.query).items()}
    last = address.path.split("/")
    if last[1] == "blob":
        artifacts.blob_headers.append(dict(request.headers))
        _send(request, 200, artifacts.kept[int(last[2]) - 1][1])
    elif artifacts.status != 200 or request.headers["Authorization"] != f"Bearer {TOKEN}":
        _send(request, artifacts.status if artifacts.status != 200 else 401, b"{}")
    elif last[-1] == "zip":
        elsewhere = artifacts.url.replace("127.0.0.1", "localhost")
        _send(request, 302, b"", Location=f"{elsewhere}/blob/{last[-2]}")
    else:
        assert address.path == f"/repos/{REPOSITORY}/actions/artifacts"
        _send_page(request, artifacts, query)


def _send_page(request: BaseHTTPRequestHandler, artifacts: Artifacts, query: Mapping[str, str]) -> None:
    found = [each for each, _ in reversed(artifacts.kept) if each["name"] == query["name"]]
    size, page = min(int(query["per_page"]), artifacts.per_page), int(query.get("page", "1"))
    links = {}
    if page * size < len(found):
        following = f"{request.path.partition('?')[0]}?name={query['name']}&per_page={size}&page={page + 1}"
        links["Link"] = f'<{artifacts.url}{following}>; rel="next"'
    shown = found[(page - 1) * size : page * size]
    _send(request, 200, json.dumps({"total_count": len(found), "artifacts": shown}).encode(), **links)


def _send(request: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    request.send_response(status)
    for name, value in {**headers, "Content-Length": str(len(body))}.items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(body)
