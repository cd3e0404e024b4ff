"""Shows where a Docker layer cache forks between build clients, and proves why."""

import os

TYPE_CHECKING = False  # typing alone would take longer to import than all of this
if TYPE_CHECKING:
    from layerfork.buildcontext.packing.file import ContextTar

__version__ = "0.1.0"
__all__ = ["__version__", "context_tar"]


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
    from layerfork.buildcontext.packing.opening import open_context_tar

    return open_context_tar(path, dockerfile)
