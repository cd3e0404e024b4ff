"""Edits of the files that decide a build, and commands that repeat one."""

import re
import shlex
from collections.abc import Iterable, Sequence

from layerfork.context.ignore.ignorefile import BUILDKIT_FILES, comment_of, mended
from layerfork.context.senders import sender_of
from layerfork.diagnose.causes.scene import Scene
from layerfork.diagnose.causes.wording import name_paths
from layerfork.dockerfile import Instruction
from layerfork.record.answer import Edit, Fix, Situation
from layerfork.record.build import is_plain_build
from layerfork.record.context import EntryType
from layerfork.record.record import BuildRecord
from layerfork.record.secrets import HIDDEN

IGNORE_FILE = ".dockerignore"


BY_NAME = 8
"""At most this many paths are put into a command or an edit."""


EVERYTHING = "it changes every file below, including files that did not differ and files that are not sent"
"""Warning of a command that names no paths."""


def ignore_file(scene: Scene) -> str:
    """The ignore file that the client reads, or would read if it existed: the first name that it looks for.

    For some clients that is the Dockerfile's own; `layerfork.context.ignore.ignorefile` has the sources.
    """
    sender = sender_of(scene.reader)
    names = sender.rules.ignore_files if sender is not None else BUILDKIT_FILES
    found = (name.format(scene.file) for name in names)
    return next((name for name in found if scene.has(name) or scene.is_there(name)), IGNORE_FILE)


def leave_out(scene: Scene, *patterns: str) -> Edit:
    """Exclude more from the context: correct a line that was meant to do so, else add lines at the end."""
    file = ignore_file(scene)
    if len(patterns) == 1:
        for line in scene.sources.lines(scene.reader, file):
            if better := mended(line, patterns[0]):
                comment = comment_of(line)
                return Edit(file=file, before=(line,), after=(*((comment,) if comment else ()), better))
    return Edit(file=file, after=patterns)


def say_edit(edit: Edit) -> str:
    """``add the line `.git` to .dockerignore``, or the text that replaces a line without effect."""
    lines = ", ".join(f"`{line}`" for line in edit.after)
    if not edit.before:
        return f"add the line{'s' if len(edit.after) > 1 else ''} {lines} to {edit.file}"
    why = "a # after a pattern belongs to it" if len(edit.after) > 1 else "quotes belong to a pattern"
    return f"write `{edit.after[-1]}` instead of `{edit.before[0].strip()}` in {edit.file}: {why}"


def pattern_of(path: str) -> str:
    """The line of an ignore file that means one path alone; empty where no line can.

    ``#`` begins a comment and ``!`` an exception, ``*?[`` and the backslash are special, blanks at the ends
    are cut: `layerfork.context.ignore` has the sources.
    """
    if path != path.strip() or any(letter in path for letter in "\n\r"):
        return ""
    escaped = re.sub(r"([*?\[\\])", r"\\\1", path)
    return f"\\{escaped}" if escaped[:1] in ("#", "!") else escaped


def quoted(paths: Iterable[str]) -> str:
    """Paths as words for a shell; no word looks like an option."""
    return " ".join(shlex.quote(f"./{path}" if path.startswith("-") else path) for path in paths)


def lines_of(scene: Scene, instruction: Instruction) -> tuple[str, ...]:
    """The lines of an instruction as they stand in the file."""
    return scene.lines[instruction.first_line - 1 : instruction.last_line]


def command_of(scene: Scene, record: BuildRecord) -> str:
    """The command line that asked for a build; empty when it is not known, or cannot be repeated as it holds
    something hidden.

    The command of a client in a relay is empty, too: the harness wrote it, and no person would type it.
    """
    argv = () if scene.situation is Situation.CLIENTS else record.client.argv
    return "" if any(HIDDEN in word for word in argv) else shlex.join(argv)


def builds_itself(record: BuildRecord) -> bool:
    """Whether its command is one whose options are known."""
    return is_plain_build(record.client.argv)


def with_options(scene: Scene, drop: Iterable[str], add: Sequence[str]) -> str:
    """The reader's command with options left out and others added behind ``build``; empty if unknown.

    ``drop`` names options with their value, such as ``--build-arg A``, or alone, such as ``--no-cache``.
    """
    record = scene.reader
    if not (command_of(scene, record) and builds_itself(record)) or any(HIDDEN in word for word in add):
        return ""
    words = list(record.client.argv)
    for option in drop:
        words = _without(words, option)
    place = words.index("build") + 1
    return shlex.join([*words[:place], *add, *words[place:]])


def _without(words: Sequence[str], option: str) -> list[str]:
    name, _, value = option.partition(" ")
    kept: list[str] = []
    skip = False
    for place, word in enumerate(words):
        following = words[place + 1] if place + 1 < len(words) else ""
        if skip:
            skip = False
        elif word == name and (not value or following.split("=")[0] == value or value == "*"):
            skip = bool(value)
        elif not (word.startswith(f"{name}=") and _names(word.partition("=")[2], value)):
            kept.append(word)
    return kept


def _names(own: str, value: str) -> bool:
    return value in ("", "*") or own.split("=")[0] == value


def put_back(scene: Scene, paths: list[str]) -> Fix:
    """Restore files whose change may not have been intended, with git where it has what was sent before."""
    files = [path for path in paths if not _is_directory(scene, path)]
    if 0 < len(files) <= BY_NAME and all(map(scene.brings_back, files)):
        command = f"git checkout -- {quoted(files)}"
        return Fix(sentence=f"if the change was not intended: `{command}`", command=command)
    return Fix(sentence=f"if the change was not intended: restore {name_paths(paths)}")


def _is_directory(scene: Scene, path: str) -> bool:
    sent = scene.writer_entries.get(path)
    return sent is not None and sent.type is EntryType.DIRECTORY
