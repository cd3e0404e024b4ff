"""Operations as the frontend would have made them of other texts, variables or options."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from layerfork.dockerfile.definition import SHARED_MEMORY, Evaluated, Fields
from layerfork.dockerfile.definition.operations import SHARED_MEMORY_PLACE, named, written_file
from layerfork.hypothesis.unappliable import ContradictedError, UnappliableError
from layerfork.record.context import Digest
from layerfork.record.llb import ExecMount, ExecOp, FileAction, LLBOp

_INPUT_OF_NAME = re.compile(r"@-?\d+(?=:|$)")
_Made = TypeVar("_Made", ExecOp, FileAction)


def with_fields(op: LLBOp, before: Evaluated, after: Evaluated) -> LLBOp:
    """The operation with those fields replaced that the model says come out otherwise.

    Raises: UnappliableError.
    """
    op = _with_platform(op, before, after)
    if made_of(before) == made_of(after):
        return op
    text = after.instruction.text
    for each in (before, after):
        if each.problem:
            raise UnappliableError(f"what the frontend makes of {text} is unknown: {each.problem}")
    assumed = sorted(after.assumed - before.assumed)
    if assumed:
        raise UnappliableError(f"whether the base image sets {', '.join(assumed)} was not recorded")
    if before.fixed != after.fixed:
        raise UnappliableError(f"what the frontend makes of the options of {text} is not modelled")
    if op.exec is not None and before.run is not None and after.run is not None:
        return replace(op, exec=_patched(op.exec, before.run, after.run, text))
    if op.file is not None and len(op.file) == len(before.actions) == len(after.actions):
        pairs = zip(op.file, before.actions, after.actions, strict=True)
        return replace(op, file=tuple(_patched(action, old, new, text) for action, old, new in pairs))
    if op.exec is None and op.file is None:
        return op
    raise UnappliableError(f"the frontend makes other operations of {text}")


def with_documents(read: Sequence[LLBOp], before: Evaluated, after: Evaluated) -> dict[Digest, LLBOp]:
    """Of what a copy reads, the operations that write here-documents whose text comes out otherwise, by
    their digests as they were.

    Raises: UnappliableError.
    """
    text = after.instruction.text
    if len(before.documents) != len(after.documents):
        raise UnappliableError(f"the frontend makes other operations of {text}")
    writers = [each for each in read if each.file is not None and _writes_a_document(each.file)]
    found: dict[Digest, LLBOp] = {}
    for heredoc, old, new in zip(after.instruction.heredocs, before.documents, after.documents, strict=True):
        if old == new:
            continue
        mode = writers[0].file[0].mode if writers and writers[0].file else 0
        was = written_file(heredoc.name, old, mode).file
        made = written_file(heredoc.name, new, mode).file
        own = next((each for each in writers if each.file == was), None)
        if own is None:
            raise UnappliableError(f"what the frontend makes of a here-document of {text} is not known")
        found[own.digest] = named(replace(own, file=made))
    return found


def _writes_a_document(actions: Sequence[FileAction]) -> bool:
    return [each.kind for each in actions] == ["mkfile"]


def made_of(evaluated: Evaluated) -> tuple[object, ...]:
    """What the frontend makes of an instruction, without what it was made of."""
    return evaluated.run, evaluated.actions, evaluated.documents, evaluated.fixed


def _with_platform(op: LLBOp, before: Evaluated, after: Evaluated) -> LLBOp:
    if before.platform == after.platform or not op.platform:
        return op
    if op.platform != before.platform:
        raise UnappliableError(f"the frontend built {before.instruction.text} for {op.platform}")
    return replace(op, platform=after.platform)


def _patched(made: _Made, before: Fields, after: Fields, text: str) -> _Made:
    changes = {name: value for name, value in after.items() if before.get(name) != value}
    for name in changes:
        if _recorded(made, name) != before.get(name):
            raise ContradictedError(f"the frontend made another {name} of {text} than the model says")
    size = changes.pop(SHARED_MEMORY, None)
    if isinstance(made, ExecOp) and isinstance(size, int):
        changes["mounts"] = _with_shared_memory(made.mounts, size)
    return replace(made, **changes)  # type: ignore[arg-type]


def _recorded(made: ExecOp | FileAction, name: str) -> object:
    """A field as it was recorded; owners without the inputs that hold their names."""
    if name == SHARED_MEMORY:
        mounts = made.mounts if isinstance(made, ExecOp) else ()
        return sum(mount.tmpfs_size for mount in mounts if mount.dest == SHARED_MEMORY_PLACE)
    value = getattr(made, name)
    return _INPUT_OF_NAME.sub("", value) if name == "owner" else value


def _with_shared_memory(mounts: tuple[ExecMount, ...], size: int) -> tuple[ExecMount, ...]:
    """Mounts are sorted by their place. Source: moby/buildkit client/llb/exec.go:Marshal @ v0.13.2."""
    own = [mount for mount in mounts if mount.dest != SHARED_MEMORY_PLACE]
    own += [ExecMount(type="tmpfs", dest=SHARED_MEMORY_PLACE, tmpfs_size=size)] if size else []
    return tuple(sorted(own, key=lambda mount: mount.dest))
