"""A Docker Engine's API on a unix socket, which answers what a plan asks for. It executes nothing."""

import contextlib
import json
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

ANSWERS: dict[str, Any] = {
    "/_ping": "OK",
    "/version": {"Version": "27.5.1", "ApiVersion": "1.47", "MinAPIVersion": "1.24", "Components": []},
    "/info": {"Driver": "overlay2", "ID": "an-engine"},
    "/images/json": [],
    "/images/alpine/json": {"Id": "sha256:" + "a" * 64, "RootFS": {"Layers": []}},
    "/images/alpine/history": [],
}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        answer = ANSWERS.get(self.path.partition("?")[0])
        body = json.dumps(answer if answer is not None else {"message": f"no {self.path}"}).encode()
        self.send_response(404 if answer is None else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        return "a client"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is inherited
        """Nothing."""


@contextlib.contextmanager
def answering(socket: Path) -> Iterator[str]:
    """An engine that answers on a socket while the context is open; the value is its DOCKER_HOST."""
    with socketserver.ThreadingUnixStreamServer(str(socket), _Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield f"unix://{socket}"
        finally:
            server.shutdown()
