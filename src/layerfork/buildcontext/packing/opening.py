"""Opens a directory as a canonical tar."""

import logging
import os
from pathlib import Path

from layerfork.buildcontext.packing.file import ContextTar
from layerfork.buildcontext.packing.plan import plan_directory
from layerfork.buildcontext.packing.stream import tar_pieces


def open_context_tar(
    path: str | os.PathLike[str], dockerfile: str | os.PathLike[str] | None = None
) -> ContextTar:
    """The tar as a file object; ``dockerfile`` starts from ``path``. Notes go to the log ``layerfork``.

    Raises: UsageError.
    """
    root = Path(path)
    plan = plan_directory(root, None if dockerfile is None else root / dockerfile)
    return ContextTar(tar_pieces(plan, logging.getLogger("layerfork").warning))
