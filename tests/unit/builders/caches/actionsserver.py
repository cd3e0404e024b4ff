"""The cache service of GitHub's Actions on this machine's loopback, as far as caches are read."""

import base64
import contextlib
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MAIN, BRANCH = "refs/heads/main", "refs/heads/topic"
VERSION = sha256(b"|go-actionscache-1.0").hexdigest()


def token_for(*scopes: str) -> str:
    """An unsigned token that lets read some branches."""
    access = json.dumps([{"Scope": scope, "Permission": 1} for scope in scopes])
    parts = ({"alg": "none"}, {"ac": access, "nbf": 1, "exp": 4_000_000_000})
    encoded = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
    return f"{'.'.join(encoded)}.signature-that-is-secret"


def index_key(branch: str, scope: str = "buildkit") -> str:
    return f"index-{scope}-1-{sha256(branch.encode()).hexdigest()[:8]}"


@dataclass(slots=True, kw_only=True)
class Service:
    """Entries by key, and what was asked for."""

    entries: Mapping[str, bytes]
    token: str
    asked: list[str] = field(default_factory=list)


@contextlib.contextmanager
def serving(service: Service) -> Iterator[str]:
    """Serve until the end of the context; gives the service's URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.headers["Authorization"] != f"Bearer {service.token}":
                return self._send(401, b"{}")
            if not self.path.endswith(".v1.CacheService/GetCacheEntryDownloadURL"):
                return self._send(404, b"{}")
            service.asked.append(asked["key"])
            keys = [asked["key"], *asked["restore_keys"]] if asked["version"] == VERSION else []
            matched = [key for key in service.entries if any(map(key.startswith, keys))]
            if not matched:
                return self._send(200, b'{"ok": false}')
            url = f"http://{self.headers['Host']}/signed/{matched[-1].replace('#', '%23')}?sig=very-secret"
            answer = {"ok": True, "signed_download_url": url, "matched_key": matched[-1]}
            return self._send(200, json.dumps(answer).encode())

        def do_GET(self) -> None:
            """A signed address; credentials of the service must not come here."""
            name = self.path.removeprefix("/signed/").partition("?")[0].replace("%23", "#")
            known = "sig=very-secret" in self.path and "Authorization" not in self.headers
            self._send(200 if known else 403, service.entries.get(name, b"") if known else b"")

        def log_message(self, *_: object) -> None:
            pass

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
