"""Changes that matter to no step, by construction: what the explainer must never name."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from layerfork.record.context import EntryType
from research.mutations.change import (
    Change,
    Mutate,
    change,
    group_of,
    if_read,
    lines_of,
    spare_files,
    with_file,
)
from research.mutations.generate import random_data
from research.mutations.reads import reads
from research.mutations.subject import Arena, Line, Node, Subject


def _same_meaning(name: str, keywords: tuple[str, ...], edit: Callable[[Line], Line]) -> Mutate:
    """A mutation of one line's text that means the same."""

    def mutate(rng: Random, before: Subject, arena: Arena) -> Change | None:
        lines = [
            each for each in lines_of(before, *keywords) if not each[2].heredoc and edit(each[2]) != each[2]
        ]
        if not lines:
            return None
        stage, number, line = rng.choice(lines)
        return change(name, before, before.with_line(stage, number, edit(line)), arena)

    mutate.__name__ = name
    return mutate


def _as_json(line: Line) -> Line:
    return line if any(" " in word for word in line.words) else replace(line, as_json=not line.as_json)


def other_comment(rng: Random, before: Subject, arena: Arena) -> Change | None:
    return change("comment", before, replace(before, comment=f"another {rng.getrandbits(20):x}"), arena)


def unread_entry(rng: Random, before: Subject, arena: Arena) -> Change | None:
    """A file that no step reads is another one."""
    read = reads(before, arena).entries
    # Hard links share what is changed, and may be read themselves.
    files = [
        node
        for node in before.nodes
        if node.type is EntryType.FILE and not read & set(group_of(before, node.path))
    ]
    if not files:
        return None
    node = rng.choice(files)
    mode = rng.choice([mode for mode in (0o600, 0o755) if mode != node.mode])
    other = replace(node, data=random_data(rng), mode=mode, uid=node.uid + 1, mtime=node.mtime + 1)
    return change("unread-entry", before, with_file(before, other), arena)


def hidden_file(rng: Random, before: Subject, arena: Arena) -> Change | None:
    """One more file that the ignore rules hide, from those who apply them."""
    if "*.log" not in (before.ignore or ()):
        return None
    path = f"new{rng.getrandbits(20):x}.log"
    after = before.with_node(Node(path=path, data=random_data(rng)))
    return change("hidden-file", before, after, arena, if_read(after, arena, "entry-extra", path))


def idle_rule(rng: Random, before: Subject, arena: Arena) -> Change | None:
    """One more ignore rule that matches nothing."""
    if before.ignore is None:
        return None
    after = replace(before, ignore=(*before.ignore, f"nothing{rng.getrandbits(20):x}"))
    return change("idle-rule", before, after, arena)


def unread_removed(rng: Random, before: Subject, arena: Arena) -> Change | None:
    """A file that no step reads is gone."""
    read = reads(before, arena).entries
    paths = [node.path for node in spare_files(before) if node.path not in read]
    if not paths:
        return None
    return change("unread-removed", before, before.without(rng.choice(paths)), arena)


INERT_MUTATIONS: tuple[Mutate, ...] = (
    other_comment,
    unread_entry,
    unread_removed,
    hidden_file,
    idle_rule,
    _same_meaning("blanks", ("COPY", "ADD"), lambda line: replace(line, gap="  ")),
    _same_meaning("continued", ("COPY",), lambda line: replace(line, gap=" \\\n  ")),
    _same_meaning("trailing", ("COPY", "ADD"), lambda line: replace(line, trailing="  ")),
    _same_meaning("blank-line", ("COPY", "RUN", "LABEL"), lambda line: replace(line, above="\n")),
    _same_meaning("remark", ("COPY", "ENV", "ARG"), lambda line: replace(line, above="# a remark\n")),
    _same_meaning("case", ("COPY", "RUN"), lambda line: replace(line, keyword=line.keyword.lower())),
    _same_meaning("json-form", ("COPY",), _as_json),
)
