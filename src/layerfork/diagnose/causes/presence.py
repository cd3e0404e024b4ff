"""Entries that only one build sent, or sent twice: directories, files, the root's header."""

from collections.abc import Iterator, Mapping, Set
from itertools import accumulate

from layerfork.diagnose.causes.content import install_first
from layerfork.diagnose.causes.edits import BY_NAME, ignore_file, leave_out, pattern_of, put_back, say_edit
from layerfork.diagnose.causes.entryundo import undo_presence, undo_root
from layerfork.diagnose.causes.forms import (
    DIRECTORY,
    EVIDENCE_LIMIT,
    claim_paths,
    describe_entry,
    distinct_paths,
    entry_rule,
    further_paths,
    one_sided_paths,
)
from layerfork.diagnose.causes.rule import Case, CauseRule, Find, Finding, PatternFix
from layerfork.diagnose.causes.scene import Scene
from layerfork.diagnose.causes.wording import name_paths, paths_of, values, verb
from layerfork.diagnose.compare.copied import context_paths
from layerfork.diagnose.compare.differences import Difference, entry_paths
from layerfork.diagnose.compare.entries import sent_paths
from layerfork.record.answer import Cause, Fix, Treatment, Way
from layerfork.record.cachekey import CacheKey
from layerfork.record.cause import CauseCode
from layerfork.record.context import EntryType, Transport
from layerfork.record.record import BuildRecord


def _say_presence(scene: Scene, cause: Cause) -> str:
    paths = paths_of(scene, cause)
    missing = cause.code == CauseCode.ENTRY_MISSING
    if scene.again:
        return f"{name_paths(paths)} {verb(paths, 'is', 'are')} {'gone' if missing else 'new'}"
    return f"only {scene.writer_name if missing else scene.reader_name} sent {name_paths(paths)}"


def _say_root(scene: Scene, cause: Cause) -> str:
    return values(scene, "header of the context's root", cause.writer, cause.reader)


def _say_directory(scene: Scene, cause: Cause) -> str:
    paths = paths_of(scene, cause)
    writer, reader = scene.subjects
    sender = writer if cause.reader == "absent" else reader
    return f"only {sender} sent an entry for the directory {name_paths(paths, 'directories')}"


def _fix_presence(scene: Scene, cause: Cause) -> Fix | PatternFix:
    paths = paths_of(scene, cause)
    missing = cause.code == CauseCode.ENTRY_MISSING
    if not missing and (fix := install_first(scene, paths)) is not None:
        return PatternFix("install-after-copy", fix)
    if missing and scene.again:
        return put_back(scene, paths)
    whose = "" if scene.again else " for both"
    lines = [pattern_of(path) for path in paths[:BY_NAME]]
    # No pattern stands for a path with a line break or blanks at its ends.
    if len(paths) > BY_NAME or not all(lines):
        return Fix(sentence=f"if no step needs them: exclude them in {ignore_file(scene)}{whose}")
    edit = leave_out(scene, *lines)
    shown = name_paths([f"`{line}`" for line in lines], "lines")
    said = say_edit(edit) if edit.before else f"add {shown} to {edit.file}"
    need = verb(paths, "it", "them")
    return Fix(sentence=f"if no step needs {need}: {said}{whose}", edits=(edit,))


_LEAVE_OUT_IF = Treatment(way=Way.REBUILD, edits=True, warning="only if no step needs the excluded files")
REMEDY = (
    "make every client send the same files: one .dockerignore that all of them apply, "
    "and no generated or untracked files in the context"
)


def presence_finding(
    case: Case, unclaimed: tuple[Difference, ...], paths: frozenset[str], *, code: CauseCode
) -> Iterator[Finding]:
    """One finding for all entries at ``paths`` (which one side lacks), and for explicit differences."""
    own = frozenset(each.path for each in unclaimed if each.cause == code)
    claims = claim_paths(unclaimed, paths | own)
    if not claims:
        return
    names = distinct_paths(claims)
    missing = code == "entry-missing"
    lines = [f"{name}: {describe_entry(claims, name)}" for name in names[:EVIDENCE_LIMIT]]
    lines += further_paths(names)
    yield Finding(
        code=code,
        path=names[0],
        field="entry",
        writer="present" if missing else "absent",
        reader="absent" if missing else "present",
        evidence=tuple(lines),
        more=len(names) - 1,
        claims=tuple(claims),
    )


