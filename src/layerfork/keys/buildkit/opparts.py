"""A BuildKit operation as key parts, and what it takes from each of its inputs."""

import json
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from layerfork.keys.buildkit.content_tree import Selector, has_wildcard, outermost
from layerfork.keys.buildkit.opdigest import counts_mounts, kept_cache_id
from layerfork.record.cachekey import KeyPart, KeyPlace
from layerfork.record.llb import ExecMount, ExecOp, FileAction, LLBOp
from layerfork.releases import BuildKitRules

# What an operation takes from each of its inputs: the whole result, or some files by content.
#
# Source: moby/buildkit solver/llbsolver/ops/file.go:CacheMap and exec.go:getMountDeps @ v0.8.2 to v0.32.2.


_WITHOUT_FILES = frozenset({"secret", "ssh", "tmpfs"})
"""Types of mounts that bring no files of an input."""


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
    return tuple(_paths(_file_mounts(exec_).get(index, []), rules))


def _file_mounts(exec_: ExecOp) -> dict[int, list[ExecMount]]:
    """The mounts of each input whose files they bring."""
    mounts: dict[int, list[ExecMount]] = {}
    for mount in exec_.mounts:
        if mount.type not in _WITHOUT_FILES:
            mounts.setdefault(mount.input, []).append(mount)
    return mounts


def _paths(mounts: list[ExecMount], rules: BuildKitRules) -> list[str]:
    return [_path(mount) for mount in mounts if rules.whole_mounts or mount.selector]


def _mount_selectors(exec_: ExecOp, rules: BuildKitRules) -> dict[int, tuple[Selector, ...]]:
    by_content = _last_is_read if rules.whole_mounts else _all_are_read
    mounts = _file_mounts(exec_).items()
    return {index: _selectors(own, rules) for index, own in mounts if index >= 0 and by_content(own)}


def _last_is_read(mounts: list[ExecMount]) -> bool:
    """Whether an input may match by content: of several mounts the last one says so."""
    last = mounts[-1]
    return last.dest != "/" and (last.output == -1 or last.readonly or _path(last) == "/")


def _all_are_read(mounts: list[ExecMount]) -> bool:
    """The same up to 0.12, where every mount counts."""
    return all(mount.output == -1 or (mount.readonly and mount.dest != "/") for mount in mounts)


def _selectors(mounts: list[ExecMount], rules: BuildKitRules) -> tuple[Selector, ...]:
    """What is read of an input; up to 0.12 a mount of all files is forgotten beside one of some."""
    paths = _paths(mounts, rules)
    if not paths or "/" in paths:
        return (Selector(path="/", follow_links=False),)
    return tuple(Selector(path=path) for path in outermost(paths))


def _path(mount: ExecMount) -> str:
    return posixpath.join("/", mount.selector.lstrip("/"))


# A BuildKit operation as key parts: equal for two operations exactly when their op digests are.

PLAIN_ROOT = "bind, /, input 0, output 0"
"""The mount that every RUN has. When mounts count there is another part that says so."""


def op_parts(op: LLBOp, platform: str, rules: BuildKitRules) -> list[KeyPart]:
    """Parts of an exec, file or merge op, without what its inputs contribute."""
    if op.exec is not None:
        return list(_exec_parts(op.exec, op.platform or platform, rules))
    if op.file is not None:
        return list(_file_parts(op.file, len(op.inputs), rules))
    if op.kind == "merge":
        form = _spelling(rules.zero_indexes)
        return [
            KeyPart(cause="instruction", field="merge", value=f"{len(op.inputs)} inputs"),
            KeyPart(cause="engine-version", field="merge inputs", value=form),
        ]
    return [KeyPart(cause="instruction", field="op", value=op.kind)]


def _exec_parts(exec_: ExecOp, platform: str, rules: BuildKitRules) -> Iterator[KeyPart]:
    yield KeyPart(cause="instruction", field="args", value=json.dumps(exec_.args, ensure_ascii=False))
    yield KeyPart(cause="instruction", field="cwd", value=exec_.cwd)
    yield KeyPart(cause="platform", field="platform", value=platform)
    names = [entry.partition("=")[0] for entry in exec_.env]
    for entry in exec_.env:
        name, _, value = entry.partition("=")
        yield KeyPart(cause="env", path=name, field="env", value=value)
    if len(names) > 1:
        yield KeyPart(cause="instruction-order", field="order of env", value=" ".join(names))
    if exec_.user:
        yield KeyPart(cause="instruction", field="user", value=exec_.user)
    yield from _option_parts(exec_)
    if counts_mounts(exec_.mounts, rules):
        yield KeyPart(cause="engine-version", field="mount inputs", value=_spelling(rules.zero_indexes))
        for number, mount in enumerate(exec_.mounts):
            text = _mount_text(mount, rules)
            if text != PLAIN_ROOT:
                yield KeyPart(cause="mount", path=mount.dest, field=f"mount {number}", value=text)


