"""Opens a directory as a canonical tar."""

import logging
import os
from pathlib import Path

from layerfork.context.packing.file import ContextTar
from layerfork.context.packing.plan import plan_directory
from layerfork.context.packing.stream import tar_pieces


def open_context_tar(
    path: str | os.PathLike[str], dockerfile: str | os.PathLike[str] | None = None
) -> ContextTar:
    """The tar as a file object; ``dockerfile`` starts from ``path``. Notes go to the log ``layerfork``.

    Raises: UsageError.
    """
    root = Path(path)
    plan = plan_directory(root, None if dockerfile is None else root / dockerfile)
    return ContextTar(tar_pieces(plan, logging.getLogger("layerfork").warning))
