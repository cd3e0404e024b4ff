"""A registry of our own on this machine's loopback: what it serves lies in an OCI layout."""

import base64
import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

USER, SECRET, TOKEN = "somebody", "s3cret-passw0rd", "t0ken-of-a-session"
IDENTITY = "1dentity-t0ken"
BASIC = "Basic " + base64.b64encode(f"{USER}:{SECRET}".encode()).decode()


@dataclass(slots=True, kw_only=True)
class Behaviour:
    """How a registry behaves, and what it was asked."""

    layout: Path
    login: str = ""
    """``token`` or ``basic``; empty asks for none."""
    failures: int = 0
    """Answers 503 so many times before it works."""
    wrong_digest: bool = False
    """Says another digest of everything."""
    endless: bool = False
    """Manifests never end."""
    drips: str = ""
    """Sends a byte now and then, for ever: of a ``head``, or of a ``body``."""
    realm: str = ""
    """Where tokens are got, when it is not here."""
    asked: list[str] = field(default_factory=list)
    authorizations: set[str] = field(default_factory=set)
    forms: list[dict[str, str]] = field(default_factory=list)
    """What was posted for tokens."""


@contextlib.contextmanager
def serving(behaviour: Behaviour) -> Iterator[str]:
    """Serve until the end of the context; gives the address, ``127.0.0.1:PORT``."""

    stopped = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(send=True)

        def do_HEAD(self) -> None:
            self._answer(send=False)

        def do_POST(self) -> None:
            """Tokens by the OAuth flow, for the identity token alone."""
            length = int(self.headers.get("Content-Length", "0"))
            form = {name: values[0] for name, values in parse_qs(self.rfile.read(length).decode()).items()}
            behaviour.forms.append(form)
            known = self.path == "/token" and form.get("refresh_token") == IDENTITY
            self._send(200 if known else 401, json.dumps({"access_token": TOKEN}).encode(), send=True)

        def log_message(self, *_: object) -> None:
            pass

        def _answer(self, *, send: bool) -> None:
            behaviour.asked.append(f"{self.command} {self.path}")
            got = self.headers.get("Authorization", "")
            behaviour.authorizations.add(got)
            if behaviour.drips and "/manifests/" in self.path:
                self._drip()
            elif behaviour.failures:
                behaviour.failures -= 1
                self._send(503, b"", send)
            elif self.path.startswith("/token"):
                self._send(200 if got == BASIC else 401, json.dumps({"token": TOKEN}).encode(), send)
            elif behaviour.login == "token" and got != f"Bearer {TOKEN}":
                realm = behaviour.realm or f"http://{self.headers['Host']}/token"
                self._send(
                    401, b"", send, f'Bearer realm="{realm}",service="s",scope="repository:cache:pull"'
                )
            elif behaviour.login == "basic" and got != BASIC:
                self._send(401, b"", send, 'Basic realm="A Registry"')
            elif behaviour.endless and "/manifests/" in self.path:
                self._send_for_ever()
            else:
                self._serve(send)

        def _serve(self, send: bool) -> None:
            last = self.path.rpartition("/")[2]
            tags = self._tags()
            path = behaviour.layout / "blobs" / "sha256" / tags.get(last, last).removeprefix("sha256:")
            found = self.path == "/v2/" or path.is_file()
            body = b"" if self.path == "/v2/" or not found else path.read_bytes()
            self._send(200 if found else 404, body, send)

        def _tags(self) -> dict[str, str]:
            listed = json.loads((behaviour.layout / "index.json").read_text())["manifests"]
            return {
                each["annotations"]["org.opencontainers.image.ref.name"]: each["digest"] for each in listed
            }

        def _send(self, status: int, body: bytes, send: bool, challenge: str = "") -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            said = b"else" if behaviour.wrong_digest else body
            self.send_header("Docker-Content-Digest", f"sha256:{sha256(said).hexdigest()}")
            if challenge:
                self.send_header("Www-Authenticate", challenge)
            self.end_headers()
            if send:
                self.wfile.write(body)

        def _drip(self) -> None:
            if behaviour.drips == "body":
                self.send_response(200)
                self.end_headers()
            else:
                self.wfile.write(b"HTTP/1.1 200 OK\r\nA: ")
            with contextlib.suppress(OSError):
                while not stopped.wait(0.05):
                    self.wfile.write(b" ")

        def _send_for_ever(self) -> None:
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(OSError):
                while True:
                    self.wfile.write(b" " * (1 << 20))

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        stopped.set()
        server.shutdown()
        server.server_close()
        thread.join()
