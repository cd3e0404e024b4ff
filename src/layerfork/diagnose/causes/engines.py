"""Two builders, image stores, or versions of an engine or a client."""

from collections.abc import Iterator
from dataclasses import replace

from layerfork.diagnose.causes.edits import builds_itself, command_of
from layerfork.diagnose.causes.forms import say_value, value_finding
from layerfork.diagnose.causes.material import Material
from layerfork.diagnose.causes.rule import ASK, Case, CauseRule, Find, Finding, Strength
from layerfork.diagnose.causes.scene import Scene
from layerfork.diagnose.compare.differences import Difference, entry_paths
from layerfork.diagnose.compare.sharedcaches import ScopeDifference, failed_imports
from layerfork.diagnose.compare.sites import Reason
from layerfork.record.answer import Cause, Fix
from layerfork.record.build import Builder
from layerfork.record.cause import CauseCode, Trait, codes_with
from layerfork.record.change import Change, EngineIs
from layerfork.record.record import BuildRecord


def undo_engine(material: Material, finding: Finding) -> tuple[Change, ...]:
    """The writer's engine builds."""
    return (EngineIs(engine=material.case.writer.record.engine),)


def _say_instance(scene: Scene, cause: Cause) -> str:
    return (
        "this build used another builder, which has its own cache"
        if scene.again
        else f"{scene.reader_name} and {scene.writer_name} used two builders, each with its own cache"
    )


ENGINES = "engine version"
"""Field of a cause that is the versions themselves; others are parts of keys that depend on them."""


def _say_engine_version(scene: Scene, cause: Cause) -> str:
    writer, reader = scene.subjects
    if cause.field == ENGINES:
        return f"{reader} built on engine {cause.reader}, {writer} on engine {cause.writer}"
    own = f"`{cause.reader}` on the engine of {reader}, `{cause.writer}` on the engine of {writer}"
    return f"the key has {cause.field} {own}"


def _say_client_version(scene: Scene, cause: Cause) -> str:
    writer, reader = scene.subjects
    return (
        f"the client of {reader} is version {cause.reader}, the client of {writer} is version {cause.writer}"
    )


def _fix_builder(scene: Scene, cause: Cause) -> Fix:
    """Ask for the writer's builder, with the environment variable that docker's programs look at."""
    switch = _SWITCHES.get(scene.writer.builder)
    command = command_of(scene, scene.reader)
    if switch and command and builds_itself(scene.reader) and scene.reader.builder is not Builder.BUILDAH:
        command = f"DOCKER_BUILDKIT={switch[0]} {command}"
        return Fix(sentence=f"use {_whose(scene)}: `{command}`", command=command)
    if switch:
        ways = f"DOCKER_BUILDKIT={switch[0]} (docker's programs), version={switch[1]} (POST /build)"
        return Fix(sentence=f"use the same builder for both: {ways}")
    return Fix(sentence=cause.remedy)


_SWITCHES = {Builder.CLASSIC: ("0", "1"), Builder.BUILDKIT: ("1", "2")}
"""What asks for a builder: docker's programs by their environment, others by a parameter of the API.
Source: docker/cli cmd/docker/builder.go, moby/moby api/swagger.yaml (ImageBuild, version) @ v26.1.5."""


def _whose(scene: Scene) -> str:
    return "the earlier builder" if scene.again else f"the builder of {scene.writer_name}"


def _scope_of(case: Case, code: CauseCode) -> ScopeDifference | None:
    """Why the caches are separate, where that is what a code stands for."""
    scope = case.comparison.scope
    if case.site.reason is not Reason.OTHER_CACHE or scope is None or scope.code != code:
        return None
    return scope


