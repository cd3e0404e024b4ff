"""`layerfork completion`, and the values that it offers for options and arguments."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

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

from layerfork.app.completion import cause_names, client_names, engine_names, page_names, rule_names
from layerfork.cli import COMPLETION_VARIABLE
from layerfork.cli.options import FormatType
from layerfork.cli.output import put
from layerfork.cli.root import root
from layerfork.cli.settings import option_name
from layerfork.errors import LayerforkError


@click.command("completion")
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
def command(shell: str) -> None:
    """Print a script with which a shell completes commands, options, clients, engines, causes and files.

    \b
    In ~/.bashrc:                      eval "$(layerfork completion bash)"
    In ~/.zshrc, below compinit:       eval "$(layerfork completion zsh)"
    Once, for fish:
      layerfork completion fish > ~/.config/fish/completions/layerfork.fish

    Written to a file and sourced it starts a shell faster than eval.
    """

    put(script(root, shell))


# Which values are offered for which option and argument.

_RECORDS = (".jsonl", ".jsonl.gz", ".jsonl.zst")


class Offered(click.ParamType[str]):
    """A text whose possible values the shell knows."""

    name = "text"

    def __init__(self, names: Callable[[], Iterable[tuple[str, str]]]) -> None:
        self._names = names

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem[str]]:
        return [
            CompletionItem(name, help=title or None)
            for name, title in self._names()
            if name.startswith(incomplete)
        ]


class RecordFiles(click.ParamType[str]):
    """Record files of a directory; all files where it has none."""

    name = "record file"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem[str]]:
        begun, slash, name = incomplete.rpartition("/")
        try:
            files = sorted(path.name for path in Path(begun + slash or os.curdir).iterdir() if path.is_file())
        except OSError:
            files = []
        found = [each for each in files if each.startswith(name) and each.endswith(_RECORDS)]
        items = [CompletionItem(begun + slash + each) for each in found]
        return items or [CompletionItem(incomplete, type="file")]


CLIENTS = Offered(client_names)
ENGINES = Offered(engine_names)
CAUSES = Offered(cause_names)
RULES = Offered(rule_names)
PAGES = Offered(page_names)
RECORDS = RecordFiles()
FILES = click.Path()
DIRECTORIES = click.Path(file_okay=False)

_OPTIONS: Mapping[str, click.ParamType[Any]] = {
    "client": CLIENTS,
    "engine": ENGINES,
    "allow": CAUSES,
    "rule": RULES,
    "ignore": RULES,
    "against": RECORDS,
    "baseline": RECORDS,
    "record": RECORDS,
    "resume": RECORDS,
    "file": FILES,
    "changed": FILES,
    "output": FILES,
    "patch": FILES,
    "report": FILES,
    "store": DIRECTORIES,
    "registry": DIRECTORIES,
}
_ARGUMENTS: Mapping[tuple[str, str], click.ParamType[Any]] = {
    ("show", "file"): RECORDS,
    ("diff", "writer"): RECORDS,
    ("diff", "reader"): RECORDS,
    ("report", "files"): RECORDS,
    ("import", "files"): FILES,
    ("explain", "code"): PAGES,
    ("lint", "paths"): FILES,
    ("cache", "place"): DIRECTORIES,
    ("engines", "name"): ENGINES,
    ("engines", "names"): ENGINES,
    ("clients", "names"): CLIENTS,
}
_EVERYWHERE = {"path": DIRECTORIES, "paths": DIRECTORIES}


def with_offers(command: click.Command, name: str) -> click.Command:
    """The command, and those below it, with types that know what there is; ``name`` is the topmost one's."""
    for parameter in command.params:
        parameter.type = _type_of(parameter, name)
    if isinstance(command, click.Group):
        for below in command.commands.values():
            with_offers(below, name)
    return command


def _type_of(parameter: click.Parameter, command: str) -> click.ParamType[Any]:
    if isinstance(parameter, click.Option):
        if type(parameter.type) is FormatType:
            return Offered(lambda form=parameter.type: ((each, "") for each in form.formats()))  # type: ignore[misc]
        return _OPTIONS.get(option_name(parameter), parameter.type)
    own = parameter.name or ""
    return _ARGUMENTS.get((command, own), _EVERYWHERE.get(own, parameter.type))


# The three shells, as click knows them, and what it does not: words of bash, and commands after ``--``.


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
