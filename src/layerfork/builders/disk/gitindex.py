"""What git has of files of a recorded context: what ``git checkout -- FILE`` brings back."""

from hashlib import sha256
from pathlib import Path

from layerfork.builders.disk.filelook import LARGEST_BYTES
from layerfork.builders.git import git_command
from layerfork.builders.process import ProgramMissingError, run
from layerfork.record.context import Digest
from layerfork.record.record import BuildRecord

_TIMEOUT_S = 5.0


def digest_in_index(record: BuildRecord, path: str) -> Digest | None:
    """Digest of a file of the context as it is in git's index; None where no git has it, or not as UTF-8.

    Filters are not run: of a file that they change, this is not what a checkout writes.
    """
    if not record.place.directory or "\0" in path:
        return None
    command = git_command("cat-file", "blob", f":./{path}", directory=Path(record.place.directory))
    try:
        done = run(command, _TIMEOUT_S, keep_bytes=LARGEST_BYTES)
    except ProgramMissingError:
        return None
    if done.timed_out or done.returncode:
        return None
    return Digest(f"sha256:{sha256(done.stdout.encode()).hexdigest()}")
