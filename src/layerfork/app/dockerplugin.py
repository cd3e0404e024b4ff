"""`docker layerfork`: the small program that docker finds, installed and removed.

docker asks every plugin for its metadata whenever it prints its help, so the program answers that by itself
and starts Python only for a command.
Source: docker/cli cli-plugins/manager/{manager,metadata,plugin}.go @ v26.1.5 (where plugins lie, what they
are called, what metadata has to hold).
"""

import contextlib
import json
import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from layerfork import __version__
from layerfork.errors import LayerforkError, UsageError

NAME = "docker-layerfork"
_OURS = "# Written by `layerfork plugin install`"
_METADATA = {
    "SchemaVersion": "0.1.0",
    "Vendor": "layerfork",
    "Version": __version__,
    "ShortDescription": "Show where a layer cache forks, and why",
}
_PROGRAM = """\
#!/bin/sh
{ours}; `layerfork plugin remove` removes it.
if [ "$1" = docker-cli-plugin-metadata ]; then
  echo {metadata}
  exit
fi
if [ ! -x {python} ]; then
  echo "docker-layerfork: layerfork is not any more where it was: "{python} >&2
  echo "hint: install it again and run: layerfork plugin install; or remove $0" >&2
  exit 3
fi
exec {python} -P -m layerfork.cli.docker "$@"
"""


def plugin_directory(environment: Mapping[str, str]) -> Path:
    """Where docker looks for plugins of this user."""
    configuration = environment.get("DOCKER_CONFIG")
    return (Path(configuration) if configuration else Path.home() / ".docker") / "cli-plugins"


def install(directory: Path) -> Path:
    """Write the program, anew where it is ours already; gives its path.

    Raises: UsageError when another file is there, LayerforkError when it cannot be written.
    """
    program = directory.absolute() / NAME
    _refuse_foreign(program)
    text = _PROGRAM.format(
        ours=_OURS, metadata=shlex.quote(json.dumps(_METADATA)), python=shlex.quote(sys.executable)
    )
    written = program.with_name(
        f".{NAME}-{os.getpid()}"
    )  # docker takes what begins with docker- for a plugin
    try:
        program.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _failed("make the directory", program.parent, error) from error
    try:
        written.write_text(text, "utf-8")
        written.chmod(0o755)
        written.replace(program)
    except OSError as error:
        with contextlib.suppress(OSError):
            written.unlink()
        raise _failed("write", program, error) from error
    return program


def remove(directory: Path) -> bool:
    """Remove the program; whether there was one.

    Raises: UsageError when another file is there, LayerforkError when it cannot be removed.
    """
    program = directory.absolute() / NAME
    _refuse_foreign(program)
    try:
        program.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _failed("remove", program, error) from error
    return True


def _refuse_foreign(program: Path) -> None:
    try:
        ours = not os.path.lexists(program) or _OURS in program.read_text("utf-8", errors="replace")
    except OSError as error:
        raise _failed("read", program, error) from error
    if not ours:
        raise UsageError(
            f"{program} was not written by layerfork: it is left as it is",
            hint="move it away, or name another directory: --dir DIR",
        )


def _failed(what: str, place: Path, error: OSError) -> LayerforkError:
    return LayerforkError(
        f"cannot {what} {place}: {error.strerror}",
        hint="name a directory that you may write to and docker looks into: --dir DIR, or DOCKER_CONFIG",
    )
