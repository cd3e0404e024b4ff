"""`layerfork cache`: caches that BuildKit exported."""

import sys
from typing import TYPE_CHECKING

import click

from layerfork.cli.options import AgeType, format_option, look_of, verbose_option
from layerfork.cli.output import put

if TYPE_CHECKING:
    from layerfork.report.formats import Format


@click.group("cache")
def command() -> None:
    """Caches that BuildKit exported (`--cache-to`), read without an engine.

    Manifests and configs are read, layers never.
    """


@command.command("inspect")
@click.argument("place", metavar="DIR|REF")
@click.option(
    "--record", default="", metavar="FILE[#N]", help="Say which steps of this recorded build it has."
)
@click.option("--blobs", is_flag=True, help="Ask for each layer whether it is still there.")
@click.option(
    "--max-age", type=AgeType(), default=None, metavar="AGE", help="Mark records older than 7d, 12h …"
)
@format_option("caches")
@verbose_option
def inspect(
    place: str, record: str, blobs: bool, max_age: float | None, form: "Format", verbose: bool
) -> None:
    """Print what a cache holds: its records with what they build on, layers, sizes and ages.

    It is read from a directory (`type=local`, or a copy of a bucket of `type=s3` or `type=azblob`), from a
    registry by its reference, or from what `--cache-from` takes. An image may hold one inline.

    \b
    Examples:
      layerfork cache inspect ./cache
      layerfork cache inspect registry.example.com/app:cache --record ci.jsonl
    """
    from layerfork.app.cache import inspect_cache  # late: start-up

    report = inspect_cache(place, record, blobs=blobs, max_age_s=max_age)
    put(form.render("caches", [report], look_of(sys.stdout, verbose=verbose)))
