"""Mutations of what the context holds."""

import posixpath
from dataclasses import replace
from random import Random

from layerfork.record.build import Builder
from layerfork.record.context import EntryType
from research.mutations.change import (
    Change,
    Expected,
    Mutate,
    change,
    group_of,
    if_read,
    names_of,
    pick,
    spare_files,
    with_file,
)
from research.mutations.generate import random_data
from research.mutations.reads import in_one_source, matches, reads, resolve, visible
from research.mutations.subject import Arena, Delivery, Node, Subject

FILE, DIRECTORY, SYMLINK = EntryType.FILE, EntryType.DIRECTORY, EntryType.SYMLINK


def other_content(rng: Random, before: Subject, arena: Arena) -> Change | None:
    node = pick(rng, before, arena, FILE)
    if node is None:
        return None
    # Another time as well: BuildKit asks only for files whose size or time changed.
    after = with_file(before, replace(node, data=random_data(rng), mtime=node.mtime + 1))
    return change("content", before, after, arena, if_read(before, arena, "content", node.path))


def other_mode(rng: Random, before: Subject, arena: Arena) -> Change | None:
    node = pick(rng, before, arena, FILE, FILE, DIRECTORY)
    if node is None:
        return None
    modes = [mode for mode in (0o644, 0o755, 0o700, 0o750, 0o664, 0o711) if mode != node.mode]
    mode = rng.choice(modes)
    after = with_file(before, replace(node, mode=mode))
    cause = if_read(before, arena, "mode", *group_of(before, node.path))
    if arena.builder is Builder.BUILDAH and mode & 0o1777 == node.mode & 0o1777:
        cause = None  # it takes setuid and setgid off first
    return change("mode", before, after, arena, cause)


def other_owner(rng: Random, before: Subject, arena: Arena) -> Change | None:
    node = pick(rng, before, arena, FILE, DIRECTORY, SYMLINK)
    if node is None:
        return None
    field = rng.choice(("uid", "gid"))
    number = rng.choice([n for n in (7, 70000, 3000000) if n not in (node.uid, node.gid)])
    other = replace(node, uid=number) if field == "uid" else replace(node, gid=number)
    after = with_file(before, other)
    # Directories are sent as root's by every client here.
    counts = arena.delivery is Delivery.TAR
    if arena.builder is Builder.BUILDAH:
        # It makes root the owner of all, but up to 1.41 leaves root's name to what was root's before.
        counts &= (node.uid == 0) != (other.uid == 0)
    cause = if_read(before, arena, field, *group_of(before, node.path)) if counts else None
    return change(field, before, after, arena, cause)


def other_xattr(rng: Random, before: Subject, arena: Arena) -> Change | None:
    node = pick(rng, before, arena, FILE, DIRECTORY)
    if node is None:
        return None
    value = b"" if node.xattrs and rng.random() < 0.3 else random_data(rng)[:8]
    after = with_file(before, replace(node, xattrs=(("user.note", value),) if value else ()))
    # The docker CLI puts no attribute but file capabilities into the tars that it posts.
    counts = arena.delivery is Delivery.TAR or arena.builder is Builder.BUILDKIT
    cause = if_read(before, arena, "xattr", *group_of(before, node.path)) if counts else None
    return change("xattr", before, after, arena, cause)


def other_time(rng: Random, before: Subject, arena: Arena) -> Change | None:
    node = pick(rng, before, arena, FILE, DIRECTORY, SYMLINK)
    if node is None:
        return None
    return change("mtime", before, with_file(before, replace(node, mtime=node.mtime + 77)), arena)


def other_owner_name(rng: Random, before: Subject, arena: Arena) -> Change | None:
    node = pick(rng, before, arena, FILE)
    if node is None or arena.delivery is not Delivery.TAR:
        return None
    return change("owner-name", before, before.with_node(replace(node, uname="somebody")), arena)


def new_file(rng: Random, before: Subject, arena: Arena) -> Change | None:
    directories = ["", *(node.path for node in before.nodes if node.type is DIRECTORY)]
    path = posixpath.join(
        rng.choice(directories), f"new{rng.getrandbits(20):x}{rng.choice(('.txt', '.bin'))}"
    )
    after = before.with_node(Node(path=path, data=random_data(rng)))
    return change("new-file", before, after, arena, if_read(after, arena, "entry-extra", path))


