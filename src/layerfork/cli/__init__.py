"""The command line: one file per subcommand, and the one place where errors become exit codes."""

import sys
import traceback

import click

from layerfork.cli.root import root
from layerfork.errors import ExitCode, LayerforkError


def main(argv: list[str] | None = None) -> None:
    """Run the command line and end the process with its exit code."""
    sys.exit(run(argv))


def run(argv: list[str] | None = None) -> int:
    """Run the command line; every failure ends here as a message on stderr and an exit code."""
    try:
        code = root.main(args=argv, prog_name="layerfork", standalone_mode=False)
        return int(code) if isinstance(code, int) else ExitCode.AS_HOPED
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE
    except LayerforkError as error:
        click.echo(f"layerfork: {error}", err=True)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("layerfork: interrupted", err=True)
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return ExitCode.AS_HOPED
    except Exception:
        traceback.print_exc()
        click.echo(
            "layerfork: this is a bug in layerfork\nhint: report it with the lines above and the output of "
            "`layerfork --version`",
            err=True,
        )
        return ExitCode.BUG
