"""`layerfork cache`: caches that BuildKit exported, and GitHub's cache service."""

import os
import sys
from typing import TYPE_CHECKING

import click

from layerfork.cli.options import AgeType, format_option, look_of, to_stderr, verbose_option
from layerfork.cli.output import put

if TYPE_CHECKING:
    from layerfork.report.formats import Format


@click.group("cache")
def command() -> None:
    """Where caches live: what BuildKit exported (`--cache-to`), and GitHub's cache service.

    Both are read without an engine. Manifests and configs are read, layers never.
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


@command.command("github")
@click.argument("repository", default="", metavar="[OWNER/NAME]")
@format_option("actions_caches")
@verbose_option
def github(repository: str, form: "Format", verbose: bool) -> None:
    """Print what GitHub's cache service holds for a repository, who can read it, and what to change.

    Entries are grouped by the ref whose run wrote them: what BuildKit wrote (`type=gha`), how full the cache
    is, what the limit removes next, entries that no new run can read, and scopes that replace each other.
    Blobs belong to an export by the time when they were written. -v lists every ref with its exports. In a
    job of GitHub Actions the repository is that of the job.

    The token is that of GH_TOKEN, GITHUB_TOKEN or `gh`; it needs `actions: read`. Nothing is changed.

    \b
    Examples:
      layerfork cache github OWNER/NAME
      layerfork cache github https://github.example.com/OWNER/NAME -v
      layerfork cache github --format json
    """
    from layerfork.app.actionscache import inspect_actions_cache  # late: start-up

    report = inspect_actions_cache(repository, os.environ, to_stderr)
    put(form.render("actions_caches", [report], look_of(sys.stdout, verbose=verbose)))
