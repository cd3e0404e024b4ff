"""`layerfork explain`: what a cause or a rule of lint is, and what helps."""

import sys
from typing import TYPE_CHECKING

import click

from layerfork.cli.options import format_option, look_of, to_stderr
from layerfork.cli.output import put

if TYPE_CHECKING:
    from layerfork.report.formats import Format


@click.command("explain")
@click.argument("code", default="", metavar="[CODE]")
@format_option("pages")
def command(code: str, form: "Format") -> None:
    """Print the page of a cause: what happens, where, how to see it for oneself, and what helps.

    CODE is the word behind PROVEN, INFERRED, SUSPECTED or UNEXPLAINED, or that of a warning about a wrong
    hit, or a rule of `layerfork lint`. A pattern, such as umask, gives the page of the cause that it stands
    for. Without CODE all causes are listed, in the order in which they are blamed, and then all rules.

    \b
    Examples:
      layerfork explain
      layerfork explain mode
      layerfork explain ignore-rule | less
      layerfork explain copy-before-install
    """
    from layerfork.app.explain import list_pages, page_of  # late: start-up

    look = look_of(sys.stdout)
    if code:
        page = page_of(code)
        if page.pattern:
            to_stderr(f"{page.pattern} is a pattern that stands for {page.row.code}")
        put(form.render("pages", (page,), look))
    else:
        put(form.render("causes", list_pages(), look))
