"""Where files are, as SARIF says it."""

import os.path
from typing import Any
from urllib.parse import quote

ROOT = "%SRCROOT%"
"""Names the root of the sources, wherever whoever reads the log has them (3.4.4)."""


def artifact(path: str) -> dict[str, Any]:
    """Where a file is: below the root, or a URI of its own (3.4)."""
    if os.path.isabs(path):  # noqa: PTH117 - a path of any machine, not to be touched
        return {"uri": f"file://{_quoted(path)}"}
    return {"uri": _quoted(path), "uriBaseId": ROOT}


def _quoted(path: str) -> str:
    """The bytes of a name that is not UTF-8; a lone surrogate that stands for none is taken as it is."""
    try:
        return quote(path.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:
        return quote(path.encode("utf-8", "surrogatepass"))