def removed_file(rng: Random, before: Subject, arena: Arena) -> Change | None:
    spare = spare_files(before)
    if not spare:
        return None
    path = rng.choice(spare).path
    return change(
        "removed-file", before, before.without(path), arena, if_read(before, arena, "entry-missing", path)
    )


def other_target(rng: Random, before: Subject, arena: Arena) -> Change | None:
    links = [node for node in before.nodes if node.type is SYMLINK]
    if not links:
        return None
    link = rng.choice(links)
    nodes = visible(before, arena)
    old = resolve(nodes, link.path)
    files = [n.path for n in before.nodes if n.type is FILE and n.path != old and not n.path.endswith(".log")]
    target = posixpath.relpath(rng.choice(files), posixpath.dirname(link.path) or ".")
    if "nowhere" in link.target and rng.random() < 0.5:
        target = f"nowhere-else{rng.getrandbits(20):x}"
    after = before.with_node(replace(link, target=target))
    counts = link.path in reads(before, arena).links
    if arena.builder is Builder.CLASSIC:
        # A link that leads nowhere counts as its own path.
        counts &= old in nodes or resolve(visible(after, arena), link.path) in nodes
    names = names_of(before, link.path, old) | names_of(after, link.path, resolve(nodes, target))
    return change(
        "link-target", before, after, arena, Expected(code="link-target", names=names) if counts else None
    )


def link_for_file(rng: Random, before: Subject, arena: Arena) -> Change | None:
    nodes = visible(before, arena)
    words = [word for stage in before.stages for line in stage.lines for word in line.sources]
    named = {path for word in words for path in matches(nodes, word)}
    spare = [node for node in spare_files(before) if node.path not in named]
    if not spare:
        return None
    node = rng.choice(spare)
    others = [
        n for n in before.nodes if n.type is FILE and n.path != node.path and not n.path.endswith(".log")
    ]
    target = posixpath.relpath(rng.choice(others).path, posixpath.dirname(node.path) or ".")
    link = Node(path=node.path, type=SYMLINK, mode=0o777, uid=node.uid, gid=node.gid, target=target)
    after = before.with_node(link)
    return change("link-for-file", before, after, arena, if_read(before, arena, "entry-type", node.path))


def file_for_hardlink(_rng: Random, before: Subject, arena: Arena) -> Change | None:
    link = next((node for node in before.nodes if node.type is EntryType.HARDLINK), None)
    if link is None:
        return None
    file = before.node(link.target)
    after = before.with_node(replace(link, type=FILE, target="", data=file.data if file is not None else b""))
    cause = None if arena.builder is Builder.BUILDKIT else if_read(before, arena, "hardlink", link.path)
    if arena.builder is Builder.BUILDAH and not in_one_source(before, arena, link.path, link.target):
        cause = None  # alone it is a file like any other
    return change("file-for-hardlink", before, after, arena, cause)


def new_ignore_rule(rng: Random, before: Subject, arena: Arena) -> Change | None:
    spare = spare_files(before)
    if not spare:
        return None
    path = rng.choice(spare).path
    if arena.builder is Builder.BUILDAH and "txt" in path:
        return None  # it refuses a wildcard all of whose matches are ignored
    after = replace(before, ignore=(*(before.ignore or ()), path))
    below = f"{posixpath.dirname(path)}/"
    matched = any(
        word.startswith(f"{below}*") for stage in before.stages for line in stage.lines for word in line.words
    )
    if matched and not any(other.startswith(below) for other in visible(after, arena)):
        return None  # a wildcard fails in a directory that is not sent
    gone = path in reads(before, arena).entries and path not in visible(after, arena)
    cause = Expected(code="ignore-rule", names=names_of(before, path)) if gone else None
    return change("ignore-rule", before, after, arena, cause)


CONTEXT_MUTATIONS: tuple[Mutate, ...] = (
    other_content,
    other_content,
    other_mode,
    other_mode,
    other_owner,
    other_owner,
    other_xattr,
    other_time,
    other_owner_name,
    new_file,
    removed_file,
    other_target,
    link_for_file,
    file_for_hardlink,
    new_ignore_rule,
)