def _option_parts(exec_: ExecOp) -> Iterator[KeyPart]:
    if exec_.network != "sandbox":
        yield KeyPart(cause="network", field="network", value=exec_.network)
    hosts = " ".join(host for host, _ in exec_.extra_hosts)
    options = (
        ("add-host", hosts),
        ("hostname", exec_.hostname),
        ("ulimit", " ".join(exec_.ulimits)),
        ("cgroup-parent", exec_.cgroup_parent),
        ("security", exec_.security if exec_.security != "sandbox" else ""),
        ("valid-exit-codes", " ".join(map(str, exec_.valid_exit_codes))),
    )
    for name, value in options:
        if value:
            yield KeyPart(cause="run-option", field=name, value=value)
    for secret, name in exec_.secret_env:
        optional = ", optional" if name in exec_.optional_secret_env else ""
        yield KeyPart(cause="mount", path=name, field="secret env", value=f"{secret}{optional}")
    if not exec_.remove_mount_stubs_recursive:
        yield KeyPart(cause="frontend", field="removeMountStubsRecursive", value="false")


def _mount_text(mount: ExecMount, rules: BuildKitRules) -> str:
    """A mount as far as it counts: no selector, and no cache id that a person chose."""
    words = [mount.type, mount.dest, f"input {mount.input}", f"output {mount.output}"]
    if mount.readonly:
        words.append("readonly")
    if mount.type == "cache":
        kept = " ".join(filter(None, kept_cache_id(mount, rules)))
        words.append(f"cache {kept or 'of another id'}")
    if mount.type == "tmpfs":
        words.append(f"size {mount.tmpfs_size}")
    if mount.type in ("secret", "ssh"):
        words.append(f"id {mount.secret_id} mode {mount.secret_mode:04o}")
        words.append(f"owner {mount.secret_uid}:{mount.secret_gid}")
        words.append("optional" if mount.optional else "required")
    return ", ".join(words)


def _file_parts(actions: tuple[FileAction, ...], inputs: int, rules: BuildKitRules) -> Iterator[KeyPart]:
    for number, action in enumerate(actions, start=1):
        places = (KeyPlace("action", number),) if number > 1 else ()
        for field, value in _action_fields(action, inputs):
            yield KeyPart(cause="instruction", field=field, value=value, places=places)
    if any(action.owner for action in actions):
        yield KeyPart(cause="engine-version", field="owner", value=rules.owner_json.value)
    wiring = [(action.input, action.secondary_input, action.output) for action in actions]
    yield KeyPart(cause="instruction", field="wiring", value=json.dumps(wiring))


def _action_fields(action: FileAction, inputs: int) -> Iterator[tuple[str, str]]:
    yield "action", action.kind
    if action.src:
        from_input = 0 <= action.secondary_input < inputs
        yield "src", posixpath.basename(action.src.rstrip("/")) or "/" if from_input else action.src
    yield "dest", action.dest
    if action.mode != -1 or action.mode_str:
        yield "mode", action.mode_str or f"{action.mode:04o}"
    if action.owner:
        yield "owner", action.owner
    if action.data is not None:
        yield "data", action.data
    if action.timestamp != -1:
        yield "timestamp", str(action.timestamp)
    for field, patterns in (("include", action.include_patterns), ("exclude", action.exclude_patterns)):
        if patterns:
            yield field, json.dumps(patterns, ensure_ascii=False)
    if action.required_paths:
        yield "required", json.dumps(action.required_paths, ensure_ascii=False)
    yield "options", " ".join(name for name, on in _switches(action) if on)


def _switches(action: FileAction) -> tuple[tuple[str, bool], ...]:
    return (
        ("follow-links", action.follow_symlink),
        ("copy-contents", action.dir_copy_contents),
        ("unpack", action.attempt_unpack),
        ("create-destination", action.create_dest_path),
        ("wildcard", action.allow_wildcard),
        ("empty-wildcard", action.allow_empty_wildcard),
        ("always-replace", action.always_replace),
        ("make-parents", action.make_parents),
    )


def _spelling(zero_indexes: bool) -> str:
    return "zeros written" if zero_indexes else "zeros left out"
