"""Another version of the engine, or of the client."""

from collections.abc import Iterator
from dataclasses import replace

from layerfork.diagnose.causes.forms import value_finding
from layerfork.diagnose.causes.rule import Case, CauseRule, Finding, Strength
from layerfork.diagnose.compare.caches import failed_imports
from layerfork.diagnose.compare.differences import Difference, entry_paths
from layerfork.diagnose.compare.sites import Reason
from layerfork.diagnose.undo.request import undo_engine
from layerfork.record.cause import CauseCode, Trait, codes_with
from layerfork.record.record import BuildRecord

ENGINE_VERSION_REMEDY = "build once with the new engine, or keep all builders on one version"


def find_engine_version(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """A key part that depends on the version differs; or nothing else does but the versions."""
    for difference in unclaimed:
        if difference.cause == CauseCode.ENGINE_VERSION and not difference.one_sided:
            what = (
                f"the engine of {case.reader_name} keys {difference.field} as `{difference.reader}`, "
                f"that of {case.writer_name} as `{difference.writer}`"
            )
            yield value_finding(
                case, difference, code=CauseCode.ENGINE_VERSION, what=what, remedy=ENGINE_VERSION_REMEDY
            )
    written = _written_otherwise(case, unclaimed)
    if written:
        yield replace(_by_version(case), strength=Strength.KEYS, shared=written)
    scope = case.comparison.scope
    separate = (
        scope is not None
        and scope.code == CauseCode.ENGINE_VERSION
        and case.site.reason is Reason.OTHER_CACHE
    )
    equal = case.site.reason is Reason.EQUAL_KEYS and not failed_imports(case.reader.record)
    if (separate or equal) and _are_two_versions(case):
        yield _by_version(case)


def _written_otherwise(case: Case, unclaimed: tuple[Difference, ...]) -> tuple[Difference, ...]:
    """Differences of one text of the Dockerfile that another version of the engine may make: of what it
    writes of it, and attributes of an entry that only one of the two looks at."""
    if not (case.site.same_text and _are_two_versions(case)) or case.site.origins:
        return ()
    known = entry_paths(case.writer_view.key) & entry_paths(case.reader_view.key)
    return tuple(
        each
        for each in unclaimed
        if (_one_looks_at(each, known) if each.one_sided else each.cause == CauseCode.INSTRUCTION)
    )


_OF_SOME_ENTRIES = (CauseCode.MODE_TYPE_BITS, CauseCode.XATTR)
"""A key has them of entries that have them: on one side alone they tell of the entry, not of the version."""


def _one_looks_at(difference: Difference, known: frozenset[str]) -> bool:
    return difference.path in known and difference.cause not in _OF_SOME_ENTRIES


def _are_two_versions(case: Case) -> bool:
    writer, reader = _version(case.writer.record), _version(case.reader.record)
    return bool(writer and reader) and writer != reader


def _by_version(case: Case) -> Finding:
    writer, reader = _version(case.writer.record), _version(case.reader.record)
    return Finding(
        code=CauseCode.ENGINE_VERSION,
        field="engine version",
        writer=writer,
        reader=reader,
        what=f"{case.reader_name} built on engine {reader}, {case.writer_name} on engine {writer}",
        evidence=(
            f"engine and key rules, {case.reader_name}: {reader}; {case.reader.keys.rules}",
            f"engine and key rules, {case.writer_name}: {writer}; {case.writer.keys.rules}",
        ),
        remedy=ENGINE_VERSION_REMEDY,
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


ENGINE_VERSION = CauseRule(code=CauseCode.ENGINE_VERSION, find=find_engine_version, undo=undo_engine)
"""Another version of the engine computes keys in another way."""


MAY_DEPEND_ON_CLIENT = codes_with(Trait.CLIENT | Trait.CLIENT_MAY)
"""Causes that the client's own code decides, or may decide by what it leaves out."""


def find_client_version(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """Such a difference between two versions of one client: a hint beside the cause itself."""
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
        what=f"the client of {case.reader_name} is version {reader}, that of {case.writer_name} is {writer}",
        evidence=(
            f"client version of {case.reader_name}: {reader_name} {reader}",
            f"client version of {case.writer_name}: {writer_name} {writer}",
        ),
        remedy="use one version of the client everywhere",
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

CLIENT_VERSION = CauseRule(code=CauseCode.CLIENT_VERSION, find=find_client_version)
"""One client in two versions that write contexts differently."""


RULES = (
    ENGINE_VERSION,
    CLIENT_VERSION,
)
