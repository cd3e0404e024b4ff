"""What the layers of a build's image say of the context that it copied from.

A layer of COPY holds names, modes and bytes of what was copied. It does not hold the mode of a directory that
was named as the source, because the target's directory has its own.
Source: seen so on 28.5 with both stores (tests/engines/test_image_files.py).
"""

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from posixpath import basename, normpath

from layerfork.app.history.trees import Tree
from layerfork.builders.api.savedimages import SavedLayer, has_below
from layerfork.dockerfile import LAYERED, keyword_of
from layerfork.keys.buildkit.sources import SourceParts
from layerfork.record.context import ContextEntry, Digest, EntryType
from layerfork.record.gopath import context_path, has_wildcard
from layerfork.record.llb import FileAction, LLBOp
from layerfork.record.record import BuildRecord, StepRecord

LayersOf = Callable[[BuildRecord], Sequence[SavedLayer]]
"""The layers of a build's image; none where the engine does not have it any more."""
_BY_BUILDKIT = " # buildkit"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copied:
    """What one COPY took from the context."""

    source: str
    """Path in the context; empty for all of it."""
    entries: tuple[ContextEntry, ...]
    """All that lies at that path, or below it when it is a directory."""
    is_directory: bool
    exact: bool
    """Whether nothing that a key reads is left out."""

    @property
    def place(self) -> tuple[str, bool]:
        """What it is a copy of."""
        return self.source, self.is_directory

    def replaced(self, entries: Sequence[ContextEntry]) -> list[ContextEntry]:
        """Entries of a context with these in their place."""
        kept = [each for each in entries if not self._covers(context_path(each.name))]
        return sorted([*kept, *self.entries], key=lambda each: each.name)

    def _covers(self, path: str) -> bool:
        if not self.is_directory:
            return path == self.source
        return path.startswith(f"{self.source}/") if self.source else True


def with_images(trees: Sequence[Tree], layers_of: Callable[[Tree], Sequence[SavedLayer]]) -> tuple[Tree, ...]:
    """Builds whose contexts are those of commits, with the files that layers of their images show instead.

    Only what the images of all these builds show: a file that git does not have is there in each of them, or
    is looked for in none. A step that is not surely understood says nothing: one that reads another stage's
    files, sets owners or modes, leaves files out, unpacks, has wildcards, or copies to where something was
    before.
    """
    found = [_shown_by(each, layers_of(each)) for each in trees]
    sources = [{copied.place for own in shown.values() for copied in own} for shown, _ in found]
    common = frozenset.intersection(*map(frozenset, sources))
    return tuple(
        _with_files(tree, shown, readers, common) for tree, (shown, readers) in zip(trees, found, strict=True)
    )


def _with_files(
    tree: Tree,
    shown: Mapping[int, Sequence[_Copied]],
    readers: frozenset[int],
    common: Container[tuple[str, bool]],
) -> Tree:
    kept = {step: own for step, own in shown.items() if all(each.place in common for each in own)}
    manifest = tree.record.context
    if manifest is None or not kept:
        return tree
    entries: Sequence[ContextEntry] = manifest.entries
    for own in kept.values():
        for each in own:
            entries = each.replaced(entries)
    return replace(
        tree,
        record=replace(tree.record, context=replace(manifest, entries=tuple(entries))),
        readers=readers,
        shown={step: all(each.exact for each in own) for step, own in kept.items()},
    )


def _shown_by(
    tree: Tree, layers: Sequence[SavedLayer]
) -> tuple[Mapping[int, Sequence[_Copied]], frozenset[int]]:
    """What the layers of an image show of each step that reads a context; and all such steps."""
    record = tree.record
    rows = _rows(record, layers)
    if record.context is None or not rows:
        return {}, frozenset()
    ops = {op.digest: op for op in record.definition.ops} if record.definition is not None else {}
    sources = SourceParts(record=record, ops=ops)
    readers = [step for step in record.steps if _reads(step, ops, sources)]
    shown: dict[int, Sequence[_Copied]] = {}
    for step in readers:
        if step.index in rows:
            copied = tuple(_copied_by(step, ops, sources, layers, rows[step.index]))
            known = [each for each in copied if each is not None]
            if known and len(known) == len(copied):
                shown[step.index] = known
    return shown, frozenset(step.index for step in readers)


