"""Command lines that build, as far as it is known what their words do."""

from collections.abc import Sequence
from pathlib import PurePath

SHELLS = ("sh", "bash", "dash", "zsh")
"""They take what stands in one word after ``-c`` for a command."""
BUILDERS = ("docker", "podman", "buildah", "nerdctl", "docker-buildx")


def is_plain_build(argv: Sequence[str]) -> bool:
    """Whether a command is a build whose options are known: ``docker build …``."""
    return bool(argv) and PurePath(argv[0]).name in BUILDERS and "build" in argv and "compose" not in argv


def as_typed(argv: Sequence[str]) -> str:
    """A command on one line, without the shell that a CI's script put before it."""
    text = _script(argv)
    if not text:
        return " ".join(argv)
    return "; ".join(line for each in text.splitlines() if (line := each.strip()))


def _script(argv: Sequence[str]) -> str:
    """What a shell is given to run and nothing else; empty for every other command."""
    if len(argv) < 3 or PurePath(argv[0]).name not in SHELLS:
        return ""
    *options, text = argv[1:]
    flags = [word for word in options if word != "pipefail"]
    asked = options[-1].startswith("-") and not options[-1].startswith("--") and options[-1].endswith("c")
    return text if asked and all(word.startswith("-") for word in flags) else ""
