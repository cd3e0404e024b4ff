"""A server on this machine that answers as a REST API does, and can fail as one does."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One question."""

    host: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    sent: int | None = None
    """So many bytes of the body are sent before the connection ends; all when None."""


def json_answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    body = json.dumps(value).encode()
    return Answer(status=status, body=body, headers={"Content-Type": "application/json", **(headers or {})})


def page_of(asked: Asked, rows: list[Any], most: int) -> tuple[list[Any], dict[str, str]]:
    """The rows of the page that is asked for, and the header that leads to the next one."""
    size, page = min(int(asked.query.get("per_page", "30")), most), int(asked.query.get("page", "1"))
    query = "&".join(f"{name}={value}" for name, value in asked.query.items() if name != "page")
    following = f'<http://{asked.host}{asked.path}?{query}&page={page + 1}>; rel="next"'
    return rows[(page - 1) * size : page * size], {"Link": following} if page * size < len(rows) else {}


@contextmanager
def serving(answer: Callable[[Asked], Answer]) -> Iterator[str]:
    """Give the address; ``localhost`` instead of its number is another host of the same server."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(address.query).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            given = answer(Asked(host=headers["host"], path=address.path, query=query, headers=headers))
            self.send_response(given.status)
            for name, value in {**given.headers, "Content-Length": str(len(given.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(given.body if given.sent is None else given.body[: given.sent])
            self.close_connection = given.sent is not None

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is inherited
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass  # the other side may hang up

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
