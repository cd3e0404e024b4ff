"""Caches in GitHub's Actions cache service, as ``type=gha`` keeps them: version 2 of the service's protocol.

Source: moby/buildkit cache/remotecache/gha/gha.go and tonistiigi/go-actions-cache cache_v2.go @ buildkit
v0.32.2; docker/buildx util/buildflags/cache.go (variables) @ v0.36.1.
"""

import base64
import binascii
import os
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import msgspec
from requests import RequestException, Session

from layerfork.builders.caches.credentials import ALL_S, Deadline
from layerfork.builders.caches.registry import patient_session
from layerfork.builders.caches.source import MAX_CONFIG_BYTES, CacheConfig, bad_cache
from layerfork.errors import LayerforkError, UsageError
from layerfork.record.context import Digest

_SERVICE = "twirp/github.actions.results.api.v1.CacheService/GetCacheEntryDownloadURL"
_FORMAT = "1"
_VERSION = sha256(b"|go-actionscache-1.0").hexdigest()
_MAX_ANSWER_BYTES = 32 << 10
_MAX_SCOPES = 32
_PIECE_BYTES = 64 << 10


class _Answer(msgspec.Struct):
    ok: bool = False
    signed_download_url: str = ""
    matched_key: str = ""


class _Claims(msgspec.Struct):
    ac: str = ""


class ActionsCache:
    """The cache of one scope, over all branches that the token lets read."""

    def __init__(self, attributes: Mapping[str, str]) -> None:
        """``attributes`` are those of ``--cache-from``; what they lack, the environment of a job has.

        Raises: UsageError.
        """
        self._scope = attributes.get("scope") or "buildkit"
        self.name = f"type=gha,scope={self._scope}"
        self.manifest: Digest | None = None
        if attributes.get("version", "2") != "2":
            raise UsageError(
                f"{self.name}: only version 2 of the service is supported", hint="leave out version="
            )
        self._url = attributes.get("url_v2") or os.environ.get("ACTIONS_RESULTS_URL", "")
        self._token = attributes.get("token") or os.environ.get("ACTIONS_RUNTIME_TOKEN", "")
        if not (self._url and self._token):
            raise UsageError(
                f"{self.name}: the service's address and token are not known",
                hint="set ACTIONS_RESULTS_URL and ACTIONS_RUNTIME_TOKEN as they are in a job",
            )
        self._session: Session | None = None
        self._deadline = Deadline(ALL_S)

    def configs(self) -> tuple[CacheConfig, ...]:
        """As `CacheSource.configs`: of each branch that the token lets read, as it lists them."""
        texts = [self._index(branch) for branch in self._branches()]
        found = tuple(CacheConfig(text=text) for text in texts if text is not None)
        if not found:
            raise LayerforkError(
                f"{self.name}: no build has exported a cache that this token may read",
                hint="check the scope, and that a build of this branch or of its base exported with type=gha",
            )
        return found

    def has_blob(self, digest: Digest) -> bool | None:
        """As `CacheSource.has_blob`."""
        return self._look_up(f"buildkit-blob-{_FORMAT}-{digest}") is not None

    def _branches(self) -> list[str]:
        """Raises: UsageError for a token that says nothing."""
        try:
            payload = self._token.split(".")[1]
            padded = payload + "=" * (-len(payload) % 4)
            claims = msgspec.json.decode(base64.urlsafe_b64decode(padded), type=_Claims)
            scopes = msgspec.json.decode(claims.ac, type=list[dict[str, Any]])
        except (IndexError, ValueError, binascii.Error, msgspec.DecodeError, RecursionError) as error:
            raise UsageError(
                f"{self.name}: the token is not a token of the service", hint="take ACTIONS_RUNTIME_TOKEN"
            ) from error
        names = [{key.lower(): value for key, value in each.items()}.get("scope") for each in scopes]
        return [name for name in names if isinstance(name, str)][:_MAX_SCOPES]

    def _index(self, branch: str) -> bytes | None:
        short = sha256(branch.encode()).hexdigest()[:8]
        url = self._look_up(f"index-{self._scope}-{_FORMAT}-{short}")
        return None if url is None else self._read("GET", url, MAX_CONFIG_BYTES)

    def _look_up(self, key: str) -> str | None:
        """Where an entry can be read; None when there is none."""
        body = msgspec.json.encode({"key": key, "restore_keys": [key], "version": _VERSION})
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        url = f"{self._url.rstrip('/')}/{_SERVICE}"
        text = self._read("POST", url, _MAX_ANSWER_BYTES, data=body, headers=headers)
        try:
            answer = msgspec.json.decode(text, type=_Answer)
        except (msgspec.DecodeError, msgspec.ValidationError, RecursionError) as error:
            raise bad_cache(self.name, "the service's answer cannot be read", "try again") from error
        return answer.signed_download_url if answer.ok else None

    def _read(self, method: str, url: str, limit: int, **options: Any) -> bytes:
        try:
            return self._deadline.wait_for(lambda: self._answer(method, url, limit, options))
        except TimeoutError as error:
            raise LayerforkError(
                f"{self.name}: the service's answers take longer than {ALL_S:.0f} s in total",
                hint="try again",
            ) from error

    def _answer(self, method: str, url: str, limit: int, options: Mapping[str, Any]) -> bytes:
        """The body of an answer. Addresses are signed, so no message contains one."""
        if self._session is None:
            self._session = patient_session()
        text = bytearray()
        try:
            with self._session.request(method, url, stream=True, **options) as response:
                if response.status_code in (401, 403):
                    raise LayerforkError(
                        f"{self.name}: the service refuses the token (HTTP {response.status_code})",
                        hint="a token is valid for one job: use that of the running one",
                    )
                if response.status_code != 200:
                    raise LayerforkError(
                        f"{self.name}: the service answers HTTP {response.status_code}", hint="try again"
                    )
                for piece in response.iter_content(_PIECE_BYTES):
                    text += piece
                    if len(text) > limit:
                        raise bad_cache(
                            self.name, f"an entry is longer than {limit:,} bytes, and is not read"
                        )
        except RequestException as error:
            raise LayerforkError(
                f"{self.name}: the service cannot be reached ({type(error).__name__})", hint="try again"
            ) from error
        return bytes(text)
