"""Whom requests to registries trust: an authority that the system trusts, and no other."""

import http.server
import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

PROGRAM = """
import sys
from layerfork.builders.caches.registry import patient_session
try:
    print(patient_session().get(sys.argv[1]).text)
except OSError as error:
    print("CERTIFICATE_VERIFY_FAILED" if "CERTIFICATE_VERIFY_FAILED" in str(error) else error)
"""
VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
REFUSED = "CERTIFICATE_VERIFY_FAILED\n"


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "7")
        self.end_headers()
        self.wfile.write(b"trusted")

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority that nobody knows, and localhost's own certificate; its key lies beside it."""
    directory = tmp_path_factory.mktemp("authority")
    words = (
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    files = ["-keyout", str(directory / "key.pem"), "-out", str(directory / "ca.pem")]
    subprocess.run(["openssl", *words.split(), *files], check=True, capture_output=True)
    return directory / "ca.pem"


@pytest.fixture(scope="module")
def address(authority: Path) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority, authority.with_name("key.pem"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://localhost:{server.server_port}/"
        server.shutdown()


def asked(address: str, **trusted: str | Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    environment |= {name: str(value) for name, value in trusted.items()} | {"NO_PROXY": "*"}
    argv = [sys.executable, "-c", PROGRAM, address]
    return subprocess.run(argv, env=environment, capture_output=True, text=True, check=True).stdout


def test_who_is_not_known_is_refused(address: str) -> None:
    assert asked(address) == REFUSED


def test_the_store_of_the_system_is_trusted(address: str, authority: Path) -> None:
    assert asked(address, SSL_CERT_FILE=authority) == "trusted\n"
    directory = authority.with_name("certificates")
    directory.mkdir()
    (directory / "mine.crt").symlink_to(authority)
    subprocess.run(["openssl", "rehash", str(directory)], check=True)
    assert asked(address, SSL_CERT_DIR=directory) == "trusted\n"


def test_a_bundle_for_requests_is_trusted_too(address: str, authority: Path) -> None:
    assert asked(address, REQUESTS_CA_BUNDLE=authority) == "trusted\n"


def test_what_requests_brings_along_is_not(address: str, authority: Path, tmp_path: Path) -> None:
    """certifi has no say: an authority that only it knows is unknown."""
    program = f"import certifi; certifi.where = lambda: {str(authority)!r}\n{PROGRAM}"
    environment = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    argv = [sys.executable, "-c", program, address]
    done = subprocess.run(
        argv, env=environment | {"NO_PROXY": "*"}, capture_output=True, text=True, check=True
    )
    assert done.stdout == REFUSED
