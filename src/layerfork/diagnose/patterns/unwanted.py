"""Files that no build should send, generated files, and a line that was edited."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from layerfork.diagnose.causes.dockerfilelines import fix_line, say_line
from layerfork.diagnose.causes.edits import leave_out, pattern_of, say_edit
from layerfork.diagnose.causes.forms import ENTRY_CAUSES
from layerfork.diagnose.causes.rule import LEAVE_OUT
from layerfork.diagnose.causes.scene import Scene
from layerfork.diagnose.compare.structure import instructions_in
from layerfork.diagnose.patterns.pattern import Group, Held, Pattern, code_of
from layerfork.record.answer import Cause, FieldRow, Fix
from layerfork.record.cause import CauseCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwanted:
    """A directory by its name."""

    name: str
    line: str
    """For `.dockerignore`."""
    unsafe: Callable[[Scene], str]
    """Why a build may need it; empty when nothing shows that."""


def _reads(scene: Scene, reading: re.Pattern[str], what: str) -> str:
    for each in instructions_in(scene.dockerfile):
        if each.keyword == "RUN" and reading.search(each.text):
            return f"line {each.first_line} may read {what}: `{each.text.splitlines()[0]}`"
    return ""


_GIT = re.compile(
    r"\bgit\b|setuptools.scm|hatch-vcs|versioneer|\bdunamai\b|gitversion"
    r"|\bgo (?:build|install)\b|pip install \."
)
"""Programs that look at the repository; `go build` stamps its state since Go 1.18.
Source: https://go.dev/doc/go1.18#go-version."""


_INSTALLS = re.compile(r"\b(?:npm|yarn|pnpm|bun)\b")


def _needs_modules(scene: Scene) -> str:
    runs = [each for each in instructions_in(scene.dockerfile) if each.keyword == "RUN"]
    if any(_INSTALLS.search(each.text) for each in runs):
        return ""
    return "no RUN installs them: without the copied ones the image has none"


def _safe(scene: Scene) -> str:
    return ""


UNWANTED = (
    Unwanted(name=".git", line=".git", unsafe=partial(_reads, reading=_GIT, what=".git")),
    Unwanted(name="node_modules", line="**/node_modules", unsafe=_needs_modules),
    Unwanted(name="__pycache__", line="**/__pycache__", unsafe=_safe),
    Unwanted(name=".pytest_cache", line="**/.pytest_cache", unsafe=_safe),
    Unwanted(name=".mypy_cache", line="**/.mypy_cache", unsafe=_safe),
    Unwanted(name=".ruff_cache", line="**/.ruff_cache", unsafe=_safe),
    Unwanted(name=".idea", line="**/.idea", unsafe=_safe),
    Unwanted(name=".vscode", line="**/.vscode", unsafe=_safe),
)


def find_unwanted(scene: Scene, held: Sequence[Held], unwanted: Unwanted) -> Iterator[Group]:
    """Parts of entries that are the directory, or lie below one of that name."""
    own = [
        each for each in held if _is_entry(scene.fork.causes[each.cause]) and _lies_in(scene, each, unwanted)
    ]
    if not own:
        return
    paths = dict.fromkeys(each.part.path for each in own)
    if _at_root(scene, own, unwanted):
        where, differs, is_copied, line = unwanted.name, "differs", "is copied", unwanted.line
    else:
        where, differs, is_copied = f"files in {unwanted.name}", "differ", "are copied"
        line = f"**/{unwanted.name}"
    edit = leave_out(scene, line)
    # A commit's tree has the whole `.git` as one entry, and so has a worktree: there is nothing to count.
    is_one_entry = [scene.place_of(path) for path in paths] == [unwanted.name]
    yield Group(
        held=own,
        culprit=f"{where} {'changed' if scene.again else differs}, and {is_copied}",
        rows=() if is_one_entry else (_counted(scene, unwanted, len(paths)),),
        fix=Fix(sentence=say_edit(edit), edits=(edit,), warning=unwanted.unsafe(scene)),
    )


def _counted(scene: Scene, unwanted: Unwanted, differing: int) -> FieldRow:
    return FieldRow(
        label=f"entries in {unwanted.name} ({differing:,} differ)",
        writer=_count(scene.writer_entries, unwanted),
        reader=_count(scene.entries, unwanted),
    )


def _is_entry(cause: Cause) -> bool:
    return cause.code in ENTRY_CAUSES


def _lies_in(scene: Scene, held: Held, unwanted: Unwanted) -> bool:
    if unwanted.name not in held.part.path:
        return False
    return unwanted.name in scene.place_of(held.part.path).split("/")


def _at_root(scene: Scene, held: Sequence[Held], unwanted: Unwanted) -> bool:
    return all(scene.place_of(each.part.path).split("/")[0] == unwanted.name for each in held)


def _count(paths: Iterable[str], unwanted: Unwanted) -> str:
    return f"{sum(unwanted.name in path.split('/') for path in paths):,}"


PATTERNS = tuple(
    Pattern(
        code=f"{each.name.strip('._')}-copied",
        find=partial(find_unwanted, unwanted=each),
        treatment=LEAVE_OUT,
        by_product=True,
    )
    for each in UNWANTED
)


_MOST_LOOKED_AT = 100


def find_generated(scene: Scene, held: Sequence[Held]) -> Iterator[Group]:
    """Files that contain a time within a minute of their own last change."""
    content = [each for each in held if code_of(scene, each) == CauseCode.CONTENT]
    groups: dict[str, list[Held]] = {}
    times: dict[str, str] = {}
    for each in content[:_MOST_LOOKED_AT]:
        place = scene.place_of(each.part.path)
        entry = scene.entries.get(place)
        look = scene.sources.look(scene.reader, entry) if entry is not None and place not in groups else None
        if place in groups or (look is not None and look.time and pattern_of(place)):
            groups.setdefault(place, []).append(each)
            times.setdefault(place, look.time if look is not None else "")
    changed = "changed" if scene.again else "differs"
    for place, own in groups.items():
        yield Group(
            held=own,
            culprit=f"{place} {changed}; it contains the time when it was written, {times[place]}",
            fix=_fix_generated(scene, place),
        )


def _fix_generated(scene: Scene, place: str) -> Fix:
    edit = leave_out(scene, pattern_of(place))
    return Fix(
        sentence=f"exclude it: {say_edit(edit)}",
        edits=(edit,),
        warning="a step that reads the file no longer finds it: create it in a RUN below the other steps",
    )


GENERATED = Pattern(code="generated-with-time", find=find_generated, treatment=LEAVE_OUT)


_WRITTEN = frozenset({CauseCode.MOUNT, CauseCode.NETWORK, CauseCode.RUN_OPTION})
"""Causes that an instruction's own flags decide, or the request's options."""


def find_edited_line(scene: Scene, held: Sequence[Held]) -> Iterator[Group]:
    """Parts that flags of the step's own line decide, where that line reads otherwise."""
    own = [each for each in held if code_of(scene, each) in _WRITTEN]
    if own and scene.writer_text and scene.writer_text != scene.text:
        yield Group(held=own, culprit=say_line(scene), rows=(), fix=fix_line(scene))


LINE_EDITED = Pattern(code="line-edited", find=find_edited_line)