def find_directory_entry(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """Own differences, and directories among the entries that one side lacks."""
    absent_in_writer, absent_in_reader = one_sided_paths(case, unclaimed)
    directories = {
        each.path
        for each in unclaimed
        if each.cause == "entry-type" and (each.reader if each.writer is None else each.writer) in DIRECTORY
    }
    own = frozenset(each.path for each in unclaimed if each.cause == CauseCode.DIRECTORY_ENTRY)
    implied = _implied(case.writer_view.key, directories & absent_in_writer) | _implied(
        case.reader_view.key, directories & absent_in_reader
    )
    only_writer, only_reader = _sent_by_one(case, unclaimed)
    claims = claim_paths(unclaimed, own | implied | only_writer | only_reader)
    if not claims:
        return
    first = claims[0].path
    by_writer = first in absent_in_reader | only_writer or _says_none(claims, first)
    yield Finding(
        code=CauseCode.DIRECTORY_ENTRY,
        path=first,
        field="entry",
        writer="absent" if not by_writer else describe_entry(claims, first),
        reader="absent" if by_writer else describe_entry(claims, first),
        evidence=tuple(f"{path}: {describe_entry(claims, path)}" for path in distinct_paths(claims)[:20]),
        more=len(distinct_paths(claims)) - 1,
        claims=tuple(claims),
    )


def _implied(key: CacheKey, directories: Set[str]) -> frozenset[str]:
    """Those of the directories that a key knows something below of."""
    if not directories:
        return frozenset()
    above = {parent for path in entry_paths(key) for parent in accumulate(path.split("/"), "{}/{}".format)}
    return frozenset(directories & above)


def _sent_by_one(case: Case, unclaimed: tuple[Difference, ...]) -> tuple[frozenset[str], frozenset[str]]:
    """Paths of directories that only the writer sent, and that only the reader sent, although both keys
    hold them: BuildKit creates a directory that a tar does not list. A path that both sent is another kind
    of entry in one of them."""
    instruction = case.reader_view.step.instruction
    paths = {each.path for each in unclaimed if each.path and not each.one_sided}
    places = {path: frozenset(context_paths(instruction, path)) for path in paths}
    writer, reader = case.writer.record, case.reader.record
    return _lying_in_one(places, writer, reader), _lying_in_one(places, reader, writer)


def _lying_in_one(places: Mapping[str, Set[str]], sender: BuildRecord, other: BuildRecord) -> frozenset[str]:
    """The paths that are directories of the sender, and nothing at all of the other build."""
    directories, taken = _sent_directories(sender), sent_paths(other)
    return frozenset(path for path, own in places.items() if own & directories and not own & taken)


def _sent_directories(record: BuildRecord) -> frozenset[str]:
    """Directories of a tar; other contexts send none as an entry of its own."""
    if record.context is None or record.context.transport is not Transport.TAR:
        return frozenset()
    return sent_paths(record, EntryType.DIRECTORY)


def _says_none(claims: list[Difference], path: str) -> bool:
    """The reader's key says that there is no entry: it has a part that stands for one."""
    return any(
        each.cause == CauseCode.DIRECTORY_ENTRY and each.reader is not None
        for each in claims
        if each.path == path
    )


DIRECTORY_ENTRY = CauseRule(
    code=CauseCode.DIRECTORY_ENTRY,
    say=_say_directory,
    remedy="write entries for directories into the tar (list directories, not only files)",
    find=find_directory_entry,
    undo=undo_presence,
)
"""A directory that only one of the two sent as an entry of its own."""


ROOT_HEADER = entry_rule(
    code=CauseCode.ROOT_HEADER,
    say=_say_root,
    undo=undo_root,
    noun="root directory header",
    remedy="copy a subdirectory instead of `.`, or use one kind of context (directory or tar) everywhere",
)
"""The header of the context's root is part of the key: a directory transfer sends none, a tar has one."""


def _finds_presence(code: CauseCode) -> Find:
    """Paths that one key does not know: the reader's where entries are missing, else the writer's."""
    side = 1 if code == CauseCode.ENTRY_MISSING else 0

    def find(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
        absent = one_sided_paths(case, unclaimed)
        yield from presence_finding(case, unclaimed, absent[side], code=code)

    return find


ENTRY_MISSING = CauseRule(
    code=CauseCode.ENTRY_MISSING,
    say=_say_presence,
    remedy=REMEDY,
    fix=_fix_presence,
    find=_finds_presence(CauseCode.ENTRY_MISSING),
    undo=undo_presence,
)
"""The reader did not send entries that the writer sent."""


ENTRY_EXTRA = CauseRule(
    code=CauseCode.ENTRY_EXTRA,
    treatment=_LEAVE_OUT_IF,
    say=_say_presence,
    remedy=REMEDY,
    fix=_fix_presence,
    find=_finds_presence(CauseCode.ENTRY_EXTRA),
    undo=undo_presence,
)
"""The reader sent entries that the writer did not send."""


RULES = (
    DIRECTORY_ENTRY,
    ROOT_HEADER,
    ENTRY_MISSING,
    ENTRY_EXTRA,
)
