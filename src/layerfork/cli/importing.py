"""`layerfork import`: records of what builds left behind."""

import sys
from typing import TYPE_CHECKING

import click

from layerfork.cli.options import format_option, look_of, to_stderr, verbose_option
from layerfork.cli.output import put
from layerfork.errors import ExitCode

if TYPE_CHECKING:
    from layerfork.report.formats import Format


@click.command("import")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("-o", "--output", default="", metavar="RECORDS", help="Write the records here, one a line.")
@format_option("records")
@verbose_option
def command(files: tuple[str, ...], output: str, form: "Format", verbose: bool) -> int:
    """Make records of builds that were not recorded, from what they left behind.

    A FILE is recognized by its content: a BuildKit log (--progress plain or rawjson), a log of the classic
    builder, of podman or buildah, all of them also as the logs of GitHub Actions, GitLab, Jenkins,
    CircleCI, Azure Pipelines, Buildkite and Bitbucket have them; an archive of `docker buildx history
    export`; provenance (mode=max), or a file of `--metadata-file`. gzip and zip are opened.

    A record says what its source does not tell. `diff` and `why` take it like any other, or the file
    itself, and prove what it proves. Without -o the records are printed.

    \b
    Examples:
      docker buildx history export -o ci.dockerbuild
      layerfork import ci.dockerbuild -o ci.jsonl
      layerfork diff ci.jsonl laptop.jsonl
      layerfork import job.log --format json
    """
    from layerfork.app.records import import_builds  # late: start-up

    reports = import_builds(files, output, to_stderr)
    if not output or form.name != "text":
        look = look_of(sys.stdout, verbose=verbose)
        put(form.render("records", reports, look))
    return ExitCode.AS_HOPED
