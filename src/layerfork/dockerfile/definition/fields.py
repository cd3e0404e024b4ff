"""The fields of BuildKit's operations that text, variables and options of an instruction decide.

Names are those of `model.llb.ExecOp` and `model.llb.FileAction`.
Source: moby/buildkit frontend/dockerfile/dockerfile2llb/{convert,convert_copy}.go:{dispatchRun,dispatchCopy,
dispatchWorkdir} and client/llb/fileop.go:WithUser @ v0.13.2 and 73ed6825c.
"""

import posixpath
from collections.abc import Callable, Mapping
from hashlib import sha256

from layerfork.dockerfile.definition.stage import FrontendStage
from layerfork.dockerfile.grammar import NEWEST
from layerfork.dockerfile.instruction import Heredoc, Instruction
from layerfork.dockerfile.parse.heredoc import opens_heredoc

Fields = Mapping[str, object]
Expand = Callable[[str], str]
_OCTAL = frozenset("01234567")


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
    documents = instruction.heredocs
    if documents and opens_heredoc(text, NEWEST):
        if documents[0].data.startswith("#!"):
            return (f"/dev/pipes/{documents[0].name}",)
        text = documents[0].data
    elif documents:
        text += "".join(f"\n{each.content}{each.name}" for each in documents)
    return (*stage.shell, text)


def copy_fields(instruction: Instruction, stage: FrontendStage, expand: Expand) -> tuple[Fields, ...]:
    """What a COPY or ADD becomes: one action for each source, here-documents last."""
    shared = {
        "dest": stage.absolute(expand(instruction.arguments[-1])),
        "owner": _owner(expand(instruction.flag("chown"))),
        **_mode(expand(instruction.flag("chmod"))),
        "exclude_patterns": tuple(map(expand, instruction.flag_values("exclude"))),
    }
    parents = instruction.flag("parents") == "true"
    sources = tuple({**shared, **_source(expand(word), parents)} for word in instruction.sources)
    return (*sources, *({**shared, "src": _rooted(each.name)} for each in instruction.heredocs))


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
    """``uid:gid``; a name stays as it is, and so is told by what precedes ``@`` in a record."""
    if not text:
        return ""
    user, _, group = text.partition(":")
    return ":".join("0" if each == "root" else each for each in (user, group))


def _mode(text: str) -> Fields:
    if not text:
        return {"mode": -1, "mode_str": ""}
    if set(text) <= _OCTAL:
        return {"mode": int(text, 8), "mode_str": ""}
    return {"mode": -1, "mode_str": text}


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
    data = document_data(heredoc, expand)
    return {"data": "sha256:" + sha256(data).hexdigest(), "data_size": len(data)}
