"""The fields of BuildKit's operations that text, variables and options of an instruction decide.

Names are those of `model.llb.ExecOp` and `model.llb.FileAction`.
Source: moby/buildkit frontend/dockerfile/dockerfile2llb/{convert,convert_copy}.go:{dispatchRun,dispatchCopy,
dispatchWorkdir} and client/llb/fileop.go:WithUser @ v0.13.2 and 73ed6825c.
"""

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256

from layerfork.dockerfile.definition.stage import FrontendStage
from layerfork.dockerfile.grammar import NEWEST
from layerfork.dockerfile.instruction import Heredoc, Instruction
from layerfork.dockerfile.parse.heredoc import opens_heredoc

Fields = Mapping[str, object]
Expand = Callable[[str], str]
_OCTAL = frozenset("01234567")
_DECIMAL = re.compile(r"[0-9]{1,9}")
SHARED_MEMORY = "shared memory"
"""Bytes that ``--shm-size`` asks for: a field of no operation, but one more mount.
Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go:dispatchRun @ v0.13.2."""


def exec_fields(instruction: Instruction, stage: FrontendStage, options: Fields) -> dict[str, object]:
    """What a RUN becomes. ``options`` are fields that the request decides for every RUN."""
    network = instruction.flag("network", "default")
    return {
        **options,
        "args": _command(instruction, stage),
        "env": tuple(f"{name}={value}" for name, value in stage.scope.values().items()),
        "cwd": stage.directory or "/",
        "user": stage.user,
        "network": options.get("network", "sandbox") if network == "default" else network,
        "security": instruction.flag("security", "sandbox"),
    }


def _command(instruction: Instruction, stage: FrontendStage) -> tuple[str, ...]:
    if instruction.json:
        return instruction.arguments
    text = " ".join(instruction.arguments)
    documents, program = instruction.heredocs, program_of(instruction)
    if program is not None:
        text = f"/dev/pipes/{program.name}"
    elif documents and opens_heredoc(text, NEWEST):
        text = documents[0].data
    elif documents:
        text += "".join(f"\n{each.content}{each.name}" for each in documents)
    return (*stage.shell, text)


def program_of(instruction: Instruction) -> Heredoc | None:
    """The here-document of a RUN that is a program by itself, which is mounted and started."""
    documents = instruction.heredocs
    is_alone = bool(documents) and opens_heredoc(" ".join(instruction.arguments), NEWEST)
    return documents[0] if is_alone and documents[0].content.startswith("#!") else None


def copy_fields(
    instruction: Instruction,
    stage: FrontendStage,
    sources: Iterable[str],
    expand: Expand,
    *,
    mode_words: bool,
) -> tuple[Fields, ...]:
    """What a COPY or ADD becomes: one action for each source, here-documents last.

    ``sources`` are expanded already; ``mode_words``: a mode may be written in letters. Patterns stay as
    they are written.
    """
    shared = {
        "dest": stage.absolute(expand(instruction.arguments[-1])),
        "owner": _owner(expand(instruction.flag("chown"))),
        **_mode(expand(instruction.flag("chmod")), mode_words=mode_words),
        "exclude_patterns": instruction.flag_values("exclude"),
    }
    parents = instruction.flag("parents") == "true"
    files = tuple({**shared, **_source(word, parents)} for word in sources)
    return (*files, *({**shared, "src": _rooted(each.name)} for each in instruction.heredocs))


def _source(word: str, parents: bool) -> Fields:
    if not parents:
        return {"src": _rooted(word), "include_patterns": ()}
    parent, pivot, pattern = word.partition("/./")
    if not pivot:
        parent, pattern = "/", word
    return {"src": _rooted(parent), "include_patterns": (_rooted(pattern).removeprefix("/"),)}


def _rooted(path: str) -> str:
    return posixpath.normpath(posixpath.join("/", path)).replace("//", "/", 1)


def _owner(text: str) -> str:
    """``uid:gid``; a name stays as it is, and so is told by what precedes ``@`` in a record.

    Source: moby/buildkit client/llb/fileop.go:{WithUser,UserOpt.marshal} @ v0.13.1 and v0.25.0.
    """
    if not text:
        return ""
    user, colon, group = text.partition(":")
    return f"{_number(user)}:{_number(group) if colon else ''}"


def _number(text: str) -> str:
    if text in ("", "root"):
        return "0"
    return str(int(text)) if _DECIMAL.fullmatch(text) else text


def _mode(text: str, *, mode_words: bool) -> Fields:
    if text and set(text) <= _OCTAL:
        return {"mode": int(text, 8), "mode_str": ""}
    return {"mode": 0, "mode_str": text} if text and mode_words else {"mode": -1, "mode_str": ""}


def workdir_fields(stage: FrontendStage, timestamp: int = -1) -> tuple[Fields, ...]:
    """What a WORKDIR becomes, once the stage has entered it; nothing at the root.

    ``timestamp`` is that of the directory, -1 for none.
    """
    if stage.directory == "/":
        return ()
    fields = {"dest": stage.made_directory(), "owner": _owner(stage.user), "timestamp": timestamp}
    return (fields,)


def document_data(heredoc: Heredoc, expand: Expand) -> bytes:
    """The bytes of the file that a here-document of COPY or ADD becomes."""
    text = heredoc.data
    return (expand(text) if heredoc.expand else text).encode()


def document_fields(heredoc: Heredoc, expand: Expand) -> Fields:
    """What the file of a here-document becomes."""
    return data_fields(document_data(heredoc, expand))


def data_fields(data: bytes) -> Fields:
    """What the bytes of a file become."""
    return {"data": "sha256:" + sha256(data).hexdigest(), "data_size": len(data)}
