"""GitLab's API for the artifacts of a branch's newest job, as it is documented.

Source: docs.gitlab.com, Job artifacts API (download the artifacts archive by branch or tag name; the headers
JOB-TOKEN and PRIVATE-TOKEN).
"""

import io
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

PROJECT, JOB_TOKEN, OWN_TOKEN = "7", "job-token", "own-token"


@dataclass
class Archives:
    """The newest archive of each branch and job."""

    tokens: dict[str, str] = field(
        default_factory=lambda: {"JOB-TOKEN": JOB_TOKEN, "PRIVATE-TOKEN": OWN_TOKEN}
    )
    """Headers that may read, with their values."""
    url: str = ""
    kept: dict[tuple[str, str], bytes] = field(default_factory=dict)

    def keep(self, branch: str, job: str, project: Path, folder: str) -> None:
        """Keep what a job left in a folder of its project."""
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            for path in (project / folder).iterdir():
                file.write(path, f"{folder}/{path.name}")
        self.kept[branch, job] = archive.getvalue()


@contextmanager
def serving(archives: Archives) -> Iterator[None]:
    """Answer at ``archives.url``."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            may = any(self.headers[name] == value for name, value in archives.tokens.items())
            status, body = _answer(self.path, archives) if may else (401, b"")
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is inherited
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    archives.url = f"http://127.0.0.1:{server.server_port}/api/v4"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _answer(target: str, archives: Archives) -> tuple[int, bytes]:
    address = urlsplit(target)
    before, _, rest = address.path.partition(f"/projects/{PROJECT}/jobs/artifacts/")
    branch, _, action = rest.partition("/")
    assert (before, action) == ("/api/v4", "download")
    found = archives.kept.get((unquote(branch), parse_qs(address.query)["job"][0]))
    return (404, b"") if found is None else (200, found)
