"""Directories that no build should send: ``.git``, installed modules, caches of tools."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from layerfork.diagnose.causes.edits import leave_out, say_edit
from layerfork.diagnose.causes.scene import Scene
from layerfork.diagnose.patterns.pattern import Group, Held, Pattern
from layerfork.record.answer import FieldRow, Fix
from layerfork.record.cause import Trait, codes_with
from layerfork.record.judgement import Cause

_ENTRIES = codes_with(Trait.ENTRY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwanted:
    """A directory by its name."""

    name: str
    line: str
    """For `.dockerignore`."""
    unsafe: Callable[[Scene], str]
    """Why a build may need it; empty when nothing shows that."""


def _reads(scene: Scene, reading: re.Pattern[str], what: str) -> str:
    for each in scene.dockerfile.instructions if scene.dockerfile is not None else ():
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
    runs = [
        each for each in (scene.dockerfile.instructions if scene.dockerfile else ()) if each.keyword == "RUN"
    ]
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


def find(scene: Scene, held: Sequence[Held], unwanted: Unwanted) -> Iterator[Group]:
    """Parts of entries that are the directory, or lie below one of that name."""
    own = [
        each for each in held if _is_entry(scene.fork.causes[each.cause]) and _lies_in(scene, each, unwanted)
    ]
    if not own:
        return
    paths = dict.fromkeys(each.part.path for each in own)
    where = unwanted.name if _at_root(scene, own, unwanted) else f"files in {unwanted.name}"
    said = (
        f"{where} changed"
        if scene.again
        else f"{where} differs"
        if where == unwanted.name
        else f"{where} differ"
    )
    line = unwanted.line if where == unwanted.name else f"**/{unwanted.name}"
    edit = leave_out(scene, line)
    yield Group(
        held=own,
        culprit=f"{said}, and is copied" if where == unwanted.name else f"{said}, and are copied",
        rows=(
            FieldRow(
                label=f"entries in {unwanted.name}, {len(paths):,} of which differ",
                writer=_count(scene.writer_entries, unwanted),
                reader=_count(scene.entries, unwanted),
            ),
        ),
        fix=Fix(
            sentence=say_edit(edit),
            edits=(edit,),
            warning=unwanted.unsafe(scene),
        ),
    )


def _is_entry(cause: Cause) -> bool:
    return cause.code in _ENTRIES


def _lies_in(scene: Scene, held: Held, unwanted: Unwanted) -> bool:
    if unwanted.name not in held.part.path:
        return False
    return unwanted.name in scene.place_of(held.part.path).split("/")


def _at_root(scene: Scene, held: Sequence[Held], unwanted: Unwanted) -> bool:
    return all(scene.place_of(each.part.path).split("/")[0] == unwanted.name for each in held)


def _count(paths: Iterable[str], unwanted: Unwanted) -> str:
    return f"{sum(unwanted.name in path.split('/') for path in paths):,}"


PATTERNS = tuple(
    Pattern(code=f"{each.name.strip('._')}-copied", find=partial(find, unwanted=each), by_product=True)
    for each in UNWANTED
)
