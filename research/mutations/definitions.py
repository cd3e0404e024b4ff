"""How often our model of BuildKit's frontend makes the operations that the frontend made."""

from collections import Counter
from dataclasses import dataclass, field, replace
from hashlib import sha256

from layerfork.dockerfile import Dockerfile
from layerfork.dockerfile.definition.stage import NotModelledError
from layerfork.dockerfile.definition.whole import UNMODELLED
from layerfork.dockerfile.recorded import dockerfile_of
from layerfork.hypothesis.outside import definition_of
from layerfork.record.context import Digest
from layerfork.record.engine import Release
from layerfork.record.llb import LLBInput, LLBOp
from layerfork.record.record import BuildRecord
from layerfork.releases import buildkit_release
from research.mutations.opbytes import NotAtHandError, vertex_digest


@dataclass(slots=True)
class Tally:
    """How many operations of recorded builds are what the model says."""

    records: int = 0
    exact: int = 0
    not_modelled: Counter[str] = field(default_factory=Counter)
    """By reason."""
    wrong: list[str] = field(default_factory=list)
    bytes_equal: int = 0
    """Of the exact ones those whose bytes, made of the model's fields, have the engine's digest."""
    bytes_not_at_hand: Counter[str] = field(default_factory=Counter)
    bytes_wrong: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return self.exact + self.not_modelled.total() + len(self.wrong)

    @property
    def share(self) -> float:
        return self.exact / self.count if self.count else 1.0

    def text(self) -> str:
        """The counts for people."""
        lines = [
            f"{self.records} builds, {self.count} operations: {self.exact} exact ({self.share:.1%})",
            f"{len(self.wrong)} wrong, {self.not_modelled.total()} not modelled:",
            *(f"  {count} {reason}" for reason, count in self.not_modelled.most_common()),
            f"{self.bytes_equal} of the exact ones have the engine's digest, byte for byte; not compared:",
            *(f"  {count} {reason}" for reason, count in self.bytes_not_at_hand.most_common()),
        ]
        return "\n".join(lines)

    def add(self, name: str, record: BuildRecord) -> None:
        """Compare every operation of a build but the last, which only names the result."""
        assert record.definition is not None
        self.records += 1
        ops = [op for op in record.definition.ops if op.kind != "return"]
        dockerfile = dockerfile_of(record)
        try:
            assert dockerfile is not None
            made = _Made(record, dockerfile)
        except NotModelledError as error:
            self.not_modelled[str(error)] += len(ops)
            return
        equal = _equal(made.ops, ops)
        reasons = _reasons(ops, equal, made.unmodelled)
        for op in ops:
            if op.digest in equal:
                self.exact += 1
                self._compare_bytes(f"{name} {op.digest} {op.kind}", op, _texts(dockerfile), _release(record))
            elif op.digest in reasons:
                self.not_modelled[reasons[op.digest]] += 1
            else:
                self.wrong.append(f"{name} {op}")

    def _compare_bytes(self, name: str, op: LLBOp, texts: dict[str, bytes], release: Release) -> None:
        if "hidden:" in repr(op):
            self.bytes_not_at_hand["a secret"] += 1
            return
        try:
            if vertex_digest(op, texts, release) == op.digest:
                self.bytes_equal += 1
            else:
                self.bytes_wrong.append(name)
        except NotAtHandError as error:
            self.bytes_not_at_hand[str(error)] += 1


class _Made:
    """What the model makes for all platforms of a build."""

    def __init__(self, record: BuildRecord, dockerfile: Dockerfile) -> None:
        self.ops: dict[Digest, LLBOp] = {}
        self.unmodelled: dict[int, str] = {}
        several = record.request.platform.split(",") if "," in record.request.platform else [""]
        for platform in several:
            made = definition_of(record, dockerfile, platform)
            self.ops |= made.operations.ops
            self.unmodelled |= made.unmodelled


def _equal(made: dict[Digest, LLBOp], recorded: list[LLBOp]) -> set[Digest]:
    """Recorded operations that the model made: all fields equal, and all that they are built on too."""
    by_value = {(_value(op), op.inputs): op.digest for op in recorded}
    here: dict[Digest, Digest] = {}
    for digest, op in made.items():
        if op.kind == UNMODELLED or any(each.digest not in here for each in op.inputs):
            continue
        inputs = tuple(LLBInput(digest=here[each.digest], index=each.index) for each in op.inputs)
        found = by_value.get((_value(op), inputs))
        if found is not None:
            here[digest] = found
    return set(here.values())


def _value(op: LLBOp) -> LLBOp:
    """An operation without its digest, its inputs, and what is said beside it."""
    return replace(op, digest=Digest(""), inputs=(), description=(), lines=(), ignore_cache=False)


def _reasons(ops: list[LLBOp], equal: set[Digest], unmodelled: dict[int, str]) -> dict[Digest, str]:
    """Why nothing was said of an operation: its own line, or one that it builds on, or those who read it.

    One without a line of its own (a trigger of the base image) has that of what it builds on.
    """
    by_digest = {op.digest: op for op in ops}
    found: dict[Digest, str] = {}
    for op in ops:
        inputs = [by_digest[each.digest] for each in op.inputs]
        lines = op.lines or tuple(line for each in inputs for line in each.lines)
        own = next((unmodelled[line] for line in lines if line in unmodelled), "")
        below = any(each.digest in found for each in inputs)
        if op.digest not in equal and (own or below):
            found[op.digest] = own or "builds on what is not modelled"
    for op in ops:
        readers = [each for each in ops if any(read.digest == op.digest for read in each.inputs)]
        is_source = op.digest not in equal and op.source is not None and not op.lines
        if is_source and any(each.digest in found for each in readers):
            found[op.digest] = "read by what is not modelled"
    return found


def _release(record: BuildRecord) -> Release:
    assert record.engine is not None
    release = buildkit_release(record.engine.buildkit_version, record.engine.version)
    assert release is not None
    return release


def _texts(dockerfile: Dockerfile) -> dict[str, bytes]:
    """Contents of the here-documents that hold no variables, by digest."""
    texts = [document.data.encode() for each in dockerfile.instructions for document in each.heredocs]
    return {"sha256:" + sha256(text).hexdigest(): text for text in texts}
