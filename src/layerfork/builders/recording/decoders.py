"""Decodes what passes a recorder: taps for its connections, and the builds that they saw."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from layerfork.builders.recording.buildplace import find_place
from layerfork.builders.recording.contextdigests import fill_from_disk, recall
from layerfork.builders.recording.contextplaces import ClientProcess, find_places, likely_directories
from layerfork.builders.recording.imagefacts import add_base_facts, add_image_facts, add_quiet_steps
from layerfork.builders.recording.namedplaces import add_dropped_imports, add_named_places
from layerfork.builders.recording.projects import Projects
from layerfork.builders.recording.recorder import Recorder
from layerfork.keys.classic.tarsum import tarsum_header
from layerfork.record.build import Builder
from layerfork.record.context import ContextEntry, ContextManifest
from layerfork.record.engine import BUILDKIT_DAEMON, EngineInfo
from layerfork.record.record import BuildRecord, ClientInfo
from layerfork.userdirs import cache_directory
from layerfork.wire.buildkit.buildkitbuild import read_build
from layerfork.wire.buildkit.contexts import Recall
from layerfork.wire.buildkit.observed import ObservedBuild
from layerfork.wire.buildkit.watcher import BuildKitWatcher
from layerfork.wire.http.http1 import Exchange, Http1Tap, RequestHead
from layerfork.wire.posted import ClassicWatcher, PostedBuild, read_posted_build
from layerfork.wire.proxy.tap import ConnectionTap, Headers
from layerfork.wire.redact import Redactor

Blank = Callable[[float, ClientInfo], BuildRecord]
"""A record of what is known apart from the wire, for a build that began at a monotonic time."""


class Decoders:
    """The decoders of one recorder. The proxy's thread feeds them, any thread takes builds."""

    def __init__(self, redactor: Redactor, blank_record: Blank, recall: Recall) -> None:
        self._redactor = redactor
        self._blank_record = blank_record
        self._recall = recall
        self._classic = ClassicWatcher(header_sum=tarsum_header)
        self._buildkit = BuildKitWatcher()
        self._solved_builds: deque[ObservedBuild] = deque()
        """Ended and decoded, not yet taken; filled by the proxy's thread."""
        self._posted_builds: list[PostedBuild] = []
        """Ended, but to be read when all sessions are decoded."""

    def tap(self, builds: Callable[[], None]) -> Http1Tap:
        """For a new connection. ``builds`` is called when it turns out to be one of a build, once or more."""

        def open_exchange(request: RequestHead) -> Exchange | None:
            exchange = self._classic.open_exchange(request)
            if exchange is not None:
                builds()
            return exchange

        def upgraded(path: str, headers: Headers) -> ConnectionTap | None:
            tap = self._buildkit.upgraded(path, headers)
            if tap is not None:
                builds()
            return tap

        return Http1Tap(open_exchange, upgraded)

    def work(self, seconds: float) -> bool:
        """Decode while nothing passes; True when something is left."""
        left = self._buildkit.work(seconds)
        if not left:
            self._solved_builds.extend(self._buildkit.finished())
        return left

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

    def _posted(self, build: PostedBuild, client: ClientInfo) -> BuildRecord:
        session = self._buildkit.session(build.first("session")) if build.is_buildkit else None
        parts = read_posted_build(build, self._redactor, session)
        facts = self._blank_record(build.started_at, replace(client, user_agent=parts.user_agent))
        return replace(
            facts,
            builder=parts.builder,
            builder_instance=_instance_of(parts.builder, facts.engine),
            request=parts.request,
            context=parts.context,
            named_contexts=parts.named_contexts,
            vertices=parts.vertices,
            steps=parts.steps,
            result=parts.result,
            seconds=parts.seconds,
            gaps=parts.gaps,
        )

    def _solved(self, build: ObservedBuild, client: ClientInfo) -> BuildRecord:
        parts = read_build(build, self._redactor, self._recall)
        facts = self._blank_record(build.started_at, replace(client, user_agent=_user_agent(build)))
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


def _instance_of(builder: Builder, engine: EngineInfo | None) -> str:
    """Where a posted build keeps its cache; empty when nothing said it.

    BuildKit's worker has the engine's id on graph drivers and one of its own on the containerd store,
    which only clients of its gRPC API ask for.
    Source: moby/moby builder/builder-next/controller.go; measured on 20.10, 26.1 and 28.5.
    """
    if engine is None or (builder is Builder.BUILDKIT and engine.image_store == "containerd"):
        return ""
    return engine.instance


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


# Facts about a wrapped command's build that are not on the wire: its directory, files and images.


def recalled(
    manifest: ContextManifest, recorder: Recorder, command: ClientProcess
) -> Sequence[ContextEntry] | None:
    """Entries of a context of the command that is known to be what it was; None for others."""
    likely = likely_directories(manifest, (command, *recorder.clients))
    return recall(cache_directory(), likely, manifest)


def with_facts(
    record: BuildRecord, recorder: Recorder, command: ClientProcess, projects: Projects
) -> BuildRecord:
    """A build of the command with these facts."""
    processes = (command, *recorder.clients)
    place = find_place(record, processes, projects, projects.environment, recorder.clean)
    record = replace(record, place=replace(place, ran_in=recorder.clean(str(command.directory))))
    record = add_named_places(record, processes, projects, recorder.clean)
    record = add_dropped_imports(record, processes, projects, recorder.clean)
    record = fill_from_disk(record, lambda manifest: find_places(manifest, processes), cache_directory())
    if record.engine is not None and record.engine.buildkit_version:
        return add_quiet_steps(record)  # a BuildKit of its own: what the engine has is not what it built on
    reference = record.request.tags[0] if record.request.tags else ""
    record = add_image_facts(record, recorder.image_facts, reference)
    return add_quiet_steps(add_base_facts(record, recorder.image_facts))
