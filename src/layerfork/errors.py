"""Everything layerfork raises on purpose, and the exit code each kind ends with.

LayerforkError      something outside this program failed (no space left)      exit 3
├── UsageError      the command line or a file it names is wrong          exit 2
├── EvidenceError   a record is truncated, too new, or lacks what is asked exit 2
├── EngineError     an engine cannot be started, reached or kept alive     exit 3
└── ClientError     a build client is missing or cannot be prepared        exit 3

A build that fails is an observation, not an error: it is recorded and the other builds go on.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process exits with; scripts and CI rely on these numbers."""

    AS_HOPED = 0
    FORKED = 1
    USAGE = 2
    COULD_NOT_RUN = 3
    BUG = 4
    INTERRUPTED = 130


class LayerforkError(Exception):
    """A failure that a person can act on: what is wrong, and what to do next."""

    exit_code = ExitCode.COULD_NOT_RUN

    def __init__(self, message: str, hint: str = "", details: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details
        """Output of another program, verbatim; empty when there is none."""

    def __str__(self) -> str:
        lines = [self.message]
        if self.hint:
            lines.append(f"hint: {self.hint}")
        if self.details:
            lines.append(self.details.rstrip("\n"))
        return "\n".join(lines)


class UsageError(LayerforkError):
    """The command line, or a file that it names, is wrong."""

    exit_code = ExitCode.USAGE


class EvidenceError(LayerforkError):
    """A record cannot be read, or does not hold what was asked of it."""

    exit_code = ExitCode.USAGE


class EngineError(LayerforkError):
    """An engine cannot be started, reached or kept alive."""

    exit_code = ExitCode.COULD_NOT_RUN


class ClientError(LayerforkError):
    """A build client is missing or cannot be prepared."""

    exit_code = ExitCode.COULD_NOT_RUN
