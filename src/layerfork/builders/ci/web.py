"""Questions to the REST API of a CI system: pages, redirects, rate limits, cut connections.

The token goes to the API itself and to no other host.
"""

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

import msgspec
from requests import PreparedRequest, RequestException, Response, Session
from urllib3.util import Retry

from layerfork.builders.caches.registry import in_short, may_carry_a_login, patient_session
from layerfork.errors import LayerforkError, UsageError
from layerfork.record.progress import Say

Decoded = TypeVar("Decoded")

RETRIES = Retry(
    total=4,
    backoff_factor=0.5,
    status_forcelist=(500, 502, 503, 504),
    allowed_methods=("GET",),
    raise_on_status=False,
    respect_retry_after_header=False,
)
"""For one question: waits of 0, 1, 2 and 4 seconds."""
_DOWNLOADS = 5
"""So often a download is taken up again where its connection was cut."""
_DOWNLOAD_S = 900.0
"""For one download."""
_PAUSE_S = 1.0
_WAITS = 5
"""So often one question waits for a rate limit."""
_LONGEST_WAIT_S = 3_700.0
"""Rate limits of GitHub and GitLab last an hour at most; a server that asks for more is not obeyed."""
_SECONDARY_S = 60.0
"""Where a limit does not say how long it lasts."""
_MAX_JSON_BYTES = 32 << 20
_MAX_SAID_BYTES = 64 << 10
_MAX_REDIRECTS = 5
_PIECE_BYTES = 64 << 10
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LIMITED = frozenset({403, 429})
_RESET_HEADERS = ("x-ratelimit-reset", "ratelimit-reset")
_REMAINING_HEADERS = ("x-ratelimit-remaining", "ratelimit-remaining")

# Source: docs.github.com, "Rate limits for the REST API" and "Best practices for using the REST API" (wait
# for retry-after, else until x-ratelimit-reset when none remain, else a minute; one request at a time);
# docs.gitlab.com, "Rate limits" (429, Retry-After, RateLimit-Reset).


