"""The Dockerfile and the ignore file: copied themselves, and the paths that ignore rules exclude."""

import re
from collections.abc import Iterable, Iterator, Set
from itertools import accumulate

from layerfork.context.ignore.gopatterns import Excluder
from layerfork.diagnose.causes.edits import ignore_file, leave_out, pattern_of, say_edit
from layerfork.diagnose.causes.entryundo import undo_ignore_rule, undo_presence
from layerfork.diagnose.causes.forms import (
    claim_paths,
    describe_entry,
    distinct_paths,
    evidence_lines,
    one_sided_paths,
)
from layerfork.diagnose.causes.rule import LEAVE_OUT, Case, CauseRule, Finding
from layerfork.diagnose.causes.scene import Scene
from layerfork.diagnose.causes.wording import name_paths, paths_of, places_of, shown, verb
from layerfork.diagnose.compare.copied import (
    behind,
    context_paths,
    copied_sources,
    is_covered,
    links_of,
)
from layerfork.diagnose.compare.differences import Difference
from layerfork.diagnose.compare.entries import sent_paths
from layerfork.errors import UsageError
from layerfork.keys.ignoredialect import ignore_matcher
from layerfork.record.answer import Cause, Edit, Fix
from layerfork.record.cause import CauseCode
from layerfork.record.record import BuildRecord


def _say_ignored(scene: Scene, cause: Cause) -> str:
    """Whose patterns exclude which paths. A client may have applied them, or the builder of a tar."""
    left_out = [part for part in cause.parts if part.reader is None]
    let_in = [part for part in cause.parts if part.writer is None]
    if not scene.again:
        sides = ((scene.reader_name, left_out), (scene.writer_name, let_in))
        return ", and ".join(
            f"the ignore patterns of {name} exclude {name_paths(places_of(scene, parts))}"
            for name, parts in sides
            if parts
        )
    paths = name_paths(paths_of(scene, cause))
    if left_out and let_in:
        return f"the ignore patterns changed for {paths}"
    return f"the ignore patterns {'now' if left_out else 'no longer'} exclude {paths}"


def _say_build_file(scene: Scene, cause: Cause) -> str:
    paths = paths_of(scene, cause)
    if scene.again:
        return f"{name_paths(paths)} changed, and {verb(paths, 'is', 'are')} copied"
    they = verb(paths, "it", "them")
    copied = f"{name_paths(paths)} {verb(paths, 'is', 'are')} copied"
    return f"{copied}, and the two builds sent {they} differently"


def _fix_ignored(scene: Scene, cause: Cause) -> Fix:
    """Restore the writer's patterns. No edit where there are exceptions, because then their order counts."""
    writer, reader = _patterns(scene.writer), _patterns(scene.reader)
    gone = tuple(each for each in writer if each not in reader)
    new = tuple(each for each in reader if each not in writer)
    file = ignore_file(scene)
    edits: list[Edit] = []
    said: list[str] = []
    if gone:
        edits.append(Edit(file=file, after=gone))
        said.append(f"put {_listed(gone)} back into {file}")
    if new:
        edits += [Edit(file=file, before=(each,)) for each in new]
        said.append(f"remove {_listed(new)} from {file}")
    if not said:
        return Fix(sentence=cause.remedy)
    if gone and any(each.startswith("!") for each in (*writer, *reader)):
        edits.clear()
    return Fix(sentence=f"{' and '.join(said)}{scene.on_reader}", edits=tuple(edits))


def _listed(patterns: tuple[str, ...]) -> str:
    return ", ".join(f"`{each}`" for each in patterns)


def _fix_build_file(scene: Scene, cause: Cause) -> Fix:
    paths = paths_of(scene, cause)
    edit = leave_out(scene, *map(pattern_of, paths))
    lines = ", ".join(f"`{line}`" for line in edit.after)
    said = say_edit(edit) if edit.before else f"add {lines} to {edit.file}"
    return Fix(sentence=f"{said}: builders still find {verb(paths, 'it', 'them')}", edits=(edit,))


_LIST_THEM = "list the Dockerfile and .dockerignore in .dockerignore, and keep the Dockerfile in the context"


_GENERATED = re.compile(r"\.dockerfile\.[0-9a-f]{10,}")
"""Names that clients give to a Dockerfile from outside the context: 20 hexadecimal digits by the
docker CLI, 40 by docker-py. Source: docker/cli cli/command/image/build/context.go @ v26.1.5,
docker-py docker/api/build.py @ 7.1.0."""


