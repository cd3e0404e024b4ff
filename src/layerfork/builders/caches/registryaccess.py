"""Connections to registries: how to log in, with which credentials, how often and how long to try."""

import logging
from ssl import PROTOCOL_TLS_CLIENT, SSLContext
from typing import Any
from urllib.parse import urlsplit

import truststore
from oras.auth import get_auth_backend
from oras.auth.utils import parse_auth_header
from oras.logger import logger
from requests import PreparedRequest, Response, Session
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from layerfork.builders.caches.credentials import Login, find_login
from layerfork.builders.caches.registry import is_this_machine

TIMES_S = (5.0, 30.0)
"""To connect; between two pieces of an answer."""
_CLIENT = "layerfork"
_SILENT = 100
"""Above every level: what has to be said is an error of ours."""
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
    """Retries what may pass, never waits without an end, and trusts whom the system trusts.

    requests would trust the authorities of its own package certifi, which knows none of a company's. One that
    REQUESTS_CA_BUNDLE names is trusted besides.
    Source: requests adapters.py (init_poolmanager, proxy_manager_for, cert_verify) @ v2.34.
    """

    def __init__(self) -> None:
        super().__init__(max_retries=RETRIES)

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


def patient_session() -> Session:
    """A session whose every request is tried again and ends."""
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    session = Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, PatientAdapter())
    return session


def may_carry_a_login(url: str) -> bool:
    """Whether what is sent to an address can be read by nobody else on the way."""
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" or (parts.scheme == "http" and is_this_machine(parts.netloc))
    except ValueError:
        return False


class Access:
    """One registry, asked as it wants to be.

    oras knows how to log in; its own requests would retry everything for minutes.
    """

    def __init__(self, host: str, account: str, *, plain: bool) -> None:
        """``account`` is the host as docker's configuration calls it; ``plain``: without TLS.

        Raises: LayerforkError when credentials cannot be read; RequestException when nothing answers.
        """
        logger.set_level(_SILENT)
        self._top = f"{'http' if plain else 'https'}://{host}/v2/"
        self._session = patient_session()
        self._session.trust_env = not plain
        login = find_login(account)
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
        realm = parse_auth_header(challenge).realm or ""
        if challenge[:7].lower() == "bearer " and not may_carry_a_login(realm):
            # Without TLS even an anonymous token would come from whoever is in between.
            has_login = bool(self._login.user or self._login.identity_token)
            self.withheld = self.withheld or has_login
            if has_login or self._top.startswith("https:"):
                return {}
        if self._login.identity_token and challenge[:7].lower() == "bearer ":
            return self._refreshed(challenge)
        try:
            granted, changed = self._auth.authenticate_request(refused, {}, refresh=True)
        except (AttributeError, TypeError, ValueError):  # of a challenge or token that oras did not expect
            return {}
        return dict(granted) if changed else {}

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
