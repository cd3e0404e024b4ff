"""A subcommand whose own words end at ``--``: what follows is another command, taken as it stands."""

from typing import Any

import click

_AFTER = "layerfork.words after --"


class WordsThenCommand(click.Command):
    """Options may stand before and after arguments, as everywhere; nothing after ``--`` is looked at."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            place = args.index("--")
            args, ctx.meta[_AFTER] = args[:place], tuple(args[place + 1 :])
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        ctx.params["argv"] = ctx.meta.get(_AFTER)
        return super().invoke(ctx)
