"""Shows where a Docker layer cache forks between build clients, and proves why.

What programs call is here; docs/api.md has examples. Importing this costs nothing: each function imports
what it needs when it is called. Functions that build do so from the main thread, in the working directory,
with the process' environment, terminal and output, as the commands of the same names do; what they have to
say goes to the log ``layerfork``. All raise `layerfork.errors.LayerforkError` where a command would end with
an error.
"""

import os

TYPE_CHECKING = False  # typing alone would take longer to import than all of this
if TYPE_CHECKING:
    from collections.abc import Sequence

    from layerfork.app.pythonapi import Recorded
    from layerfork.app.why import Explained
    from layerfork.context.packing.stream import ContextTar
    from layerfork.record.check import CheckReport
    from layerfork.record.prediction import Prediction
    from layerfork.record.record import BuildRecord
    from layerfork.record.run import DiffReport

__version__ = "0.1.0"
__all__ = ["__version__", "check", "context_tar", "diff", "predict", "read_records", "record", "why"]


def record(command: "Sequence[str]", *, engine: str = "") -> "Recorded":
    """Run a command, and give its exit code and a record of every build that it made.

    As `layerfork record`, without a file; ``engine`` is what ``--engine`` takes.
    """
    from layerfork.app.pythonapi import record_program  # late: importing layerfork costs nothing

    return record_program(command, engine)


def read_records(file: str | os.PathLike[str]) -> "tuple[BuildRecord, ...]":
    """The recorded builds of a file, in their order; of ``FILE#N`` the N-th alone.

    >>> [build] = read_records("laptop.jsonl#2")
    >>> [(step.instruction.split()[0], step.status.value) for step in build.steps]
    [('FROM', 'hit'), ('RUN', 'hit'), ('COPY', 'miss'), ('RUN', 'miss')]
    """
    from layerfork.app.compare.comparison import stored_in  # late: importing layerfork costs nothing

    wanted, _ = stored_in(os.fspath(file))
    return tuple(each.whole() for each in wanted)


def diff(writer: str | os.PathLike[str], reader: str | os.PathLike[str]) -> "tuple[DiffReport, ...]":
    """Why the builds of one record file missed what those of another had stored: a report for each build.

    >>> [report] = diff("laptop.jsonl#1", "laptop.jsonl#2")
    >>> report.judgement.verdict.value
    'forked'
    >>> [fork] = report.judgement.forks
    >>> report.answers[0].headline
    'Dockerfile:4  COPY important.txt /  missed: important.txt changed'
    >>> fork.step, [cause.code.value for cause in fork.causes]
    (3, ['content'])
    """
    from layerfork.app.compare.comparison import diff_files  # late: importing layerfork costs nothing

    return diff_files(os.fspath(writer), os.fspath(reader))


def why(
    build: "str | os.PathLike[str] | Sequence[str]" = (),
    *,
    engine: str = "",
    against: str | os.PathLike[str] = "",
    store: str | os.PathLike[str] = "",
) -> "Explained":
    """Build, and say why the build missed what an earlier one had stored.

    ``build`` is a directory for `docker build`, or a command as a list of words; without one the newest
    recorded builds of the working directory are explained again. What comes back has the command's
    ``exit_code`` (130 after Ctrl-C, 3 where it built nothing) and ``reports``, one for each build.
    """
    from layerfork.app.pythonapi import why_program  # late: importing layerfork costs nothing

    return why_program(build, engine, os.fspath(against), os.fspath(store))


def predict(
    path: str | os.PathLike[str] = "",
    *,
    against: str | os.PathLike[str] = "",
    client: str = "",
    changed: "Sequence[str]" = (),
    store: str | os.PathLike[str] = "",
) -> "tuple[Prediction, ...]":
    """What the next build of a directory would reuse, a prediction for each build. Nothing is built.

    ``against`` is a record file or the id of a kept build; without one the newest kept build of ``path``.
    ``changed`` are files whose content is taken for another.
    """
    from layerfork.app.pythonapi import predict_program  # late: importing layerfork costs nothing

    return predict_program(os.fspath(path), os.fspath(against), client, changed, os.fspath(store))


def check(
    build: "str | os.PathLike[str] | Sequence[str]",
    *,
    engine: str = "",
    baseline: str | os.PathLike[str] = "",
    allow: "Sequence[str]" = (),
    max_lost_s: float | None = None,
) -> "CheckReport":
    """Build twice, or once against a recorded ``baseline``, and say whether all that can be reused was.

    ``build`` is a directory for `docker build`, or a command as a list of words. ``passed`` of the report
    says what the command's exit code 0 says.
    """
    from layerfork.app.pythonapi import check_program  # late: importing layerfork costs nothing

    return check_program(build, engine, os.fspath(baseline), allow, max_lost_s)


def context_tar(
    path: str | os.PathLike[str], *, dockerfile: str | os.PathLike[str] | None = None
) -> "ContextTar":
    """A build context as a file object with the tar that `layerfork pack` writes, made while it is read.

    ``dockerfile`` starts from ``path``, as docker-py's does; where none is named it is ``Dockerfile``.
    What is left out of the tar, such as a socket, goes to the log ``layerfork``.

    >>> import pathlib, tempfile, tarfile
    >>> context = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (context / "Dockerfile").write_text("FROM alpine\\nCOPY run.sh /\\n")
    >>> _ = (context / "run.sh").write_text("echo hello\\n")
    >>> with context_tar(context) as fileobj:
    ...     tarfile.open(fileobj=fileobj, mode="r|").getnames()
    ['Dockerfile', 'run.sh']

    With docker-py, whose builds then share the cache with ``layerfork pack . | docker build -``::

        docker.from_env().images.build(fileobj=layerfork.context_tar("."), custom_context=True)

    Raises: layerfork.errors.LayerforkError, here when there is no such directory or Dockerfile, and when it
    is read for a file that cannot be read or changes meanwhile.
    """
    from layerfork.context.packing.stream import open_context_tar  # late: importing layerfork costs nothing

    return open_context_tar(path, dockerfile)
