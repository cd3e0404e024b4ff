"""Caches in registries, fetched with the credentials that docker has.

Source: OCI distribution-spec spec.md @ v1.1; moby/buildkit cache/remotecache/registry/registry.go @ v0.32.2.
"""

import re
import time
from hashlib import sha256
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from layerfork.builders.caches.config import DIGEST
from layerfork.builders.caches.deadline import ALL_S, Deadline
from layerfork.builders.caches.manifest import MAX_MANIFEST_BYTES, configs_of, verified
from layerfork.builders.caches.source import CacheConfig, bad_cache
from layerfork.errors import LayerforkError, UsageError
from layerfork.keys.baseimage import full_reference
from layerfork.record.context import Digest

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests import Response

    from layerfork.builders.caches.deadline import Made
    from layerfork.builders.caches.registryaccess import Access

_ACCEPT = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_HUB, _HUB_HOST = "docker.io", "registry-1.docker.io"
_USER = re.compile(r"[^/@]+@")
"""What may be a password."""
_DEADLINE_S = 120.0
"""For one manifest or config, however slowly it comes."""
_PIECE_BYTES = 64 << 10


class RegistryCache:
    """What a reference in a registry means."""

    def __init__(self, reference: str, *, insecure: bool = False) -> None:
        """``insecure``: plain HTTP, as ``registry.insecure=true`` says; it is taken for this machine itself.

        Raises: UsageError for what is no reference.
        """
        self.name = full_reference(reference)
        self.manifest: Digest | None = None
        host, _, rest = self.name.partition("/")
        if not reference or "://" in reference or "@" in host or not rest or not _is_plain(self.name):
            shown = _USER.sub("…@", reference)
            raise UsageError(f"{shown!r} is no reference", hint="write HOST/NAME:TAG, or NAME:TAG")
        self.host = _HUB_HOST if host == _HUB else host
        self._account = host
        self._repository, self._tag = _split(rest)
        self._plain = insecure or is_this_machine(self.host)
        self._access: Access | None = None
        self._deadline = Deadline(ALL_S)

    def configs(self) -> tuple[CacheConfig, ...]:
        """As `CacheSource.configs`."""
        text = self._fetch(f"manifests/{self._tag}", MAX_MANIFEST_BYTES)
        if DIGEST.fullmatch(self._tag):
            verified(text, self._tag, self.name)
        self.manifest = _digest(text)
        return configs_of(text, self)

    def read(self, digest: Digest, limit: int) -> bytes:
        """As `Blobs.read`: an image manifest of an index is asked for as such."""
        if not DIGEST.fullmatch(digest):
            raise bad_cache(self.name, f"{digest[:80]!r} is no sha256 digest")
        if self._status("HEAD", f"blobs/{digest}") == 404:
            return self._fetch(f"manifests/{digest}", limit)
        return self._fetch(f"blobs/{digest}", limit)

    def has_blob(self, digest: Digest) -> bool | None:
        """As `CacheSource.has_blob`."""
        status = self._status("HEAD", f"blobs/{digest}")
        return {200: True, 404: False}.get(status)

    def _status(self, method: str, path: str) -> int:
        def status() -> int:
            with self._ask(method, path) as response:
                return int(response.status_code)

        return self._in_time(status)

    def _fetch(self, path: str, limit: int) -> bytes:
        return self._in_time(lambda: self._fetched(path, limit))

    def _in_time(self, question: "Callable[[], Made]") -> "Made":
        try:
            return self._deadline.wait_for(question)
        except TimeoutError as error:
            raise self._unreachable(f"its answers take longer than {ALL_S:.0f} s together") from error

    def _fetched(self, path: str, limit: int) -> bytes:
        with self._ask("GET", path) as response:
            self._check(response, path)
            text = self._body(response, path, limit)
            said = response.headers.get("Docker-Content-Digest", "")
            return verified(text, said, self.name) if DIGEST.fullmatch(said) else text

    def _body(self, response: "Response", path: str, limit: int) -> bytes:
        from requests import RequestException

        end = time.monotonic() + _DEADLINE_S
        text = bytearray()
        try:
            for piece in response.iter_content(_PIECE_BYTES):
                text += piece
                if len(text) > limit:
                    raise bad_cache(self.name, f"{path} is longer than {limit:,} bytes, and is not read")
                if time.monotonic() > end:
                    raise self._unreachable("it sends too slowly")
        except RequestException as error:
            raise self._unreachable(_in_short(error)) from error
        return bytes(text)

    def _check(self, response: "Response", path: str) -> None:
        status = int(response.status_code)
        if status in (401, 403):
            raise LayerforkError(
                f"{self.host} does not let us read {self.name} (HTTP {status})",
                hint=_NO_TLS
                if self._access is not None and self._access.withheld
                else f"log in: docker login {self._account}",
            )
        if status == 404:
            what = "no such cache" if path.startswith("manifests/") else f"no {path.partition('/')[2]}"
            raise LayerforkError(f"{self.name}: there is {what} in the registry", hint="check the reference")
        if status != 200:
            raise self._unreachable(f"it answers HTTP {status}")

    def _ask(self, method: str, path: str) -> "Response":
        from requests import RequestException

        from layerfork.builders.caches.registryaccess import Access

        headers = {"Accept": ", ".join(_ACCEPT)} if path.startswith("manifests/") else {}
        try:
            if self._access is None:
                self._access = Access(self.host, self._account, plain=self._plain)
            return self._access.ask(method, f"{self._repository}/{path}", headers)
        except RequestException as error:
            raise self._unreachable(_in_short(error)) from error

    def _unreachable(self, why: str) -> LayerforkError:
        hint = _TRUST if why == _NOT_TRUSTED else "is the registry up, and the name right?"
        return LayerforkError(f"cannot read {self.name} from {self.host}: {why}", hint=hint)


def _digest(text: bytes) -> Digest:
    return Digest(f"sha256:{sha256(text).hexdigest()}")


def _split(rest: str) -> tuple[str, str]:
    """Repository, and the digest or tag."""
    name, at, digest = rest.partition("@")
    repository, colon, tag = name.rpartition(":")
    if not colon:
        repository, tag = name, "latest"
    return repository, digest if at else tag


def _is_plain(name: str) -> bool:
    return all(char.isalnum() or char in "/._-:@[]" for char in name) and ".." not in name


def is_this_machine(host: str) -> bool:
    """Hosts that docker and BuildKit speak plain HTTP with.

    Source: containerd/containerd remotes/docker/registry.go:MatchLocalhost @ v1.7.
    """
    name = urlsplit(f"//{host}").hostname or ""
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


_NOT_TRUSTED = "its certificate is not trusted"
_NO_TLS = "it asks for docker's login in clear, and that is sent over TLS or to this machine alone"
_TRUST = (
    "add its authority to the system's certificates (update-ca-certificates), or name it: SSL_CERT_FILE=…"
)


def _in_short(error: Any) -> str:
    """What went wrong, without addresses that requests puts around it."""
    texts = str(error)
    for known in ("refused", "timed out", "Name or service not known", "certificate", "SSL", "reset"):
        if known in texts:
            return {"SSL": "TLS failed", "certificate": _NOT_TRUSTED}.get(
                known, f"the connection was {known}" if known in ("refused", "reset") else known
            )
    return type(error).__name__
