"""A stand-in for a definition that nobody saw, made of what the engine reported of its vertices.

It holds the operations whose text leaves no doubt about what they read: plain COPY and ADD of the context
or of another stage, RUN without mounts of files, WORKDIR. All else of an operation is its text. So keys
made of it say nothing by themselves; but for two builds that had one definition, whatever it was, they
differ exactly where the real ones do.
"""

import posixpath
import re
from collections.abc import Mapping

from layerfork.dockerfile import Instruction, parse_instruction
from layerfork.errors import UsageError
from layerfork.model.context import Digest
from layerfork.model.llb import Definition, ExecMount, ExecOp, FileAction, LLBInput, LLBOp, SourceOp
from layerfork.model.record import BuildRecord, Vertex

_PLAIN = re.compile(r"[\w@%+=:,./*?-]+")
"""A source that the frontend takes as it is written: no quotes, no brackets, nothing escaped."""
_INDIFFERENT_FLAGS = frozenset({"chown", "chmod", "from", "link", "checksum", "keep-git-dir"})
_ROOT = ExecMount(type="bind", dest="/", input=0, output=0)


def definition_as_told(record: BuildRecord) -> Definition:
    """Operations of a build's vertices, inputs as the engine reported them; those in doubt are left out."""
    texts = {digest: step.instruction for step in record.steps for digest in step.vertices[:1]}
    ops = (_op(vertex, texts) for vertex in record.vertices)
    return Definition(ops=tuple(op for op in ops if op is not None))


def _op(vertex: Vertex, texts: Mapping[Digest, str]) -> LLBOp | None:
    inputs = tuple(LLBInput(digest=digest) for digest in vertex.inputs)
    text = texts.get(vertex.digest)
    if text is None:
        return _context_op(vertex, inputs)
    if text.upper().startswith("FROM "):
        name = text.split()[-1] if " AS " not in text.upper() else text.split()[1]
        source = SourceOp(identifier=f"docker-image://{name}")
        return LLBOp(digest=vertex.digest, kind="source", source=source)
    try:
        instruction = parse_instruction(text)
    except UsageError:
        return None
    if instruction.keyword == "RUN" and len(inputs) == 1:
        exec_ = ExecOp(args=(text,), env=(), cwd="", mounts=(_ROOT,))
        return LLBOp(digest=vertex.digest, kind="exec", inputs=inputs, exec=exec_)
    actions = _actions(instruction, len(inputs))
    return LLBOp(digest=vertex.digest, kind="file", inputs=inputs, file=actions) if actions else None


def _context_op(vertex: Vertex, inputs: tuple[LLBInput, ...]) -> LLBOp | None:
    """Where files of the context come from.
    Source: moby/buildkit frontend/dockerui/context.go @ v0.13.2 and v0.25.2 (names of the vertices)."""
    match vertex.name:
        case "[internal] load build context":
            source = SourceOp(identifier="local://context")
            return LLBOp(digest=vertex.digest, kind="source", source=source)
        case "[internal] load remote build context":
            source = SourceOp(identifier="http://build-context-")
            return LLBOp(digest=vertex.digest, kind="source", source=source)
        case "copy /context /":
            unpack = FileAction(kind="copy", secondary_input=0, output=0, src="/context", attempt_unpack=True)
            return LLBOp(digest=vertex.digest, kind="file", inputs=inputs, file=(unpack,))
        case _:
            return None


def _actions(instruction: Instruction, inputs: int) -> tuple[FileAction, ...]:
    """Of a COPY, ADD or WORKDIR whose text says all; none of any other."""
    base = 0 if inputs > 1 or instruction.keyword == "WORKDIR" else -1
    if instruction.keyword == "WORKDIR" and inputs == 1:
        return (FileAction(kind="mkdir", input=base, output=0, dest=instruction.text),)
    if instruction.keyword not in ("COPY", "ADD") or not 1 <= inputs <= 2 or not _is_plain(instruction):
        return ()
    return tuple(
        FileAction(
            kind="copy",
            input=base,
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
    sources = instruction.sources
    paths = all(_PLAIN.fullmatch(source) and "://" not in source for source in sources)
    flags = all(name in _INDIFFERENT_FLAGS for name, _ in instruction.flags)
    return bool(sources) and paths and flags and not instruction.json
