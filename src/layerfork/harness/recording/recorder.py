"""Records builds: a proxy on a socket, decoders on its copy, records in the end."""

import os
import secrets
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

from layerfork import __version__
from layerfork.cachekey.classic.tarsum import tarsum_header
from layerfork.engines import Recordable
from layerfork.harness.recording.clientprocess import ClientProcess, process_behind
from layerfork.model.build import Builder
from layerfork.model.context import ContextEntry, ContextManifest
from layerfork.model.engine import BUILDKIT_DAEMON, EngineInfo, ImageFacts
from layerfork.model.record import BuildOutcome, BuildRecord, BuildResult, ClientInfo
from layerfork.wire.buildkit import BuildKitWatcher, ObservedBuild, Recall, read_build, recall_nothing
from layerfork.wire.http.http1 import Http1Tap
from layerfork.wire.posted import ClassicWatcher, PostedBuild, read_posted_build
from layerfork.wire.proxy.listener import Proxy
from layerfork.wire.redact import Redactor

DRAIN_S = 5.0
"""How long connections may stay open after the client has ended before they are cut."""

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
        self._recall: Recall = recall_nothing if recall is None else lambda manifest: recall(manifest, self)
        self._engine = engine
        self.redactor = Redactor(key)
        """Hides secrets in everything that this recorder hands back."""
        self._key_id = sha256(key).hexdigest()[:16]
        self._classic = ClassicWatcher(header_sum=tarsum_header)
        self._buildkit = BuildKitWatcher()
        self._solved_builds: deque[ObservedBuild] = deque()
        """Ended and decoded, not yet taken; filled by the proxy's thread."""
        self._posted_builds: list[PostedBuild] = []
        """Ended, but to be read when all sessions are decoded."""
        self._verify = bool(os.environ.get(VERIFY_VARIABLE))
        self._clients: dict[ClientProcess, None] = {}
        self._proxy = Proxy(
            listen, engine.way, self._tap, idle=self._work, accepted=self._accepted, verify=self._verify
        )

    def _work(self, seconds: float) -> bool:
        """Decode while nothing passes; True when something is left."""
        left = self._buildkit.work(seconds)
        if not left:
            self._solved_builds.extend(self._buildkit.finished())
        return left

    def _accepted(self, connection: socket.socket) -> None:
        if (process := process_behind(connection)) is not None:
            self._clients[process] = None

    @property
    def clients(self) -> tuple[ClientProcess, ...]:
        """The processes that have connected so far."""
        return tuple(self._clients)

    def _tap(self) -> Http1Tap:
        return Http1Tap(self._classic.open_exchange, self._buildkit.upgraded)

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
            raise ForwardingError(f"not what was received: {changed}")

    def finished(self, client: ClientInfo) -> tuple[BuildRecord, ...]:
        """Builds that ended since the last call, while others may still run."""
        posted = self._classic.finished()
        self._posted_builds += [build for build in posted if build.is_buildkit]
        solved = [self._solved_builds.popleft() for _ in range(len(self._solved_builds))]
        return self._in_order([build for build in posted if not build.is_buildkit], solved, client)

    def records(self, client: ClientInfo) -> tuple[BuildRecord, ...]:
        """Every build that was seen and not taken yet, in the order they began; for a closed context."""
        posted = [*self._posted_builds, *self._classic.close()]
        return self._in_order(posted, [*self._solved_builds, *self._buildkit.close()], client)

    def _in_order(
        self, posted: Sequence[PostedBuild], solved: Sequence[ObservedBuild], client: ClientInfo
    ) -> tuple[BuildRecord, ...]:
        records = [(build.started_at, self._posted(build, client)) for build in posted]
        records += [(build.started_at, self._solved(build, client)) for build in solved]
        return tuple(record for _, record in sorted(records, key=lambda pair: pair[0]))

    def clean(self, text: str) -> str:
        """A text without the secrets of the builds and without what else looks secret."""
        return self.redactor.clean(text)

    def image_facts(self, reference: str) -> ImageFacts:
        """What the engine says about an image, secrets hidden as in the builds. Raises: EngineError."""
        facts, clean = self._engine.image_facts(reference), self.redactor.clean
        pairs = (variable.partition("=") for variable in facts.env)
        return replace(
            facts,
            history=tuple(replace(row, created_by=clean(row.created_by)) for row in facts.history),
            env=tuple(f"{name}{equals}{self.redactor.hide(name, value)}" for name, equals, value in pairs),
            onbuild=tuple(map(clean, facts.onbuild)),
        )

    def _posted(self, build: PostedBuild, client: ClientInfo) -> BuildRecord:
        session = self._buildkit.session(build.first("session")) if build.is_buildkit else None
        parts = read_posted_build(build, self.redactor, session)
        facts = self.blank_record(build.started_at, replace(client, user_agent=parts.user_agent))
        return replace(
            facts,
            builder=parts.builder,
            builder_instance=self._instance_of(parts.builder),
            request=parts.request,
            context=parts.context,
            named_contexts=parts.named_contexts,
            vertices=parts.vertices,
            steps=parts.steps,
            result=parts.result,
            seconds=parts.seconds,
            gaps=parts.gaps,
        )

    def _instance_of(self, builder: Builder) -> str:
        """Where a posted build keeps its cache; empty when nothing said it.

        BuildKit's worker has the engine's id on graph drivers and one of its own on the containerd store,
        which only clients of its gRPC API ask for.
        Source: moby/moby builder/builder-next/controller.go; measured on 20.10, 26.1 and 28.5.
        """
        engine = self._engine.info
        return "" if builder is Builder.BUILDKIT and engine.image_store == "containerd" else engine.instance

    def _solved(self, build: ObservedBuild, client: ClientInfo) -> BuildRecord:
        parts = read_build(build, self.redactor, self._recall)
        facts = self.blank_record(build.started_at, replace(client, user_agent=_user_agent(build)))
        engine = facts.engine and _of_worker(facts.engine, parts.buildkit_version, parts.platform)
        return replace(
            facts,
            engine=engine,
            builder=Builder.BUILDKIT,
            ref=parts.ref,
            builder_instance=parts.builder_instance,
            request=parts.request,
            context=parts.context,
            named_contexts=parts.named_contexts,
            definition=parts.definition,
            vertices=parts.vertices,
            steps=parts.steps,
            result=parts.result,
            seconds=parts.seconds,
            gaps=parts.gaps,
        )

    def blank_record(self, started_at: float, client: ClientInfo) -> BuildRecord:
        """A record of what is known apart from the wire, for a build that began at a monotonic time."""
        begun = datetime.now(UTC) - timedelta(seconds=time.monotonic() - started_at)
        argv = tuple(self.redactor.clean(argument) for argument in client.argv)
        return BuildRecord(
            id=secrets.token_hex(8),
            recorded_at=begun.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            layerfork=__version__,
            redaction_key_id=self._key_id,
            client=replace(client, argv=argv),
            engine=self._engine.info,
            builder=Builder.CLASSIC,
            builder_instance=self._engine.info.instance,
            result=BuildResult(outcome=BuildOutcome.CUT),
        )


def _of_worker(engine: EngineInfo, buildkit_version: str, platform: str) -> EngineInfo:
    """An engine with what its worker said of itself; a daemon without Docker says all there."""
    engine = replace(engine, buildkit_version=buildkit_version)
    if engine.kind != BUILDKIT_DAEMON:
        return engine
    system, _, architecture = platform.partition("/")
    return replace(engine, version=buildkit_version, os=system or engine.os, architecture=architecture)


def _user_agent(build: ObservedBuild) -> str:
    headers = build.connection.headers if build.connection is not None else ()
    return next((value for name, value in headers if name.lower() == "user-agent"), "")
