"""What BuildKit's frontend knows in a stage, and the fields of operations that it decides."""

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from layerfork.dockerfile.heredoc import opens_heredoc
from layerfork.dockerfile.instruction import Heredoc, Instruction
from layerfork.dockerfile.scope import JoinedScope, Variable
from layerfork.record.engine import ImageFacts
from layerfork.releases import NEWEST, FrontendRules

# What BuildKit's frontend knows while it goes through a stage: variables, directory, user, shell.
#
# Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go @ v0.13.2 and 73ed6825c.

DEFAULT_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DEFAULT_SHELL = ("/bin/sh", "-c")


class NotModelledError(Exception):
    """What the frontend makes of something is not modelled; the message names it."""


class RefusedError(NotModelledError):
    """The frontend refuses the Dockerfile; the message says why."""


@dataclass(slots=True, kw_only=True)
class FrontendStage:
    """A stage between two instructions."""

    scope: JoinedScope
    directory: str = ""
    """Working directory; empty until something sets one."""
    user: str = ""
    user_from: tuple[Variable, ...] = ()
    """Variables that the USER line was expanded with."""
    shell: tuple[str, ...] = DEFAULT_SHELL
    triggers: tuple[str, ...] = ()
    """ONBUILD lines of the image that it begins with, which run first."""
    problem: str = ""
    """Why nothing can be said of this stage; empty when all is well."""
    base_known: bool = True
    """False: the image that it begins with may set more variables, and another directory."""
    is_configured: bool = True
    """The whole configuration of the image that it begins with is known, not only the environment."""

    def of_image(self, facts: ImageFacts, *, whole: bool = True) -> "FrontendStage":
        """A stage that begins with an image; ``whole``: all of its configuration is known."""
        env = facts.env
        if not any(entry.startswith("PATH=") for entry in env):
            env = (*env, DEFAULT_PATH)
        return FrontendStage(
            scope=self.scope.of_image(entry.partition("=")[::2] for entry in env),
            directory=_join("", facts.working_dir) if facts.working_dir else "",
            user=facts.user,
            shell=facts.shell or DEFAULT_SHELL,
            triggers=facts.onbuild,
            is_configured=whole,
        )

    def of_unknown_image(self) -> "FrontendStage":
        """A stage that begins with an image whose configuration is unknown."""
        return FrontendStage(scope=self.scope.of_image(()), base_known=False, is_configured=False)

    def after(self, base: "FrontendStage") -> "FrontendStage":
        """A stage that begins where another one ended."""
        return replace(base, scope=self.scope.after(base.scope), triggers=())

    def enter(self, path: str) -> None:
        """A WORKDIR line; the path is expanded already. An absolute one stays as it is written, and so does
        the directory for an empty one."""
        if path or not self.directory:
            self.directory = path if path.startswith("/") else _join(self.directory, path)

    def absolute(self, path: str, rules: FrontendRules) -> str:
        """A destination seen from the working directory; ``/`` at its end stays, and ``/.`` by release."""
        joined = _join(self.directory, path)
        if path in ("", ".") or path.endswith("/"):
            return joined.removesuffix("/") + "/"
        keeps_dot = rules.keeps_dots if path.startswith("/") else rules.keeps_relative_dots
        return joined.removesuffix("/") + "/." if keeps_dot and path.endswith("/.") else joined

    def made_directory(self) -> str:
        """The working directory as a WORKDIR makes it."""
        return _join("", self.directory)


def _join(directory: str, path: str) -> str:
    return posixpath.normpath(posixpath.join("/", directory, path)).replace("//", "/", 1)


# The fields of BuildKit's operations that text, variables and options of an instruction decide.
#
# Names are those of `model.llb.ExecOp` and `model.llb.FileAction`. Source: moby/buildkit
# frontend/dockerfile/dockerfile2llb/{convert,convert_copy}.go:{dispatchRun,dispatchCopy, dispatchWorkdir} and
# client/llb/fileop.go:WithUser @ v0.13.2 and 73ed6825c.

