"""A stand-in for a definition that was not recorded, made of what the engine reported of its vertices.

What operations read of the context is taken from the text of plain COPY, ADD and RUN instructions; those
that read of it in any other way are left out. All else of an operation is its text. So keys made of it say
nothing by themselves; but for two builds that had one definition, whatever it was, they differ exactly
where the real ones do.
"""

import posixpath
import re

from layerfork.dockerfile import Instruction
from layerfork.dockerfile.recorded import printed_instruction
from layerfork.record.context import Digest
from layerfork.record.llb import Definition, ExecMount, ExecOp, FileAction, LLBInput, LLBOp, SourceOp
from layerfork.record.record import BuildRecord, Vertex

_PLAIN = re.compile(r"[\w@%+=:,./*?-]+")
"""A source that the frontend takes as it is written: no quotes, no brackets, nothing escaped."""
_PLAIN_PATH = re.compile(rf"(?!.*://){_PLAIN.pattern}")
_PLAIN_MOUNT = frozenset({"type", "source", "src", "target", "dst", "destination", "ro", "readonly"})
_INDIFFERENT_FLAGS = frozenset({"chown", "chmod", "from", "link", "checksum", "keep-git-dir"})
_ROOT = ExecMount(type="bind", dest="/", input=0, output=0)
_UNPACK, _REMOTE = "copy /context /", "[internal] load remote build context"
_CONTEXTS = frozenset({"[internal] load build context", _REMOTE, _UNPACK})
"""Names of the vertices that bring the main context.
Source: moby/buildkit frontend/dockerui/context.go @ v0.13.2 and v0.25.2."""
_DOCUMENT = "[internal] preparing inline document"
"""A here-document: its vertex's digest covers what it holds.
Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go:dispatchCopy @ v0.13.2 and v0.25.2."""


def definition_as_reported(record: BuildRecord) -> Definition:
    """Operations of a build's vertices, inputs as the engine reported them; those in doubt are left out."""
    texts = {digest: step.instruction for step in record.steps for digest in step.vertices}
    vertices = [vertex for vertex in record.vertices if vertex.digest]
    contexts = frozenset(vertex.digest for vertex in vertices if vertex.name in _CONTEXTS)
    ops = (_op(vertex, texts.get(vertex.digest) or vertex.name, contexts) for vertex in vertices)
    return Definition(ops=tuple(filter(None, ops)))


def _op(vertex: Vertex, text: str, contexts: frozenset[Digest]) -> LLBOp | None:
    inputs = tuple(LLBInput(digest=digest) for digest in vertex.inputs)
    if vertex.digest in contexts:
        return _context_op(vertex, inputs)
    instruction = printed_instruction(text)
    if instruction is not None and instruction.keyword == "FROM":
        source = SourceOp(identifier=f"docker-image://{instruction.arguments[0]}")
        return LLBOp(digest=vertex.digest, kind="source", source=source)
    if not inputs and vertex.name != _DOCUMENT:
        return None  # what lies at a URL may change
    if not contexts & set(vertex.inputs):
        words = (text,) if inputs else (text, vertex.digest)
        work = ExecOp(args=words, env=(), cwd="")
        return LLBOp(digest=vertex.digest, kind="exec", inputs=inputs, exec=work)
    if instruction is None:
        return None
    if instruction.keyword == "RUN":
        mounts = _mounts(instruction, vertex.inputs, contexts)
        run = ExecOp(args=(text,), env=(), cwd="", mounts=(_ROOT, *mounts))
        return LLBOp(digest=vertex.digest, kind="exec", inputs=inputs, exec=run) if mounts else None
    actions = _actions(instruction, len(inputs))
    return LLBOp(digest=vertex.digest, kind="file", inputs=inputs, file=actions) if actions else None


def _context_op(vertex: Vertex, inputs: tuple[LLBInput, ...]) -> LLBOp:
    if vertex.name == _UNPACK:
        unpack = FileAction(kind="copy", secondary_input=0, output=0, src="/context", attempt_unpack=True)
        return LLBOp(digest=vertex.digest, kind="file", inputs=inputs, file=(unpack,))
    source = SourceOp(identifier="http://build-context-" if vertex.name == _REMOTE else "local://context")
    return LLBOp(digest=vertex.digest, kind="source", source=source)


def _mounts(
    instruction: Instruction, inputs: tuple[Digest, ...], contexts: frozenset[Digest]
) -> tuple[ExecMount, ...]:
    """The bind mounts of a RUN that reads its base and the context alone; none when that is in doubt."""
    mounts = [_mount_fields(value) for value in instruction.flag_values("mount")]
    bound = [fields for fields in mounts if fields.get("type", "bind") == "bind"]
    if len(inputs) != 2 or inputs[1] not in contexts:
        return ()
    if not all(fields.keys() <= _PLAIN_MOUNT for fields in bound):
        return ()
    sources = [fields.get("source", fields.get("src", "/")) for fields in bound]
    if not all(_PLAIN.fullmatch(source) for source in sources):
        return ()
    return tuple(
        ExecMount(type="bind", dest=f"mount {number}", input=1, selector=source, readonly=True)
        for number, source in enumerate(sources, start=1)
    )


def _mount_fields(value: str) -> dict[str, str]:
    return {name: text for name, _, text in (field.partition("=") for field in value.split(","))}


def _actions(instruction: Instruction, inputs: int) -> tuple[FileAction, ...]:
    """Of a COPY or ADD whose text says all that it reads; none of any other."""
    if instruction.keyword not in ("COPY", "ADD") or inputs > 2 or not _is_plain(instruction):
        return ()
    return tuple(
        FileAction(
            kind="copy",
            input=0 if inputs > 1 else -1,
            secondary_input=inputs - 1,
            output=0,
            src=posixpath.normpath("/" + source.lstrip("/")),
            dest=instruction.text,
            follow_symlink=True,
            dir_copy_contents=True,
            allow_wildcard=True,
            allow_empty_wildcard=True,
        )
        for source in instruction.sources
    )


def _is_plain(instruction: Instruction) -> bool:
    """Every source is a path as written, and nothing but its place decides what is read."""
    if instruction.json or instruction.heredocs or not instruction.sources:
        return False
    are_indifferent = dict(instruction.flags).keys() <= _INDIFFERENT_FLAGS
    return are_indifferent and all(map(_PLAIN_PATH.fullmatch, instruction.sources))
