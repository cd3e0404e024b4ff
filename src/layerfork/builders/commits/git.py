"""How git is called, everywhere: no program that a repository names is run, and nothing is fetched.

A repository's files are data, its ``.git`` among them: whoever wrote it may have named programs there.
Sources: git Documentation/config/*.txt and Documentation/git.txt, v2.47.0; what an older git does not know it
ignores, so what matters is said in more than one way.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from layerfork.builders.process import run
from layerfork.errors import UsageError
from layerfork.record.build import Command

_SETTINGS = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.attributesFile=/dev/null",
    "core.splitIndex=false",
    "core.pager=cat",
    "core.editor=false",
    "core.sshCommand=false",
    "core.gitProxy=",
    "core.askPass=",
    "core.alternateRefsCommand=false",
    "credential.helper=",
    "diff.external=",
    "diff.ignoreSubmodules=all",
    "gpg.program=false",
    "gpg.x509.program=false",
    "gpg.ssh.program=false",
    "log.showSignature=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.allow=never",
    "safe.bareRepository=explicit",
    "submodule.recurse=false",
)
"""They go before those of any file. The index is not split: its other part would lie in the repository."""
_ENVIRONMENT = {
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_PAGER": "cat",
    "LC_ALL": "C",
}
"""git before 2.45 knows no ``GIT_NO_LAZY_FETCH``: without a protocol it has no program to fetch with."""
_DRIVERS = r"^(filter|diff|merge)\..*\.(clean|smudge|process|textconv|command|driver|required)$"
_TIMEOUT_S = 10.0


def git_command(
    *words: str,
    directory: Path | None = None,
    env: Mapping[str, str] | None = None,
    inherited: Mapping[str, str] | None = None,
    settings: tuple[str, ...] = (),
    stdin: Path | None = None,
) -> Command:
    """A call of git, by default in the working directory.

    ``env`` is added to what is ``inherited``, by default our environment, and wins over the safe one;
    ``settings`` are ``NAME=VALUE``.
    """
    place = () if directory is None else ("-C", os.fspath(directory))
    options = tuple(word for setting in (*_SETTINGS, *settings) for word in ("-c", setting))
    return Command(
        argv=("git", "--no-pager", *place, *options, *words),
        env={**(os.environ if inherited is None else inherited), **_ENVIRONMENT, **(env or {})},
        stdin=stdin,
    )


def without_drivers(directory: Path) -> tuple[str, ...]:
    """Settings that take their programs from a repository's filters: for what compares the working tree.

    Raises: UsageError where a filter's name cannot be said so; ProgramMissingError.
    """
    asked = git_command("config", "-z", "--name-only", "--get-regexp", _DRIVERS, directory=directory)
    names = run(asked, _TIMEOUT_S).stdout.split("\0")[:-1]
    if any("=" in name for name in names):
        raise UsageError("a filter of this repository has = in its name", "rename it in git's configuration")
    return tuple(f"{name}={'false' if name.endswith('.required') else ''}" for name in dict.fromkeys(names))