def _finds_scope(code: CauseCode) -> Find:
    """The records show that the two builds used separate caches for this reason."""

    def find(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
        scope = _scope_of(case, code)
        if scope is None:
            return
        evidence = case.side_lines(scope.field, scope.writer, scope.reader)
        if code == CauseCode.BUILDER_INSTANCE:
            evidence += case.side_lines("engine", *map(_describe, (case.writer.record, case.reader.record)))
        yield Finding(
            code=code,
            field=scope.field,
            writer=scope.writer,
            reader=scope.reader,
            evidence=evidence,
            strength=Strength.RECORDS,
        )

    return find


BUILDER = CauseRule(
    code=CauseCode.BUILDER,
    treatment=ASK,
    remedy="use one builder for all clients (DOCKER_BUILDKIT=0 or 1; SDKs speak to the classic one)",
    say=say_value("builder"),
    fix=_fix_builder,
    find=_finds_scope(CauseCode.BUILDER),
)
"""Two builders never share a cache, whatever they build."""


def _describe(record: BuildRecord) -> str:
    engine = record.engine
    if engine is None:
        return "unknown"
    return f"{engine.kind} {engine.version}, image store {engine.image_store}"


BUILDER_INSTANCE = CauseRule(
    code=CauseCode.BUILDER_INSTANCE,
    remedy="build on one builder, or export the cache and import it (--cache-to, --cache-from)",
    say=_say_instance,
    find=_finds_scope(CauseCode.BUILDER_INSTANCE),
)
"""The same kind of builder, but another one: another engine, another buildx builder."""


IMAGE_STORE = CauseRule(
    code=CauseCode.IMAGE_STORE,
    remedy="keep one image store, or move the cache with --cache-to and --cache-from",
    say=say_value("image store"),
    find=_finds_scope(CauseCode.IMAGE_STORE),
)
"""One engine with two image stores: each store has results of its own."""


ENGINE_VERSION_REMEDY = "build once with the new engine, or keep all builders on one version"


def find_engine_version(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """A key part that depends on the version differs; or nothing else does but the versions."""
    for difference in unclaimed:
        if difference.cause == CauseCode.ENGINE_VERSION and not difference.one_sided:
            yield value_finding(case, difference, code=CauseCode.ENGINE_VERSION)
    written = _written_otherwise(case, unclaimed)
    if written:
        yield replace(_by_version(case), strength=Strength.KEYS, shared=written)
    separate = _scope_of(case, CauseCode.ENGINE_VERSION) is not None
    equal = case.site.reason is Reason.EQUAL_KEYS and not failed_imports(case.reader.record)
    if (separate or equal) and _are_two_versions(case):
        yield _by_version(case)


def _written_otherwise(case: Case, unclaimed: tuple[Difference, ...]) -> tuple[Difference, ...]:
    """Differences that another version of the engine may make of the same line of the Dockerfile: the text
    that it writes, and attributes of an entry that only one of the two versions reads."""
    if not (case.site.same_text and _are_two_versions(case)) or case.site.origins:
        return ()
    known = entry_paths(case.writer_view.key) & entry_paths(case.reader_view.key)
    return tuple(
        each
        for each in unclaimed
        if (_one_looks_at(each, known) if each.one_sided else each.cause == CauseCode.INSTRUCTION)
    )


_OF_SOME_ENTRIES = (CauseCode.MODE_TYPE_BITS, CauseCode.XATTR)
"""Keys hold these only for entries that have them: one that is missing says nothing about the version."""


def _one_looks_at(difference: Difference, known: frozenset[str]) -> bool:
    return difference.path in known and difference.cause not in _OF_SOME_ENTRIES


def _are_two_versions(case: Case) -> bool:
    writer, reader = _version(case.writer.record), _version(case.reader.record)
    return bool(writer and reader) and writer != reader


def _by_version(case: Case) -> Finding:
    writer, reader = _version(case.writer.record), _version(case.reader.record)
    return Finding(
        code=CauseCode.ENGINE_VERSION,
        field=ENGINES,
        writer=writer,
        reader=reader,
        evidence=case.side_lines(
            "engine and key rules",
            f"{writer}; {case.writer.keys.rules}",
            f"{reader}; {case.reader.keys.rules}",
        ),
        strength=Strength.GUESS,
    )


def _version(record: BuildRecord) -> str:
    engine = record.engine
    if engine is None:
        return ""
    return (
        f"{engine.version} (BuildKit {engine.buildkit_version})"
        if engine.buildkit_version
        else engine.version
    )


ENGINE_VERSION = CauseRule(
    code=CauseCode.ENGINE_VERSION,
    say=_say_engine_version,
    remedy=ENGINE_VERSION_REMEDY,
    find=find_engine_version,
    undo=undo_engine,
)
"""Another version of the engine computes keys in another way."""


MAY_DEPEND_ON_CLIENT = codes_with(Trait.CLIENT | Trait.CLIENT_MAY)
"""Causes that the client's own code decides, or may decide by what it leaves out."""


def find_client_version(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """Two versions of one client and a difference that the client's code may make: a hint beside the
    cause."""
    (writer_name, writer), (reader_name, reader) = map(_named, (case.writer.record, case.reader.record))
    if not (writer_name == reader_name != "" and writer and reader) or writer == reader:
        return
    if not any(each.cause in MAY_DEPEND_ON_CLIENT for each in case.site.differences):
        return
    yield Finding(
        code=CauseCode.CLIENT_VERSION,
        field="client version",
        writer=writer,
        reader=reader,
        evidence=case.side_lines("client version", f"{writer_name} {writer}", f"{reader_name} {reader}"),
        strength=Strength.GUESS,
    )


def _named(record: BuildRecord) -> tuple[str, str]:
    """Name and version of a client: as `run` chose it, else as it calls itself to the engine.

    ``Docker-Client/26.1.5 (linux)`` does; ``Go-http-client/1.1`` is a library's name with HTTP's version.
    """
    client = record.client
    if client.id:
        return client.id.partition("@")[0], client.version
    name, _, version = client.user_agent.partition(" ")[0].partition("/")
    return ("", "") if name.startswith(_LIBRARIES) else (name, version)


_LIBRARIES = ("Go-http-client", "grpc-")


CLIENT_VERSION = CauseRule(
    code=CauseCode.CLIENT_VERSION,
    say=_say_client_version,
    remedy="use one version of the client everywhere",
    find=find_client_version,
)
"""One client in two versions that write contexts differently."""


RULES = (
    BUILDER,
    BUILDER_INSTANCE,
    IMAGE_STORE,
    ENGINE_VERSION,
    CLIENT_VERSION,
)
