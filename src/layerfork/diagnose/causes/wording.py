"""How values, names, paths and numbers appear in sentences."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from layerfork.diagnose.causes.scene import Scene
from layerfork.diagnose.compare.alignment import keyword
from layerfork.record.answer import Cause, ChangedPart
from layerfork.record.secrets import HIDDEN

_LONGEST_INSTRUCTION = 72


def title_of(instruction: str) -> str:
    """An instruction as the subject of a sentence: blanks collapsed, destination left out, cut."""
    words = instruction.split()
    plain_copy = keyword(instruction) in ("COPY", "ADD") and len(words) > 2 and "<<" not in instruction
    if plain_copy and not words[-1].endswith("]"):
        words = words[:-1]
    text = " ".join(words) or "The first step"
    return text if len(text) <= _LONGEST_INSTRUCTION else text[: _LONGEST_INSTRUCTION - 1] + "…"


def show_mode(value: str) -> str:
    """A mode in octal: ``0644``, with type bits ``0100644``. Text that is no number stays."""
    number = parse_mode(value)
    return value if number is None else f"0{number:03o}"


def parse_mode(value: str) -> int | None:
    """Number of a mode written in octal (leading ``0``) or decimal; None for other text."""
    if not (value.isascii() and value.isdigit()):
        return None
    octal = value.startswith("0") and not set(value) & set("89")
    return int(value, 8 if octal else 10)


_TYPE_NAMES = {
    "0": "a file",
    "1": "a hard link",
    "2": "a symbolic link",
    "3": "a character device",
    "4": "a block device",
    "5": "a directory",
    "6": "a fifo",
    "file": "a file",
    "hardlink": "a hard link",
    "symlink": "a symbolic link",
    "directory": "a directory",
    "char-device": "a character device",
    "block-device": "a block device",
    "fifo": "a fifo",
    "socket": "a socket",
}


def show_type(value: str) -> str:
    """An entry type in words, from a type character or a type name."""
    return _TYPE_NAMES.get(value, f"type {value}")


def show_name(value: str) -> str:
    """A name, quoted as sent."""
    return f"`{value}`"


def count_by_directory(paths: Sequence[str], limit: int) -> list[str]:
    """``src/: 4,000`` for the directories that hold most paths, the largest first.

    Directories are summed up at the deepest level that leaves few of them.
    """
    parents = Counter(path.rpartition("/")[0] for path in paths)
    depth = max(parent.count("/") + 1 for parent in parents)
    counts = _at_depth(parents, depth)
    while len(counts) > 2 * limit and depth > 1:
        depth -= 1
        counts = _at_depth(parents, depth)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    lines = [f"{directory or '.'}/: {count:,}" for directory, count in ranked[:limit]]
    if len(ranked) > limit:
        others = sum(count for _, count in ranked[limit:])
        lines.append(f"{len(ranked) - limit:,} other directories: {others:,}")
    return lines


def _at_depth(parents: Counter[str], depth: int) -> Counter[str]:
    counts: Counter[str] = Counter()
    for parent, count in parents.items():
        counts["/".join(parent.split("/")[:depth])] += count
    return counts


_DIGEST = re.compile(r"\b(?:sha256:)?([0-9a-f]{64})\b")


_BY_NAME = 2
"""At most this many paths are named; of more, only the first."""


def values(scene: Scene, noun: str, writer: str, reader: str, *, many: bool = False) -> str:
    """``mode of run.sh is 0644, was 0755``; ``… is 0644 for laptop, 0755 for ci``."""
    now, before = ("are", "were") if many else ("is", "was")
    if scene.again:
        return f"{noun} {now} {reader}, {before} {writer}"
    return f"{noun} {now} {reader} for {scene.reader_name}, {writer} for {scene.writer_name}"


def show_value(value: str | None) -> str:
    """A value in evidence, whole: no value is ``absent``, an empty one is ``''``."""
    return "absent" if value is None else (value or "''")


def shown(value: str | None, absent: str = "absent") -> str:
    """A value in a sentence, digests cut to twelve digits."""
    if value is None:
        return absent
    if value.startswith(HIDDEN):
        return "hidden"
    return _DIGEST.sub(lambda match: match[1][:12], value) or "empty"


def name_paths(paths: Sequence[str], things: str = "files") -> str:
    """``a``, ``a and b``, ``a and 12 more files``."""
    if len(paths) <= _BY_NAME:
        return " and ".join(paths)
    return f"{paths[0]} and {len(paths) - 1:,} more {things}"


def verb(paths: Sequence[str], one: str, several: str) -> str:
    """The form of a verb that goes with them."""
    return one if len(paths) == 1 else several


def paths_of(scene: Scene, cause: Cause) -> list[str]:
    """Where in the context the parts of a cause lie, each once."""
    return places_of(scene, cause.parts)


def places_of(scene: Scene, parts: Iterable[ChangedPart]) -> list[str]:
    """Where in the context these parts lie, each once."""
    return [scene.place_of(path) for path in dict.fromkeys(part.path for part in parts)]


def subject(scene: Scene, cause: Cause) -> str:
    """The first path that a cause is about, and how many more: what follows from it is not counted."""
    place = scene.place_of(cause.path)
    return f"{place} and {cause.more:,} more" if cause.more else place
