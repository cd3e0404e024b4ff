"""What an operation takes from each of its inputs: the whole result, or some files by content.

Source: moby/buildkit solver/llbsolver/ops/file.go:CacheMap and exec.go:getMountDeps @ v0.8.2 to v0.32.2.
"""

import posixpath
from dataclasses import dataclass

from layerfork.keys.buildkit.rules import BuildKitRules
from layerfork.keys.content.selection import Selector, has_wildcard, outermost
from layerfork.record.llb import ExecMount, ExecOp, FileAction, LLBOp


@dataclass(frozen=True, slots=True, kw_only=True)
class InputUse:
    """How one input of an operation enters its key."""

    selectors: tuple[Selector, ...] = ()
    """The files that are read of it, when the input may match by content; empty: it must match as a
    whole result."""


def input_uses(op: LLBOp, rules: BuildKitRules) -> tuple[InputUse, ...]:
    """One for each input, in order."""
    if op.file is not None:
        found = _file_selectors(op.file, len(op.inputs))
    elif op.exec is not None:
        found = _mount_selectors(op.exec, rules)
    else:
        found = {}
    return tuple(InputUse(selectors=found.get(index, ())) for index in range(len(op.inputs)))


def _file_selectors(actions: tuple[FileAction, ...], inputs: int) -> dict[int, tuple[Selector, ...]]:
    found: dict[int, list[Selector]] = {}
    written = {action.input for action in actions}
    for action in actions:
        source = action.secondary_input
        if action.kind != "copy" or not 0 <= source < inputs or source in written:
            continue
        selector = Selector(
            path=action.src,
            follow_links=action.follow_symlink,
            wildcard=action.allow_wildcard and has_wildcard(action.src),
            include=action.include_patterns,
            exclude=action.exclude_patterns,
        )
        found.setdefault(source, []).append(selector)
    return {source: tuple(selectors) for source, selectors in found.items()}


def mount_paths(exec_: ExecOp, index: int, rules: BuildKitRules) -> tuple[str, ...]:
    """What mounts read of one input, in their order: a link to the input's record bears their digest. Up to
    0.12 a mount of all files has no path."""
    mounts = (mount for mount in exec_.mounts if mount.input == index)
    files = (mount for mount in mounts if mount.type not in ("secret", "ssh", "tmpfs"))
    return tuple(_path(mount) for mount in files if rules.whole_mounts or mount.selector)


def _mount_selectors(exec_: ExecOp, rules: BuildKitRules) -> dict[int, tuple[Selector, ...]]:
    mounts: dict[int, list[ExecMount]] = {}
    for mount in exec_.mounts:
        if mount.input >= 0 and mount.type not in ("secret", "ssh", "tmpfs"):
            mounts.setdefault(mount.input, []).append(mount)
    by_content = _last_is_read if rules.whole_mounts else _all_are_read
    return {index: _selectors(own, rules) for index, own in mounts.items() if by_content(own)}


def _last_is_read(mounts: list[ExecMount]) -> bool:
    """Whether an input may match by content: of several mounts the last one says so."""
    last = mounts[-1]
    return last.dest != "/" and (last.output == -1 or last.readonly or _path(last) == "/")


def _all_are_read(mounts: list[ExecMount]) -> bool:
    """Likewise up to 0.12, where every mount has a say."""
    return all(mount.output == -1 or (mount.readonly and mount.dest != "/") for mount in mounts)


def _selectors(mounts: list[ExecMount], rules: BuildKitRules) -> tuple[Selector, ...]:
    """What is read of an input; up to 0.12 a mount of all files is forgotten beside one of some."""
    paths = [_path(mount) for mount in mounts if rules.whole_mounts or mount.selector]
    if not paths or "/" in paths:
        return (Selector(path="/", follow_links=False),)
    return tuple(Selector(path=path) for path in outermost(paths))


def _path(mount: ExecMount) -> str:
    return posixpath.join("/", mount.selector.lstrip("/"))