class StatusError(LayerforkError):
    """An answer that is none: the API refuses, or does not have what was asked for."""

    def __init__(self, status: int, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.status = status
        """Of HTTP."""


class UnreachableError(LayerforkError):
    """No answer came, however often it was asked for."""


@dataclass(slots=True, kw_only=True)
class Api:
    """A REST API, asked with one token."""

    name: str
    """What messages call it, such as ``github.com``."""
    top: str
    """The address that paths are below, without a slash at its end."""
    header: str = "Authorization"
    """The header that the token goes in."""
    secret: str = field(default="", repr=False)
    """What stands there, token included; empty without a token."""
    token_from: str = ""
    """Where the token comes from, for messages; empty without one."""
    help: str = ""
    """How a person gets a token that is good enough."""
    accept: str = "application/json"
    say: Say
    _session: Session | None = None

    def __post_init__(self) -> None:
        if self.secret and not may_carry_a_login(self.top):
            raise UsageError(
                f"{self.name} would get the token without TLS", hint=f"write https:// instead: {self.top}"
            )

    def read(self, path: str, form: type[Decoded], **query: str) -> Decoded:
        """One answer. Raises: LayerforkError."""
        return self._decoded(self._answer(self._url(path), query), form)

    def pages(self, path: str, form: type[Decoded], **query: str) -> Iterator[Decoded]:
        """The answers of every page, each asked for when it is needed. Raises: LayerforkError."""
        url, asked = self._url(path), query
        while url:
            response = self._answer(url, asked)
            yield self._decoded(response, form)
            url, asked = self._next(response), {}

    def download(self, path: str, limit: int) -> bytes:
        """What lies at a path, or where it leads to; of more than ``limit`` bytes one more than those.

        A connection that is cut is taken up where it ended, if the other side can do that.
        Raises: LayerforkError.
        """
        data = bytearray()
        mark = ""
        end = time.monotonic() + _DOWNLOAD_S
        for attempt in range(_DOWNLOADS):
            more = {"Accept-Encoding": "identity"}
            if data:
                more |= {"Range": f"bytes={len(data)}-", "If-Range": mark}
            with self._follow(self._url(path), {}, more) as response:
                if not _goes_on(response, len(data)):
                    data.clear()
                mark = response.headers.get("ETag", "")
                try:
                    for piece in response.iter_content(_PIECE_BYTES):
                        data += piece
                        if len(data) > limit:
                            return bytes(data[: limit + 1])
                        if time.monotonic() > end:
                            raise UnreachableError(f"{self.name} sends too slowly", hint=_AGAIN)
                    return bytes(data)
                except RequestException:
                    self.say(f"{self.name}: the connection was cut after {len(data):,} bytes; trying again")
            if not mark or mark.startswith("W/"):
                data.clear()
            pause(_PAUSE_S * 2**attempt)
        raise UnreachableError(f"{self.name}: the connection was cut {_DOWNLOADS} times", hint=_AGAIN)

    def _url(self, path: str) -> str:
        return path if "://" in path else f"{self.top}/{path}"

    def _next(self, response: Response) -> str:
        """The next page; empty on the last one. Raises: LayerforkError for one of another host."""
        url = response.links.get("next", {}).get("url", "")
        if url and not self._is_ours(url):
            raise UnreachableError(f"{self.name}: its next page lies at another host, which gets no token")
        return str(url)

    def _is_ours(self, url: str) -> bool:
        return _origin(url) == _origin(self.top)

    def _decoded(self, response: Response, form: type[Decoded]) -> Decoded:
        with response:
            try:
                text = _bounded(response, _MAX_JSON_BYTES)
                return msgspec.json.decode(text, type=form)
            except RequestException as error:
                raise UnreachableError(f"{self.name}: {in_short(error)}", hint=_AGAIN) from error
            except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
                raise LayerforkError(
                    f"{self.name}: its answer is none of this API: {error}",
                    hint=f"is there a {self.name} API at {self.top}?",
                ) from error

    def _answer(self, url: str, query: Mapping[str, str]) -> Response:
        """An answer of the API itself."""
        return self._follow(url, query, {"Accept": self.accept})

    def _follow(self, url: str, query: Mapping[str, str], more: Mapping[str, str]) -> Response:
        """The answer at the end of every redirect, not read yet. Raises: LayerforkError."""
        for _ in range(_MAX_REDIRECTS):
            response, said = self._in_time(url, query, more)
            if response.status_code not in _REDIRECTS or "Location" not in response.headers:
                return self._checked(response, said)
            response.close()
            url, query = urljoin(url, response.headers["Location"]), {}
        raise UnreachableError(f"{self.name}: it redirects more than {_MAX_REDIRECTS} times")

    def _in_time(self, url: str, query: Mapping[str, str], more: Mapping[str, str]) -> tuple[Response, str]:
        """An answer that no rate limit holds back any more, and what an error says of itself."""
        for _ in range(_WAITS):
            response = self._ask(url, query, more)
            ours = self._is_ours(url)
            said = self._hidden(_said(response)) if ours and response.status_code >= 400 else ""
            seconds = _to_wait(response, said) if ours else None
            if seconds is None:
                return response, said
            response.close()
            self._wait_for(seconds)
        raise UnreachableError(f"{self.name}: the rate limit is used up", hint=_AGAIN)

    def _hidden(self, said: str) -> str:
        """A text of the other side, without the token."""
        token = self.secret.rpartition(" ")[2]
        return said.replace(token, "…") if token else said

    def _wait_for(self, seconds: float) -> None:
        if seconds > _LONGEST_WAIT_S:
            raise UnreachableError(
                f"{self.name}: it asks to wait {_lasting(seconds)} for its rate limit", hint=_AGAIN
            )
        until = datetime.fromtimestamp(time.time() + seconds, UTC).strftime("%H:%M:%S")
        more = "" if self.secret else "; with a token it is higher"
        self.say(
            f"{self.name}: the rate limit is used up; waiting {_lasting(seconds)}, until {until} UTC "
            f"(Ctrl-C keeps what was fetched){more}"
        )
        pause(seconds)

    def _ask(self, url: str, query: Mapping[str, str], more: Mapping[str, str]) -> Response:
        if self._session is None:
            self._session = patient_session(RETRIES)
        ours = self._is_ours(url)
        if not ours and not may_carry_a_login(url):
            raise UnreachableError(f"{self.name}: it redirects to an address without TLS")
        sent = {**more, **({} if not (ours and self.secret) else {self.header: self.secret})}
        try:
            return self._session.get(
                url,
                params=dict(query),
                headers=sent,
                auth=_as_it_is,
                stream=True,
                allow_redirects=False,
            )
        except RequestException as error:
            raise UnreachableError(
                f"{self.name} cannot be reached: {in_short(error)}", hint=_AGAIN
            ) from error

    def _checked(self, response: Response, said: str) -> Response:
        """Raises: StatusError for what is no success."""
        status = response.status_code
        if 200 <= status < 300:
            return response
        response.close()
        shown = f": {said}" if said else ""
        if status == 401:
            who = f"the token of {self.token_from}" if self.secret else "questions without a token"
            raise StatusError(status, f"{self.name} refuses {who} (HTTP 401{shown})", self.help)
        raise StatusError(
            status, f"{self.name} answers HTTP {status}{shown}", self.help if status == 403 else ""
        )


def pause(seconds: float) -> None:
    """Wait; Ctrl-C ends it at once."""
    time.sleep(seconds)


_AGAIN = "run the command again: it goes on where it stopped"


def _as_it_is(request: PreparedRequest) -> PreparedRequest:
    """Instead of what ``~/.netrc`` holds for a host."""
    return request


def _origin(url: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
        return parts.scheme, parts.hostname or "", port
    except ValueError:
        return "", "", None


def _to_wait(response: Response, said: str) -> float | None:
    """Seconds until a rate limit ends; None when none holds."""
    if response.status_code not in _LIMITED:
        return None
    headers = response.headers
    after = headers.get("retry-after", "")
    if after.isdigit():
        return float(after)
    left = next((headers[name] for name in _REMAINING_HEADERS if name in headers), "")
    reset = next((headers[name] for name in _RESET_HEADERS if name in headers), "")
    if left == "0" and reset.isdigit():
        return max(0.0, float(reset) - _now(headers.get("date", ""))) + 1
    if response.status_code == 429 or "rate limit" in said.lower():
        return _SECONDARY_S
    return None


def _now(date: str) -> float:
    """Seconds since 1970 by the server's own clock, which its limits go by."""
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError):
        return time.time()


_LINES = re.compile(r"\s+")


def _said(response: Response) -> str:
    """What an error says of itself, on one line; empty when it says nothing."""
    try:
        value = msgspec.json.decode(_bounded(response, _MAX_SAID_BYTES), type=dict[str, Any])
    except (RequestException, msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return ""
    said = value.get("message") or value.get("error") or ""
    return _LINES.sub(" ", said)[:200] if isinstance(said, str) else ""


def _goes_on(response: Response, offset: int) -> bool:
    """Whether a body begins at an offset."""
    begins = response.headers.get("Content-Range", "").startswith(f"bytes {offset}-")
    return response.status_code == 206 and begins


def _bounded(response: Response, limit: int) -> bytes:
    """A body of that many bytes at most."""
    text = bytearray()
    for piece in response.iter_content(_PIECE_BYTES):
        text += piece
        if len(text) > limit:
            break
    return bytes(text[:limit])


def _lasting(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
