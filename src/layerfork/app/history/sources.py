"""Where builds are found that need not be recorded: engines, builders, kept records, files."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from layerfork.builders.api.buildhistory import read_build_history
from layerfork.builders.api.engineapi import ApiError
from layerfork.builders.api.savedimages import SavedLayer, read_layers
from layerfork.builders.engines import open_engine
from layerfork.builders.engines.buildkit import ADDRESS_VARIABLE
from layerfork.builders.engines.host import connected, is_podman, read_host_info
from layerfork.builders.imports.recognition import holds_records, import_file
from layerfork.builders.imports.rememberedbuilds import records_of_builds
from layerfork.builders.recording.redactionkey import redaction_key
from layerfork.builders.routing.buildxstore import instances_in, nodes_of, read_object, store_directory
from layerfork.builders.routing.nodes import KUBERNETES, REMOTE, Dialler
from layerfork.errors import EngineError, LayerforkError
from layerfork.record.engine import BUILDKIT_DAEMON, EngineInfo
from layerfork.record.history import CIRun
from layerfork.record.progress import Say
from layerfork.record.record import BuildPlace, BuildRecord
from layerfork.record.store.recordfile import read_records
from layerfork.record.store.store import RecordStore
from layerfork.record.store.summary import read_summaries
from layerfork.wire.proxy.sockets import Way

KEPT = "kept records"
_CONTAINER = "docker-container"
_REFS = "refs"
"""Below buildx's configuration: a file for each build, by builder, node and reference.
Source: docker/buildx localstate/localstate.go @ v0.10.0 to v0.36.1."""
_REF = re.compile(r"[0-9a-z]+")
_LOCAL = (_CONTAINER, REMOTE, KUBERNETES)
"""Drivers whose nodes have a BuildKit of their own. That of the docker driver is the engine's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastBuild:
    """One build, and where it was found."""

    record: BuildRecord
    where: str
    id: str
    run: CIRun | None = None
    """The run of a CI system that made it."""
    series: str = ""
    """Which builds of CI runs, or of a directory of exports, are the same build at other times; empty for
    builds of one engine or file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which builds to look for."""

    newest: int
    """The most builds to read of each source."""
    engine: str = ""
    """An engine by its name in the table; empty for the user's own and every builder."""
    environment: Mapping[str, str]


def builds_of_engines(wanted: Wanted, problems: list[str], say: Say) -> Iterator[PastBuild]:
    """The builds that the user's engine, every buildx builder and BUILDKIT_HOST remember.

    What cannot be asked becomes a line of ``problems``. Raises: LayerforkError for an engine that was asked
    for by its name.
    """
    if wanted.engine:
        with open_engine(wanted.engine).start(wanted.environment, say) as running:
            way: Way | None = getattr(running, "way", None) or running.socket
            if way is None:
                raise EngineError(f"the engine {wanted.engine} shows no build history")
            yield from _read(wanted, way, running.docker_host, wanted.engine, running.info)
        return
    for name, read in _places(wanted):
        try:
            yield from read()
        except LayerforkError as error:
            problems.append(": ".join(filter(None, (name, error.message, error.hint))))


def _places(wanted: Wanted) -> Iterator[tuple[str, Callable[[], list[PastBuild]]]]:
    yield "docker", partial(_of_docker, wanted)
    for name, instance in instances_in(store_directory(wanted.environment)).items():
        if instance.get("Driver") in _LOCAL:
            yield f"builder {name}", partial(_of_builder, wanted, name, instance)
    if address := wanted.environment.get(ADDRESS_VARIABLE):
        yield address, partial(_of_buildkit, wanted, address)


def _of_docker(wanted: Wanted) -> list[PastBuild]:
    with connected(wanted.environment, "") as (api, way):
        try:
            info = read_host_info(api)
        except ApiError as error:
            raise EngineError(f"the engine at {api.docker_host} refuses: {error}") from error
        return _read(wanted, way, api.docker_host, "docker", info)