def _rows(record: BuildRecord, layers: Sequence[SavedLayer]) -> Mapping[int, int]:
    """The place of the layer of each step of the last stage; empty when they do not fit."""
    last = record.steps[-1].stage if record.steps else 0
    own = [each for each in record.steps if each.stage == last and keyword_of(each.instruction) in LAYERED]
    if len({each.platform for each in record.steps}) > 1 or len(own) > len(layers):
        return {}
    first = len(layers) - len(own)
    rows = {step.index: first + place for place, step in enumerate(own)}
    fit = all(_fits(step, layers[rows[step.index]].created_by) for step in own)
    return rows if fit else {}


def _fits(step: StepRecord, created_by: str) -> bool:
    if keyword_of(step.instruction) == "COPY":
        return created_by.removesuffix(_BY_BUILDKIT) == step.instruction
    return keyword_of(created_by) == keyword_of(step.instruction)


def _ops_of(step: StepRecord, ops: Mapping[Digest, LLBOp]) -> Iterator[LLBOp]:
    return (ops[digest] for digest in step.vertices if digest in ops)


def _reads(step: StepRecord, ops: Mapping[Digest, LLBOp], sources: SourceParts) -> bool:
    """Whether a step reads a context, also a named one."""
    inputs = [each.digest for op in _ops_of(step, ops) for each in op.inputs]
    below = (ops.get(digest) for digest in inputs)
    return any(op is not None and op.source is not None and sources.is_context(op.source) for op in below)


def _copied_by(
    step: StepRecord,
    ops: Mapping[Digest, LLBOp],
    sources: SourceParts,
    layers: Sequence[SavedLayer],
    row: int,
) -> Iterator[_Copied | None]:
    """What each of a step's sources was; None for one that is not understood."""
    manifest = sources.record.context
    own = list(_ops_of(step, ops))
    if len(own) != 1 or own[0].file is None or manifest is None:
        yield None
        return
    types = {context_path(each.name): each.type for each in manifest.entries}
    directories = 0
    for action in own[0].file:
        place = action.secondary_input
        plain = _is_plain(action) and 0 <= place < len(own[0].inputs)
        if not plain or sources.context_of(own[0].inputs[place].digest) is not manifest:
            yield None
            return
        found = _copied(action, types, layers, row)
        directories += found is not None and found.is_directory
        yield found
    if directories and len(own[0].file) > 1:
        yield None  # two directories were merged in one


def _is_plain(action: FileAction) -> bool:
    return action.kind == "copy" and not (
        action.owner
        or action.mode != -1
        or action.mode_str
        or action.attempt_unpack
        or action.include_patterns
        or action.exclude_patterns
        or action.required_paths
        or has_wildcard(action.src)
    )


def _copied(
    action: FileAction, types: Mapping[str, EntryType], layers: Sequence[SavedLayer], row: int
) -> _Copied | None:
    path = normpath(action.src).strip("/")
    source = "" if path == "." else path
    target = normpath(action.dest).strip("/")
    is_directory = not source or types.get(source) is EntryType.DIRECTORY
    if is_directory:
        return _directory(source, target, layers, row)
    place = f"{target}/{basename(source)}".lstrip("/") if action.dest.endswith("/") else target
    entry = layers[row].entries.get(place)
    if entry is None or entry.type is not EntryType.FILE or has_below(layers[:row], place):
        return None
    known = types.get(source)
    if known is not EntryType.FILE and (known is not None or not _is_alone(place, layers[row])):
        return None
    # What the commit does not have might be a directory with one file of the same name.
    exact = known is EntryType.FILE
    return _Copied(source=source, entries=(replace(entry, name=source),), is_directory=False, exact=exact)


def _is_alone(path: str, layer: SavedLayer) -> bool:
    """Whether a layer holds one file, and the directories above it."""
    return all(path == each or path.startswith(f"{each}/") for each in layer.entries)


def _directory(source: str, target: str, layers: Sequence[SavedLayer], row: int) -> _Copied | None:
    """What was copied into a directory that no layer below has."""
    own = layers[row].entries
    top = own.get(target)
    if top is None or top.type is not EntryType.DIRECTORY or has_below(layers[:row], target):
        return None
    found: list[ContextEntry] = []
    for path, entry in own.items():
        if path.startswith(f"{target}/"):
            if entry is None:
                return None
            below = path.removeprefix(f"{target}/")
            found.append(replace(entry, name=f"{source}/{below}" if source else below))
    return _Copied(source=source, entries=tuple(found), is_directory=True, exact=not source)


def shows_all(tree: Tree, step: int) -> bool | None:
    """Whether the image shows all that a step and those before it read of the context: None when it does not
    show every one of them, False when it shows all but a directory's own mode."""
    wanted = [index for index in tree.readers if index <= step]
    if not wanted or any(index not in tree.shown for index in wanted):
        return None
    return all(tree.shown[index] for index in wanted)
