"""Caches in registries, fetched with the credentials that docker has."""

import logging
import re
import time
from collections.abc import Callable
from hashlib import sha256
from ipaddress import ip_address
from ssl import PROTOCOL_TLS_CLIENT, SSLContext
from typing import Any
from urllib.parse import urlsplit

import truststore
from oras.auth import get_auth_backend
from oras.auth.utils import parse_auth_header
from oras.logger import logger
from requests import PreparedRequest, RequestException, Response, Session
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from layerfork.builders.caches.cacheconfig import DIGEST
from layerfork.builders.caches.cachemanifest import MAX_MANIFEST_BYTES, configs_of, stored_bytes, verified
from layerfork.builders.caches.credentials import ALL_S, Deadline, Login, Made, find_login
from layerfork.builders.caches.source import CacheConfig, bad_cache
from layerfork.errors import LayerforkError, UsageError
from layerfork.keys.recordedbases import full_reference
from layerfork.record.context import Digest

# Source: OCI distribution-spec spec.md @ v1.1; moby/buildkit cache/remotecache/registry/registry.go @
# v0.32.2.

_ACCEPT = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_HUB, _HUB_HOST = "docker.io", "registry-1.docker.io"
_USER = re.compile(r"[^/@]+@")
"""A prefix that may hold a password."""
_DEADLINE_S = 120.0
"""Time limit for one manifest or config."""
_PIECE_BYTES = 64 << 10


class RegistryCache:
    """A cache in a registry, by its reference."""

    def __init__(self, reference: str, *, insecure: bool = False, within_s: float | None = None) -> None:
        """``insecure``: plain HTTP, as ``registry.insecure=true`` says; it is taken for this machine itself.

        ``within_s`` is the time limit of all questions together, and half of it that of a credential helper;
        None: `ALL_S`, and a helper has its usual limit.

        Raises: UsageError for what is no reference.
        """
        self.name = full_reference(reference)
        self.manifest: Digest | None = None
        host, _, rest = self.name.partition("/")
        if not reference or "://" in reference or "@" in host or not rest or not _is_plain(self.name):
            shown = _USER.sub("…@", reference)
            raise UsageError(f"{shown!r} is not an image reference", hint="write HOST/NAME:TAG, or NAME:TAG")
        self.host = _HUB_HOST if host == _HUB else host
        self._account = host
        self._repository, self._tag = _split(rest)
        self._plain = insecure or is_this_machine(self.host)
        self._access: Access | None = None
        self._deadline = Deadline(within_s or ALL_S)
        self._helper_s = within_s / 2 if within_s is not None else None

    def configs(self) -> tuple[CacheConfig, ...]:
        """As `CacheSource.configs`."""
        text = self._top()
        self.manifest = _digest(text)
        return configs_of(text, self)

    def stored_bytes(self) -> int:
        """Bytes of the cache, as its manifest says them. Raises: LayerforkError."""
        return stored_bytes(self._top(), self.name)

    def _top(self) -> bytes:
        """The manifest or index that the reference names."""
        text = self._fetch(f"manifests/{self._tag}", MAX_MANIFEST_BYTES)
        return verified(text, self._tag, self.name) if DIGEST.fullmatch(self._tag) else text

    def read(self, digest: Digest, limit: int) -> bytes:
        """As `Blobs.read`: an image manifest of an index is asked for as such."""
        if not DIGEST.fullmatch(digest):
            raise bad_cache(self.name, f"{digest[:80]!r} is not a sha256 digest")
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

    def _in_time(self, question: Callable[[], Made]) -> Made:
        try:
            return self._deadline.wait_for(question)
        except TimeoutError as error:
            seconds = self._deadline.seconds
            raise self._unreachable(f"its answers take longer than {seconds:.0f} s in total") from error

    def _fetched(self, path: str, limit: int) -> bytes:
        with self._ask("GET", path) as response:
            self._check(response, path)
            text = self._body(response, path, limit)
            said = response.headers.get("Docker-Content-Digest", "")
            return verified(text, said, self.name) if DIGEST.fullmatch(said) else text

    def _body(self, response: Response, path: str, limit: int) -> bytes:
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
            raise self._unreachable(in_short(error)) from error
        return bytes(text)

    def _check(self, response: Response, path: str) -> None:
        status = int(response.status_code)
        if status in (401, 403):
            raise LayerforkError(
                f"{self.host} denies access to {self.name} (HTTP {status})",
                hint=_NO_TLS
                if self._access is not None and self._access.withheld
                else f"log in: docker login {self._account}",
            )
        if status == 404:
            what = "no such cache" if path.startswith("manifests/") else f"no {path.partition('/')[2]}"
            raise LayerforkError(f"{self.name}: there is {what} in the registry", hint="check the reference")
        if status != 200:
            raise self._unreachable(f"it answers HTTP {status}")

    def _ask(self, method: str, path: str) -> Response:
        headers = {"Accept": ", ".join(_ACCEPT)} if path.startswith("manifests/") else {}
        try:
            if self._access is None:
                helper_s = self._helper_s
                self._access = Access(self.host, self._account, plain=self._plain, helper_s=helper_s)
            return self._access.ask(method, f"{self._repository}/{path}", headers)
        except RequestException as error:
            raise self._unreachable(in_short(error)) from error

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
_NO_TLS = "it asks for docker's login without TLS, and a login is sent only over TLS or to this machine"
_TRUST = (
    "add its authority to the system's certificates (update-ca-certificates), or name it: SSL_CERT_FILE=…"
)


