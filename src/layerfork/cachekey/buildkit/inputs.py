"""What an operation takes from each of its inputs: the whole result, or some files by content.

Source: moby/buildkit solver/llbsolver/ops/file.go:CacheMap and exec.go:getMountDeps @ v0.13.2, the same
in v0.32.2.
"""

import posixpath
from dataclasses import dataclass

from layerfork.cachekey.buildkit.content.selection import Selector, has_wildcard, outermost
from layerfork.model.llb import ExecOp, FileAction, LLBOp


@dataclass(frozen=True, slots=True, kw_only=True)
class InputUse:
    """How one input of an operation enters its key."""

    selectors: tuple[Selector, ...] = ()
    """The files that are read of it, when the input may match by content; empty: it must match as a
    whole result."""


def input_uses(op: LLBOp) -> tuple[InputUse, ...]:
    """One for each input, in order."""
    if op.file is not None:
        found = _file_selectors(op.file, len(op.inputs))
    elif op.exec is not None:
        found = _mount_selectors(op.exec)
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


def _mount_selectors(exec_: ExecOp) -> dict[int, tuple[Selector, ...]]:
    paths: dict[int, list[str]] = {}
    by_content: dict[int, bool] = {}
    for mount in exec_.mounts:
        if mount.input < 0 or mount.type in ("secret", "ssh", "tmpfs"):
            continue
        path = posixpath.join("/", mount.selector.lstrip("/"))
        paths.setdefault(mount.input, []).append(path)
        safe = mount.output == -1 or mount.readonly or path == "/"
        by_content[mount.input] = safe and mount.dest != "/"
    return {index: _whole_or(outermost(selected)) for index, selected in paths.items() if by_content[index]}


def _whole_or(paths: list[str]) -> tuple[Selector, ...]:
    if "/" in paths:
        return (Selector(path="/", follow_links=False),)
    return tuple(Selector(path=path) for path in paths)