def image_layers(environment: Mapping[str, str], record: BuildRecord) -> tuple[SavedLayer, ...]:
    """Layers of the image of a build, where the user's engine made it and has it still; else none."""
    if not record.result.image_id or record.engine is None or record.engine.kind == BUILDKIT_DAEMON:
        return ()
    try:
        with connected(environment, "") as (api, _):
            return read_layers(api, record.result.image_id)
    except (ApiError, EngineError):
        return ()


def _of_buildkit(wanted: Wanted, address: str) -> list[PastBuild]:
    with open_engine(f"buildkit:{address}").start(wanted.environment, lambda _: None) as running:
        return _read(wanted, running.way, address, address, running.info)


def _of_builder(wanted: Wanted, name: str, instance: dict[str, object]) -> list[PastBuild]:
    found: list[PastBuild] = []
    with ExitStack() as stack:
        place = Path(stack.enter_context(TemporaryDirectory(prefix="lf-")))
        dial = Dialler(wanted.environment, place, stack)
        for node in nodes_of(instance):
            info = EngineInfo(
                kind=BUILDKIT_DAEMON,
                version="",
                api_version="",
                image_store="",
                default_builder="buildkit",
                instance=f"{name}/{node.get('Name', '')}",
            )
            where = f"builder {name}"
            found += _read(wanted, dial(instance, node), where, where, info)
    return found


def _read(wanted: Wanted, way: Way, address: str, where: str, info: EngineInfo) -> list[PastBuild]:
    if is_podman(info):
        raise EngineError(
            "podman keeps no history of its builds",
            "record builds there: layerfork why PATH, or layerfork record -o FILE -- CMD",
        )
    is_buildkit = info.kind == BUILDKIT_DAEMON
    builds = read_build_history(way, address, is_buildkit=is_buildkit, newest=wanted.newest)
    nodes = list((store_directory(wanted.environment) / _REFS).glob("*/*"))
    return [
        PastBuild(record=replace(record, place=_local_place(nodes, record)), where=where, id=record.ref)
        for record in records_of_builds(builds, redaction_key(), info)
    ]


def _local_place(nodes: Sequence[Path], record: BuildRecord) -> BuildPlace:
    """Where buildx made a build on this machine, as its own notes say; ``nodes`` are their directories."""
    if not _REF.fullmatch(record.ref):
        return record.place
    state = next((each for node in nodes if (each := read_object(node / record.ref))), {})
    directory, dockerfile = state.get("LocalPath"), state.get("DockerfilePath")
    if not (isinstance(directory, str) and directory.startswith("/")):
        return record.place
    named = dockerfile if isinstance(dockerfile, str) and dockerfile != "-" else ""
    return BuildPlace(directory=directory, dockerfile=str(Path(directory, named)) if named else "")


def builds_of_store(
    store: RecordStore, newest: int, is_wanted: Callable[[BuildRecord], bool]
) -> Iterator[PastBuild]:
    """The newest builds that `why` kept. One that is damaged is left out.

    ``is_wanted`` is asked before a record is read whole: of those, contexts may be large.
    """
    known = (each for each in read_summaries(store.directory) if is_wanted(each.outline))
    for each in islice(known, newest):
        try:
            for record in read_records(each.path):
                yield PastBuild(record=record, where=KEPT, id=record.id)
        except LayerforkError:
            continue


def builds_of_files(paths: Sequence[str], problems: list[str], say: Say) -> Iterator[PastBuild]:
    """The builds of files that builds left behind, and of directories of them.

    A file of a directory that tells of no build is passed over; one that was named is an error.
    Raises: LayerforkError.
    """
    for word in paths:
        path = Path(word)
        for file in _files_below(path):
            try:
                records = _records(file)
            except LayerforkError as error:
                if file == path:
                    raise
                problems.append(f"{file}: {error.message}")
                continue
            say(f"{file}: {len(records)} builds")
            for record in records:
                # An export names no builder: builds of one directory are taken for builds of one cache.
                series = word if path.is_dir() and not record.builder_instance else ""
                yield PastBuild(record=record, where=str(file), id=record.ref or record.id, series=series)


def _records(file: Path) -> tuple[BuildRecord, ...]:
    return read_records(file, accept_truncated=True) if holds_records(file) else import_file(file)


def _files_below(path: Path) -> list[Path]:
    return sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