def find_build_files(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """Content of such a file differs, or only one side sent it."""
    sources = copied_sources(case.reader_view.step.instruction)
    names = frozenset(name for name in _build_files(case) if is_covered(name, sources))
    absent = frozenset().union(*one_sided_paths(case, unclaimed))
    one_sided = frozenset(path for path in absent if path in names or _GENERATED.fullmatch(path))
    content = [each for each in unclaimed if each.cause == "content" and each.path in names]
    claims = [*claim_paths(unclaimed, one_sided), *(each for each in content if each.path not in one_sided)]
    if not claims:
        return
    paths = distinct_paths(claims)
    first = claims[0]
    yield Finding(
        code=CauseCode.DOCKERFILE_IN_CONTEXT,
        path=first.path,
        field=first.field,
        writer=first.writer or "",
        reader=first.reader or "",
        evidence=tuple(
            f"{path}, only sent by one: {describe_entry(claims, path)}" for path in sorted(one_sided)
        )
        + evidence_lines(case, content, "content", shown),
        more=len(paths) - 1,
        claims=tuple(claims),
    )


def _build_files(case: Case) -> frozenset[str]:
    names = {".dockerignore", ".containerignore"}
    for build in (case.writer, case.reader):
        name = (build.record.request.dockerfile_name or "Dockerfile").removeprefix("./")
        names.update((name, f"{name}.dockerignore"))
    return frozenset(names)


DOCKERFILE_IN_CONTEXT = CauseRule(
    code=CauseCode.DOCKERFILE_IN_CONTEXT,
    treatment=LEAVE_OUT,
    say=_say_build_file,
    remedy=_LIST_THEM,
    fix=_fix_build_file,
    find=find_build_files,
    undo=undo_presence,
)


def find_ignore_rule(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """Entries of one side that the patterns of the other exclude, and its own do not."""
    writer, reader = _patterns(case.writer.record), _patterns(case.reader.record)
    if writer == reader:
        return
    absent_in_writer, absent_in_reader = one_sided_paths(case, unclaimed)
    try:
        paths = _left_out(case, absent_in_writer, case.reader.record, case.writer.record)
        paths |= _left_out(case, absent_in_reader, case.writer.record, case.reader.record)
    except UsageError:
        return  # the builder refuses a pattern that a client accepted
    claims = claim_paths(unclaimed, paths)
    if not claims:
        return
    yield Finding(
        code=CauseCode.IGNORE_RULE,
        path=claims[0].path,
        field="ignore patterns",
        writer=_only(writer, reader),
        reader=_only(reader, writer),
        evidence=(
            f"patterns of {case.reader_name} only: {_only(reader, writer) or 'none'}",
            f"patterns of {case.writer_name} only: {_only(writer, reader) or 'none'}",
        ),
        more=len(distinct_paths(claims)) - 1,
        claims=tuple(claims),
    )


def _patterns(record: BuildRecord) -> tuple[str, ...]:
    return record.context.excludes if record.context else ()


def _left_out(case: Case, absent: frozenset[str], sender: BuildRecord, other: BuildRecord) -> frozenset[str]:
    """The paths of a key that one build sent and that the patterns of the other exclude."""
    if not absent or sender.context is None:
        return frozenset()
    sent = sent_paths(sender)
    excluding, including = (ignore_matcher(record)(_patterns(record)) for record in (other, sender))
    instruction, links = case.reader_view.step.instruction, links_of(sender.context.entries)

    def excluded_places(path: str) -> set[str]:
        places = {behind(place, links) for place in context_paths(instruction, path)}
        return {place for place in places & sent if excluding.excludes(place)}

    places = {path: excluded_places(path) for path in absent}
    excluded = set().union(*places.values())
    named = {place for place in excluded if not including.excludes(place)}
    named |= _only_on_the_way(sent, named, excluded, excluding)
    return frozenset(path for path, own in places.items() if not named.isdisjoint(own))


def _only_on_the_way(sent: Set[str], named: set[str], left_out: set[str], excluding: Excluder) -> set[str]:
    """Directories that the patterns of both builds exclude, and that one build has sent because an exception
    names something below them. The other build sends none of them where its patterns exclude all below."""
    above = _above(named) & (left_out - named)
    return above - _above(place for place in sent if not excluding.excludes(place)) if above else above


def _above(places: Iterable[str]) -> set[str]:
    """The directories that hold these places, at any depth."""
    return {directory for place in places for directory in accumulate(place.split("/")[:-1], "{}/{}".format)}


def _only(patterns: tuple[str, ...], others: tuple[str, ...]) -> str:
    """Patterns that only one side has, in its order; all of them when the order alone differs."""
    return " ".join(each for each in patterns if each not in others or set(patterns) == set(others))


IGNORE_RULE = CauseRule(
    code=CauseCode.IGNORE_RULE,
    say=_say_ignored,
    remedy="use one ignore file for all clients (.dockerignore, no <Dockerfile>.dockerignore beside it)",
    fix=_fix_ignored,
    find=find_ignore_rule,
    undo=undo_ignore_rule,
)


RULES = (
    DOCKERFILE_IN_CONTEXT,
    IGNORE_RULE,
)
