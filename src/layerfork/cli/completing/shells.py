"""The three shells, as click knows them, and what it does not: words of bash, and commands after ``--``."""

import os
from collections.abc import Iterator
from pathlib import Path

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
    split_arg_string,
)

from layerfork.cli import COMPLETION_VARIABLE
from layerfork.errors import LayerforkError


class _Commands(ShellComplete):
    """After ``--``, what starts a command. What goes wrong is no text for a command line."""

    def complete(self) -> str:
        try:
            return super().complete()
        except (LayerforkError, OSError):
            return ""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
        if "--" in args and self._takes_a_command(args):
            is_first = args[-1] == "--" and os.sep not in incomplete
            programs = [CompletionItem(name) for name in _programs(incomplete)] if is_first else []
            return programs or [CompletionItem(incomplete, type="file")]
        return super().get_completions(args, incomplete)

    def _takes_a_command(self, args: list[str]) -> bool:
        command: click.Command | None = self.cli
        for word in args:
            if isinstance(command, click.Group):
                command = command.get_command(click.Context(command), word)
        return command is not None and any("CMD" in (each.metavar or "") for each in command.params)


def _programs(incomplete: str) -> Iterator[str]:
    """Names of programs on PATH."""
    found = set[str]()
    for directory in os.get_exec_path():
        try:
            found |= {path.name for path in Path(directory).iterdir() if path.name.startswith(incomplete)}
        except OSError:
            continue
    return iter(sorted(found))


_LEFT_IN_WORDS = "@$"
"""Characters that part words and belong to the word behind them.

Source: GNU bash bashline.c, enable_hostname_completion (rl_special_prefixes); tried with bash 5.2.
"""


class _Bash(_Commands, BashComplete):
    """bash takes ``private:28.5`` and ``docker_py-build@4.4.4`` for several words, and wants the last one."""

    source_template = """\
%(complete_func)s() {
    local type value response
    response=$(env COMP_WORDS="${COMP_LINE:0:COMP_POINT}" \\
        COMP_WORDBREAKS="$COMP_WORDBREAKS" %(complete_var)s=bash_complete "$1")
    COMPREPLY=()
    while IFS=',' read -r type value; do
        case $type in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done <<< "$response"
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""
    _kept = ""

    def get_completion_args(self) -> tuple[list[str], str]:
        line = os.environ["COMP_WORDS"]
        words = split_arg_string(line)[1:]
        if not words or line.endswith((" ", "\t")):
            return words, ""
        return words[:-1], words[-1]

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
        option, equals, rest = incomplete.partition("=")
        value = rest if equals and option.startswith("--") else incomplete
        breaks = set(os.environ.get("COMP_WORDBREAKS", "")) - set(" \t\n\"'")
        last = max((value.rfind(each) for each in breaks), default=-1)
        self._kept = value[: last + (value[last] not in _LEFT_IN_WORDS)] if last >= 0 else ""
        return super().get_completions(args, incomplete)

    def format_completion(self, item: CompletionItem[str]) -> str:
        return f"{item.type},{item.value.removeprefix(self._kept)}"


class _Zsh(_Commands, ZshComplete):
    """As click has it."""


class _Fish(_Commands, FishComplete):
    """As click has it."""


def register() -> None:
    """Let click answer the shells so."""
    for shell in (_Bash, _Zsh, _Fish):
        add_completion_class(shell)


def script(command: click.Command, shell: str) -> str:
    """What a shell has to run to know the completions."""
    kinds = {"bash": _Bash, "zsh": _Zsh, "fish": _Fish}
    return kinds[shell](command, {}, "layerfork", COMPLETION_VARIABLE).source()