Fields = Mapping[str, object]
Expand = Callable[[str], str]
_OCTAL = frozenset("01234567")
_ALL_BITS = 0o7777
_MODE_WORD = re.compile(r"[ugoa]*(?:[-+=][rwxXstugo]*)+(?:,[ugoa]*(?:[-+=][rwxXstugo]*)+)*")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}")
_DECIMAL = re.compile(r"[0-9]{1,9}")
SHARED_MEMORY = "shared memory"
"""Bytes that ``--shm-size`` asks for: a field of no operation, but one more mount.
Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go:dispatchRun @ v0.13.2."""


def exec_fields(
    instruction: Instruction, stage: FrontendStage, options: Fields, rules: FrontendRules
) -> dict[str, object]:
    """What a RUN becomes. ``options`` are fields that the request decides for every RUN.

    Raises: RefusedError.
    """
    network = instruction.flag("network", "default")
    return {
        **options,
        "args": _command(instruction, stage, rules),
        "env": tuple(f"{name}={value}" for name, value in stage.scope.values().items()),
        "cwd": stage.directory or "/",
        "user": stage.user,
        "network": options.get("network", "sandbox") if network == "default" else network,
        "security": instruction.flag("security", "sandbox"),
    }


def _command(instruction: Instruction, stage: FrontendStage, rules: FrontendRules) -> tuple[str, ...]:
    if instruction.json:
        if not instruction.arguments:
            raise RefusedError("a RUN of no words")
        return instruction.arguments
    text = " ".join(instruction.arguments)
    documents, program = instruction.heredocs, program_of(instruction, rules)
    if program is not None:
        text = f"/dev/pipes/{program.name}"
    elif documents and opens_heredoc(text, NEWEST):
        text = documents[0].data
    elif documents:
        text += "".join(f"\n{each.content}{each.name}" for each in documents)
    return (*stage.shell, text)


def program_of(instruction: Instruction, rules: FrontendRules) -> Heredoc | None:
    """The here-document of a RUN that is a program by itself, which is mounted and started."""
    if not instruction.heredocs or not opens_heredoc(" ".join(instruction.arguments), NEWEST):
        return None
    first = instruction.heredocs[0]
    text = first.data if rules.chomps_first else first.content
    return first if text.startswith("#!") else None


def copy_fields(
    instruction: Instruction,
    stage: FrontendStage,
    sources: Iterable[str],
    expand: Expand,
    rules: FrontendRules,
) -> tuple[Fields, ...]:
    """What a COPY or ADD becomes: one action for each source, here-documents last.

    ``sources`` are expanded already. Patterns stay as they are written.
    Raises: RefusedError.
    """
    shared = {
        "dest": stage.absolute(expand(instruction.arguments[-1]), rules),
        "owner": _owner(expand(instruction.flag("chown"))),
        **_mode(expand(instruction.flag("chmod")), rules),
        "exclude_patterns": instruction.flag_values("exclude"),
    }
    parents = instruction.flag("parents") == "true"
    files = tuple({**shared, **_source(word, parents)} for word in sources)
    return (*files, *({**shared, "src": _rooted(each.name)} for each in instruction.heredocs))


def check_sources(instruction: Instruction, sources: Sequence[str], checksum: str) -> None:
    """Raises: RefusedError for sources that a COPY or ADD does not take."""
    urls = [word for word in sources if word.startswith(("http://", "https://"))]
    if urls and instruction.keyword == "COPY":
        raise RefusedError(f"COPY of {urls[0]}")
    if not checksum:
        return
    is_file = bool(urls) and ".git" not in urls[0]
    if len(sources) != 1 or ":" not in sources[0] or (is_file and not _DIGEST.fullmatch(checksum)):
        raise RefusedError(f"--checksum={checksum} of {' '.join(sources)}")


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
    """``uid:gid``; a name stays as it is, and is compared with what precedes ``@`` in a record.

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


def _mode(text: str, rules: FrontendRules) -> Fields:
    """Raises: RefusedError."""
    is_octal = bool(text) and set(text) <= _OCTAL
    is_word = rules.mode_words and bool(_MODE_WORD.fullmatch(text))
    if text and rules.strict_modes and not (int(text, 8) <= _ALL_BITS if is_octal else is_word):
        raise RefusedError(f"--chmod={text}")
    if is_octal:
        return {"mode": int(text, 8), "mode_str": ""}
    return {"mode": 0, "mode_str": text} if is_word else {"mode": -1, "mode_str": ""}


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
