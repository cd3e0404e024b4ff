"""Which values are offered for which option and argument."""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from layerfork.app.completion import cause_names, client_names, engine_names, page_names, rule_names
from layerfork.cli.grammar.options import FormatType
from layerfork.cli.settings.variables import option_name

_RECORDS = (".jsonl", ".jsonl.gz", ".jsonl.zst")


class Offered(click.ParamType[str]):
    """A text of which the shell knows what it may be."""

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
