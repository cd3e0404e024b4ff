"""How operations are put together: their inputs, each once, and a digest by which others name them."""

import posixpath
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256

from layerfork.dockerfile.definition.fields import Fields
from layerfork.dockerfile.definition.rules import FrontendRules
from layerfork.record.context import Digest
from layerfork.record.llb import FileAction, LLBInput, LLBOp

MAIN_CONTEXT = ""
"""What `Place.find` calls the context of the build."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the operations of an instruction go."""

    built_on: Digest | None
    """What its stage is so far; None for nothing."""
    platform: str
    rules: FrontendRules
    find: Callable[[str], Digest | None]
    """The result that ``--from`` names, or `MAIN_CONTEXT`; None for an empty one.
    Raises: NotModelledError."""
    put: Callable[[LLBOp], Digest]
    """Takes an operation into the definition."""


@dataclass(slots=True)
class InputList:
    """Inputs of an operation in the order in which they are first read."""

    digests: list[Digest] = field(default_factory=list)

    def index(self, digest: Digest | None) -> int:
        """The number of an input; -1 for none."""
        if digest is None:
            return -1
        if digest not in self.digests:
            self.digests.append(digest)
        return self.digests.index(digest)

    def listed(self) -> tuple[LLBInput, ...]:
        return tuple(LLBInput(digest=digest) for digest in self.digests)


def named(op: LLBOp) -> LLBOp:
    """The operation under a digest of its own: equal for equal operations with equal inputs.

    It is not the one that BuildKit computes of the operation's bytes.
    """
    text = repr((op.kind, op.inputs, op.exec, op.file, op.source, op.platform))
    return replace(op, digest=Digest("sha256:" + sha256(text.encode("utf-8", "surrogatepass")).hexdigest()))


def file_operation(actions: tuple[FileAction, ...], inputs: InputList) -> LLBOp:
    """The operation of some file actions; it has no platform."""
    return named(LLBOp(digest=_NONE, kind="file", inputs=inputs.listed(), file=actions))


def written_file(name: str, data: Fields, mode: int) -> LLBOp:
    """An operation that writes one file into nothing: a here-document."""
    path = posixpath.normpath(posixpath.join("/", name))
    action = FileAction(kind="mkfile", output=0, dest=path, mode=mode, **data)  # type: ignore[arg-type]
    return file_operation((action,), InputList())


def owner_in(owner: str, base: int) -> str:
    """An owner as an operation holds it: names with the input that tells their numbers."""
    return ":".join(f"{each}@{base}" if each and not each.isdecimal() else each for each in owner.split(":"))


_NONE = Digest("")
