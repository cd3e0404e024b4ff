"""A Docker Engine's socket for unit tests: it answers like the classic builder and executes nothing."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]
BASE, BUILT = ("sha256:" + digit * 64 for digit in "ab")
HISTORY = [
    {"Id": BUILT, "CreatedBy": "/bin/sh -c true", "Size": 0},
    {"Id": BASE, "CreatedBy": "base", "Size": 9},
]
"""Newest first, as the API lists it."""


def steps_of(image: str = BUILT) -> list[Json]:
    """What the classic builder answers for ``FROM alpine`` and ``RUN true``."""
    return [
        {"stream": "Step 1/2 : FROM alpine\n"},
        {"stream": f" ---> {BASE[7:19]}\n"},
        {"stream": "Step 2/2 : RUN true\n"},
        {"stream": " ---> Using cache\n"},
        {"stream": f" ---> {image[7:19]}\n"},
        {"aux": {"ID": image}},
        {"stream": f"Successfully built {image[7:19]}\n"},
    ]


def fails_at_the_second_step() -> list[Json]:
    """What it answers when a RUN fails, with a NUL among its words."""
    words = "The command '/bin/sh -c true' returned a non-zero code: 7\0"
    return [
        *steps_of()[:3],
        {"stream": " ---> Running in 0123456789ab\n"},
        {"errorDetail": {"code": 7, "message": words}, "error": words},
    ]


@dataclass
class Socket:
    """What stands behind one, and what it was asked."""

    path: Path
    answer: Callable[[], Sequence[Json]] = steps_of
    """Of every build, in JSON messages."""
    requests: list[str] = field(default_factory=list)
    """Paths, with the tag for builds."""

    @property
    def docker_host(self) -> str:
        return f"unix://{self.path}"


@contextmanager
def listening(directory: Path) -> Iterator[Socket]:
    """A socket in a directory, whose path must be short."""
    found = Socket(directory / "engine.sock")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found.requests.append(urlsplit(self.path).path)
            self.reply([_known(self.path)])

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            tag = parse_qs(urlsplit(self.path).query).get("t", [""])[0]
            found.requests.append(f"{urlsplit(self.path).path} {tag}")
            self.reply(found.answer())

        def reply(self, messages: Sequence[Any]) -> None:
            body = b"\r\n".join(json.dumps(message).encode() for message in messages)
            self.send_response(404 if messages == [None] else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def address_string(self) -> str:
            return "client"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is inherited
            """Nothing."""

    class Server(ThreadingMixIn, UnixStreamServer):
        daemon_threads = True

    with Server(str(found.path), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()


def _known(target: str) -> Any:
    """The answer to a question; None for what it does not know."""
    path = urlsplit(target).path
    if path.endswith("/history"):
        return HISTORY if _names_built(path) else HISTORY[1:]
    if path.startswith("/images/") and path.endswith("/json") and path != "/images/json":
        image = BUILT if _names_built(path) else BASE
        return {"Id": image, "RootFS": {"Layers": ["sha256:" + "c" * 64]}}
    return {
        "/_ping": "OK",
        "/version": {"Version": "26.1.5", "ApiVersion": "1.45", "Components": []},
        "/info": {"ID": "engine-id", "Driver": "overlay2"},
        "/images/json": [],
    }.get(path)


def _names_built(path: str) -> bool:
    return "alpine" not in path and BASE[7:19] not in path
