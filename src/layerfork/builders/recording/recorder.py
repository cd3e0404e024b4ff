"""Records builds: a proxy on a socket, decoders on its copy, records in the end."""

import os
import secrets
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Self

from layerfork import __version__
from layerfork.builders.engines import Recordable
from layerfork.builders.recording.contextplaces import ClientProcess, process_behind
from layerfork.builders.recording.imagefacts import without_secrets
from layerfork.builders.recording.redactionkey import key_id
from layerfork.record.build import Builder
from layerfork.record.context import ContextEntry, ContextManifest
from layerfork.record.engine import ImageFacts
from layerfork.record.record import BuildOutcome, BuildRecord, BuildResult, ClientInfo
from layerfork.wire.proxy.listener import Proxy
from layerfork.wire.redact import Redactor

if TYPE_CHECKING:
    from layerfork.builders.recording.decoders import Decoders  # late: start-up
    from layerfork.wire.http.http1 import Http1Tap

DRAIN_S = 5.0
"""How long connections may stay open after the client has ended before they are cut."""

MOST_CLIENTS = 1_000
"""At most this many building processes are remembered: the newest."""
VERIFY_VARIABLE = "LAYERFORK_VERIFY"
"""Set in the environment: every recorder digests what it received and what it forwarded, and compares."""


class ForwardingError(Exception):
    """A recorder forwarded something else than it received, which is a bug of ours."""


class Recorder:
    """Listens on a socket for an engine and records every build that passes while the context is open."""

    def __init__(
        self,
        engine: Recordable,
        listen: Path,
        key: bytes,
        recall: Callable[[ContextManifest, "Recorder"], Sequence[ContextEntry] | None] | None = None,
    ) -> None:
        """``listen`` is where its socket will be, ``key`` is what stand-ins for secrets are made with.

        ``recall`` spares decoding a context: it gives the entries of one that is known to be what it was.
        """
        self._engine = engine
        self._recall = recall
        self.redactor = Redactor(key)
        """Hides secrets in everything that this recorder hands back."""
        self._key_id = key_id(key)
        self._loading = Lock()
        self._verify = bool(os.environ.get(VERIFY_VARIABLE))
        self._clients: dict[ClientProcess, None] = {}
        self._accepting: ClientProcess | None = None
        """The process behind the connection that the next tap is for. The proxy's thread alone sets it."""
        self._proxy = Proxy(
            listen,
            engine.way,
            self._tap,
            idle=self._work,
            accepted=self._accepted,
            verify=self._verify,
        )

    @cached_property
    def _loaded(self) -> "Decoders":
        from layerfork.builders.recording.decoders import Decoders  # late: start-up

        recall = self._recall
        recalled = (lambda manifest: recall(manifest, self)) if recall is not None else lambda manifest: None
        return Decoders(self.redactor, self.blank_record, recalled)

    @property
    def _decoders(self) -> "Decoders":
        """Imported when they are first needed: by then a client runs, which takes its time to connect."""
        with self._loading:
            return self._loaded

    def _tap(self) -> "Http1Tap":
        process = self._accepting
        return self._decoders.tap(lambda: self._builds(process))

    def _work(self, seconds: float) -> bool:
        return self._decoders.work(seconds)

    def _accepted(self, connection: socket.socket) -> None:
        self._accepting = process_behind(connection)

    def _builds(self, process: ClientProcess | None) -> None:
        """A process builds: what only asks questions, however often, is not remembered."""
        if process is not None:
            self._clients.pop(process, None)
            self._clients[process] = None
            if len(self._clients) > MOST_CLIENTS:
                del self._clients[next(iter(self._clients))]

    @property
    def clients(self) -> tuple[ClientProcess, ...]:
        """The processes that have begun builds, or may have: the newest ones last."""
        return tuple(self._clients)

    @property
    def docker_host(self) -> str:
        """What a client's DOCKER_HOST must be."""
        return f"unix://{self._proxy.listen}"

    @property
    def proxy(self) -> Proxy:
        """For checks of what was forwarded."""
        return self._proxy

    def __enter__(self) -> Self:
        self._proxy.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Raises: ForwardingError, when that is looked at."""
        if kind is None:
            self._proxy.wait_idle(DRAIN_S)
        self._proxy.__exit__(kind, error, trace)
        changed = [facts for facts in self._proxy.connections if not facts.transparent]
        if changed and error is None:
            raise ForwardingError(f"the recorder forwarded other bytes than it received: {changed}")

    def finished(self, client: ClientInfo) -> tuple[BuildRecord, ...]:
        """Builds that ended since the last call, while others may still run."""
        return self._decoders.finished(client)

    def records(self, client: ClientInfo) -> tuple[BuildRecord, ...]:
        """Every build that was seen and not taken yet, in the order they began; for a closed context."""
        return self._decoders.records(client)

    def clean(self, text: str) -> str:
        """A text without the secrets of the builds and without what else looks secret."""
        return self.redactor.clean(text)

    def image_facts(self, reference: str) -> ImageFacts:
        """What the engine says about an image, secrets hidden as in the builds. Raises: EngineError."""
        return without_secrets(self._engine.image_facts(reference), self.redactor)

    def blank_record(self, started_at: float, client: ClientInfo) -> BuildRecord:
        """A record of what is known apart from the wire, for a build that began at a monotonic time."""
        begun = datetime.now(UTC) - timedelta(seconds=time.monotonic() - started_at)
        return BuildRecord(
            id=secrets.token_hex(8),
            recorded_at=begun.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            layerfork=__version__,
            redaction_key_id=self._key_id,
            client=replace(client, argv=self.redactor.words(client.argv)),
            engine=self._engine.info,
            builder=Builder.CLASSIC,
            builder_instance=self._engine.info.instance,
            result=BuildResult(outcome=BuildOutcome.CUT),
        )