def in_short(error: Any) -> str:
    """What went wrong, without addresses that requests puts around it."""
    texts = str(error)
    for known in ("refused", "timed out", "Name or service not known", "certificate", "SSL", "reset"):
        if known in texts:
            return {"SSL": "TLS failed", "certificate": _NOT_TRUSTED}.get(
                known, f"the connection was {known}" if known in ("refused", "reset") else known
            )
    return type(error).__name__


# Connections to registries: how to log in, with which credentials, how often and how long to try.

TIMES_S = (5.0, 30.0)
"""To connect; between two pieces of an answer."""
_CLIENT = "layerfork"
_SILENT = 100
"""Above every log level: layerfork reports errors itself."""
RETRIES = Retry(
    total=3,
    connect=1,
    backoff_factor=0.2,
    status_forcelist=(429, 500, 502, 503, 504),
    allowed_methods=("GET", "HEAD", "POST"),
    raise_on_status=False,
    respect_retry_after_header=False,
)


class PatientAdapter(HTTPAdapter):
    """Retries transient failures, limits every wait, and trusts the system's certificates.

    requests would trust the authorities of its own package certifi, which knows none of a company's. One that
    REQUESTS_CA_BUNDLE names is trusted besides.
    Source: requests adapters.py (init_poolmanager, proxy_manager_for, cert_verify) @ v2.34.
    """

    def __init__(self, retries: Retry = RETRIES) -> None:
        super().__init__(max_retries=retries)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """With the system's certificates."""
        super().init_poolmanager(*args, **options, ssl_context=_system_trust())

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """With the system's certificates."""
        return super().proxy_manager_for(proxy, **options, ssl_context=_system_trust())

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Without those of certifi."""
        super().cert_verify(conn, url, verify, cert)
        if verify is True:
            conn.ca_certs = None

    def send(self, request: PreparedRequest, *args: Any, **options: Any) -> Response:
        """As in `HTTPAdapter`, with time limits where none are given."""
        if options.get("timeout") is None:
            options["timeout"] = TIMES_S
        return super().send(request, *args, **options)


def _system_trust() -> SSLContext:
    return truststore.SSLContext(PROTOCOL_TLS_CLIENT)


def patient_session(retries: Retry = RETRIES) -> Session:
    """A session whose every request is tried again and ends."""
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    session = Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, PatientAdapter(retries))
    return session


def may_carry_a_login(url: str) -> bool:
    """Whether a login may be sent to an address: over TLS, or to this machine."""
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" or (parts.scheme == "http" and is_this_machine(parts.netloc))
    except ValueError:
        return False


class Access:
    """Authenticated requests to one registry.

    oras knows how to log in; its own requests would retry everything for minutes.
    """

    def __init__(self, host: str, account: str, *, plain: bool, helper_s: float | None = None) -> None:
        """``account`` is the host as docker's configuration calls it; ``plain``: without TLS.

        ``helper_s``: as in `find_login`.
        Raises: LayerforkError when credentials cannot be read; RequestException when nothing answers.
        """
        logger.set_level(_SILENT)
        self._top = f"{'http' if plain else 'https'}://{host}/v2/"
        self._session = patient_session()
        self._session.trust_env = not plain
        login = find_login(account, helper_s)
        self._login = login if may_carry_a_login(self._top) else Login()
        self.withheld = login != self._login
        """The login was not sent, for it would have gone in clear."""
        with self._session.get(self._top, stream=True) as answer:
            wants = answer.headers.get("Www-Authenticate", "").partition(" ")[0].lower()
        self._granted: dict[str, str] = {}
        self._auth: Any = None
        if wants != "basic" or self._login.user:
            self._auth = get_auth_backend("basic" if wants == "basic" else "token", self._session, plain)
        if self._login.user:
            self._auth.set_basic_auth(self._login.user, self._login.secret)

    def ask(self, method: str, path: str, headers: dict[str, str]) -> Response:
        """The answer about something below ``/v2/``, its body not read yet; 401 where no login helps.

        Raises: RequestException.
        """
        sent = headers | self._granted
        response = self._session.request(method, self._top + path, headers=sent, stream=True)
        if response.status_code != 401 or self._auth is None:
            return response
        granted = self._log_in(response)
        if not granted:
            return response
        response.close()
        self._granted = granted
        return self._session.request(method, self._top + path, headers=headers | granted, stream=True)

    def _log_in(self, refused: Response) -> dict[str, str]:
        """Headers that may help; none where the challenge is not understood, or its realm is not to be asked.

        A realm may be of another host, as docker.io's is.
        Source: distribution/distribution registry/client/auth/session.go:fetchToken @ v2.8.3.
        """
        challenge = refused.headers.get("Www-Authenticate", "")
        is_bearer = challenge[:7].lower() == "bearer "
        if is_bearer and not self._may_ask(parse_auth_header(challenge).realm or ""):
            return {}
        if is_bearer and self._login.identity_token:
            return self._refreshed(challenge)
        try:
            granted, changed = self._auth.authenticate_request(refused, {}, refresh=True)
        except (AttributeError, TypeError, ValueError):  # of a challenge or token that oras did not expect
            return {}
        return dict(granted) if changed else {}

    def _may_ask(self, realm: str) -> bool:
        """Whether a realm may be asked for a token.

        A login is never sent without TLS. Neither is an anonymous token asked for, unless the registry itself
        has no TLS: whoever is in between could answer.
        """
        if may_carry_a_login(realm):
            return True
        has_login = bool(self._login.user or self._login.identity_token)
        self.withheld = self.withheld or has_login
        return not has_login and not self._top.startswith("https:")

    def _refreshed(self, challenge: str) -> dict[str, str]:
        """Headers with an access token that the identity token gives; none when it gives none.

        Source: distribution/distribution docs/content/spec/auth/oauth.md @ v3.0.0.
        """
        asked = parse_auth_header(challenge)
        if not asked.realm:
            return {}
        form = {
            "grant_type": "refresh_token",
            "service": asked.service or "",
            "client_id": _CLIENT,
            "scope": asked.scope or "",
            "refresh_token": self._login.identity_token,
        }
        with self._session.post(asked.realm, data=form, allow_redirects=False) as answer:
            try:
                known = answer.json() if answer.status_code == 200 else {}
            except ValueError:
                return {}
        token = known.get("access_token") or known.get("token") if isinstance(known, dict) else None
        return {"Authorization": f"Bearer {token}"} if isinstance(token, str) else {}
