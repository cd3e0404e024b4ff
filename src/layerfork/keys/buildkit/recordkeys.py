"""The digests under which BuildKit's cache exports list the operations of a build, and how inputs link them.

A record of a cache is an operation together with what it was executed on: its digest alone identifies
nothing. Here are, for each vertex of a definition, the digests that its own record may have, and for each of
its inputs what a link has to name.
Source: moby/buildkit solver/{cachekey,cachemanager,edge}.go, solver/llbsolver/ops/{file,exec}.go:CacheMap
@ v0.8.2 to v0.32.2.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from layerfork.dockerfile.recorded import dockerfile_of
from layerfork.keys.buildkit.buildkit_keys import doubtful_ops
from layerfork.keys.buildkit.content_digest import Contents, content_digest
from layerfork.keys.buildkit.content_tree import ContentError, ContentTree, content_tree
from layerfork.keys.buildkit.opdigest import (
    UnknownDataError,
    manifest_record,
    op_digest,
    record_digest,
)
from layerfork.keys.buildkit.opparts import InputUse, input_uses, mount_paths
from layerfork.keys.buildkit.sources import SourceParts
from layerfork.keys.unpacked import LinkLoopError
from layerfork.record.context import ContextManifest, Digest
from layerfork.record.llb import LLBOp
from layerfork.record.record import BuildRecord
from layerfork.releases import BuildKitRules, buildkit_rules

CONTENT_OUTPUT = -1


class UnknownContentError(Exception):
    """What a file of a context held is not at hand any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputKey:
    """One input of an operation: a link names the input's own record with a selector, or a content key."""

    op: Digest
    """The vertex that it is."""
    selector: str = ""
    """Of a link to the input's own record; empty for the whole result."""
    by_content: bool = False
    """Only some files are read: a link to a content key, without a selector, does as well."""
    content: Digest | None = None
    """The record digest of that content key; None when it is not known."""
    of_context: bool = False
    """The files are of a context: the step's own key tells them apart. Otherwise another step makes them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpKeys:
    """How one vertex is listed."""

    records: tuple[Digest, ...] = ()
    """Record digests that it may have; an image has one for its layers and one for its manifest. Empty: it is
    never listed (files that a client sends), or not known."""
    inputs: tuple[InputKey, ...] = ()
    unknown: str = ""
    """Why its digest is not known; empty when it is, or when there is none."""


def op_keys(record: BuildRecord, contents: Contents) -> Mapping[Digest, OpKeys]:
    """How the vertices of a recorded build are listed, by vertex; empty when no definition was recorded.

    ``contents`` gives the bytes of a context's files, and raises `UnknownContentError` where it cannot.
    """
    if record.definition is None:
        return {}
    builder = _Builder(record, contents)
    return {op.digest: builder.keys_of(op) for op in record.definition.ops}


def on_platform(record: BuildRecord, op: LLBOp, platform: str) -> Digest | None:
    """The record digest that an exec operation would have for another platform; None when not known."""
    if op.exec is None:
        return None
    digest = _Builder(record, _no_contents).digest_of(op, platform)
    return record_digest(digest) if digest else None


def _no_contents(entry: object) -> list[bytes]:
    raise UnknownContentError


class _Builder:
    def __init__(self, record: BuildRecord, contents: Contents) -> None:
        engine = record.engine
        self.rules: BuildKitRules = buildkit_rules(
            engine.buildkit_version if engine else "", engine.version if engine else ""
        )
        self.platform = f"{engine.os}/{engine.architecture}" if engine else ""
        self.ops = {op.digest: op for op in (record.definition.ops if record.definition else ())}
        self.sources = SourceParts(record=record, ops=self.ops, rules=self.rules)
        self.doubtful = doubtful_ops(record)
        self.data = _heredocs(record)
        self.contents = contents
        self.trees: dict[str, tuple[ContentTree, dict[tuple[int, bool], Digest]]] = {}

    def keys_of(self, op: LLBOp) -> OpKeys:
        if op.source is not None:
            return self._source(op)
        uses = input_uses(op, self.rules)
        inputs = tuple(self._input(op, number, use) for number, use in enumerate(uses))
        if any(source.index for source in op.inputs):
            return OpKeys(inputs=inputs, unknown="it builds on a second output of an operation")
        if _has_named_owner(op):
            return OpKeys(inputs=inputs, unknown="names of owners are looked up in an image")
        digest = self.digest_of(op, op.platform or self.platform)
        if not digest:
            return OpKeys(inputs=inputs, unknown=self._why_unknown(op))
        return OpKeys(records=(record_digest(digest),), inputs=inputs)

    def digest_of(self, op: LLBOp, platform: str) -> Digest | None:
        """The digest of an operation; None when the record does not tell it."""
        if not self.rules.known or op.digest in self.doubtful:
            return None
        try:
            return op_digest(replace(op, platform=platform), platform, self.rules, self.data)
        except UnknownDataError:
            return None

    def _why_unknown(self, op: LLBOp) -> str:
        if not self.rules.known:
            return "the version of BuildKit was not recorded"
        if op.digest in self.doubtful:
            return "the operation has fields that are newer than this program"
        if op.hides_a_value:
            return "the record hides a value of the operation"
        return "the record does not hold the text of a here-document"

    def _source(self, op: LLBOp) -> OpKeys:
        source = op.source
        assert source is not None
        if self.sources.is_context(source):
            return OpKeys()
        _, unknown, form = self.sources.parts(source, op.platform)
        records = [Digest(form)] if form else []
        name, at, digest = source.identifier.partition("@")
        if at and name.startswith("docker-image://"):
            records.append(manifest_record(digest, op.platform or self.platform))
        if form:
            return OpKeys(records=tuple(records))
        return OpKeys(records=tuple(records), unknown=", ".join(unknown) or f"what {name} is keyed by")

    def _input(self, op: LLBOp, number: int, use: InputUse) -> InputKey:
        source = op.inputs[number].digest
        paths = mount_paths(op.exec, number, self.rules) if op.exec is not None else ()
        if op.file is not None:
            paths = tuple(sorted((each.path for each in use.selectors), reverse=True))
        joined = "\0".join(paths).encode()
        selector = f"sha256:{sha256(joined).hexdigest()}" if paths else ""
        if not use.selectors:
            return InputKey(op=source, selector=selector)
        manifest = self.sources.context_of(source)
        return InputKey(
            op=source,
            selector=selector,
            by_content=True,
            content=self._content(manifest, use) if manifest is not None else None,
            of_context=manifest is not None,
        )

    def _content(self, manifest: ContextManifest, use: InputUse) -> Digest | None:
        if not manifest.complete or not self.rules.known:
            return None
        try:
            if manifest.name not in self.trees:
                self.trees[manifest.name] = content_tree(manifest, self.rules), {}
            tree, digests = self.trees[manifest.name]
            found = content_digest(tree, use.selectors, self.contents, digests)
        except (ContentError, LinkLoopError, UnknownContentError):
            return None
        return record_digest(found, CONTENT_OUTPUT)


def _has_named_owner(op: LLBOp) -> bool:
    """Whether names of owners are looked up in files of an input that no action writes to.

    Those files are selected too then, which is not modelled.
    """
    actions = op.file or ()
    written = {action.input for action in actions}
    named = [name for action in actions for name in action.owner.split(":") if "@" in name]
    return any(int(name.rpartition("@")[2]) not in written for name in named)


def _heredocs(record: BuildRecord) -> dict[Digest, bytes]:
    """Texts of here-documents as they stand in the Dockerfile, by digest: what an operation writes is
    recognised by its digest."""
    dockerfile = dockerfile_of(record)
    found: dict[Digest, bytes] = {}
    instructions = dockerfile.instructions if dockerfile is not None else ()
    for heredoc in (each for instruction in instructions for each in instruction.heredocs):
        lines = heredoc.content.splitlines(keepends=True)
        for text in (heredoc.content, "".join(line.lstrip("\t") for line in lines)):
            data = text.encode("utf-8", "surrogateescape")
            found[Digest(f"sha256:{sha256(data).hexdigest()}")] = data
    return found
