"""The `layerfork` command itself: help, version, and subcommands that are imported only when used."""

import contextlib
from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from layerfork import __version__
from layerfork.cli.settings import with_variables
from layerfork.errors import UsageError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS = {
    "run": "Build one Dockerfile with several clients and show where the cache forks.",
    "record": "Run any command and record the builds that it makes.",
    "import": "Make records of the logs, archives and provenance that builds left behind.",
    "show": "Print recorded builds.",
    "diff": "Say why recorded builds missed what others had stored.",
    "why": "Record a build and say why it missed what an earlier one had stored.",
    "history": "List the builds that happened, recorded or not, and why each missed.",
    "predict": "Say which steps would be reused if this tree was built now.",
    "lint": "Find cache traps in files, before any build.",
    "check": "Fail when a build does not reuse what it could: a gate for CI.",
    "fix": "Make the edit that a fork calls for, and prove by building that it helps.",
    "explain": "Say what a cause is, and what helps.",
    "merge": "Make one file of the shards of a run of scenarios.",
    "report": "Render files of runs and records: a page, a picture, a test report.",
    "records": "List, show and remove the builds that `why` keeps.",
    "cache": "Read an exported cache, or GitHub's cache service, and say what it holds.",
    "pack": "Write a context as a tar that gives every client the same keys.",
    "scenarios": "List the scenarios that come with layerfork: questions about the cache.",
    "engines": "List the engines that can run here; fetch one, open one.",
    "clients": "List the build clients; make one ready.",
    "config": "Show which settings are in force, and where each comes from.",
    "completion": "Print what a shell needs to complete command lines.",
    "plugin": "Make `docker layerfork` work, or undo that.",
    "doctor": "Say what this machine can run, and what would distort results.",
    "setup": "Fetch what `run` needs: an engine, the clients' libraries.",
}
"""Subcommands in the order of the help text; each lives in the module of its name."""
_MODULES = {"import": "importing"}
"""Where the name is a word of Python's."""


class BrokenConnectionError(Exception):
    """Somebody closed what is written to. Click would end with 1 for it, which says a fork here."""


@contextlib.contextmanager
def _kept_from_click() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as error:
        raise BrokenConnectionError(str(error)) from error


class LazyGroup(click.Group):
    """Imports a subcommand's module when it is called, so that ``--help`` stays fast."""

    def make_context(self, *args: Any, **options: Any) -> click.Context:
        with _kept_from_click():
            return super().make_context(*args, **options)

    def invoke(self, ctx: click.Context) -> Any:
        with _kept_from_click():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"layerfork.cli.{_MODULES.get(cmd_name, cmd_name)}").command
        if ctx.resilient_parsing:
            from layerfork.cli.completion import with_offers  # late: start-up

            return with_offers(command, cmd_name)
        return with_variables(command, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            name, command, rest = super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            raise click.NoSuchCommand(error.command_name, possibilities=COMMANDS, ctx=ctx) from error
        if name and command and not (ctx.resilient_parsing or _asks_for_help(ctx, rest)):
            ctx.default_map = {name: _from_file(name, command)}
        return name, command, rest

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem[str]]":
        """Names of subcommands without their modules."""
        from click.shell_completion import CompletionItem  # late: start-up

        found = [CompletionItem(name, help=text) for name, text in COMMANDS.items()]
        begun = [item for item in found if item.value.startswith(incomplete)]
        return [*begun, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _asks_for_help(ctx: click.Context, words: list[str]) -> bool:
    """Help is there whatever is wrong with a settings file."""
    own = words[: words.index("--")] if "--" in words else words
    return any(word in ctx.help_option_names for word in own)


def _from_file(name: str, command: click.Command) -> dict[str, Any]:
    from layerfork.cli.settings_file import default_map, settings_here  # late: start-up

    file = settings_here()
    return default_map(file, command, name, tuple(COMMANDS)) if file else {}


def settings_of(name: str) -> dict[str, Any]:
    """What a command takes its parameters to be when it is called without a word. Raises: UsageError."""
    above = click.Context(root, **root.context_settings)
    command = root.get_command(above, name)
    assert command is not None
    settings = _from_file(name, command)
    try:
        return command.make_context(name, [], parent=above, default_map=settings).params
    except click.ClickException as error:
        raise UsageError(error.format_message()) from error


EPILOG = """\
\b
Exit codes:
  0  as hoped: the cache was reused
  1  a fork, a step that missed or will (`check`, `predict`), a trap (`lint`)
  2  usage, or a bad file
  3  could not run or tell: no engine, every build failed, nothing known
  4  a bug in layerfork
  130  interrupted
"""


@click.group(
    cls=LazyGroup,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, message="%(prog)s %(version)s")
def root() -> None:
    """Show where a Docker layer cache forks between build clients, and prove why.

    Start with `layerfork run`: it builds the Dockerfile of the 2015 experiment five ways on a private
    engine and prints the layer ids side by side. `layerfork run PATH` does the same for your own.

    Why did a build miss the cache? docs/everyday.md has the answers people meet every day.
    """
