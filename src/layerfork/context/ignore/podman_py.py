"""Ignore files as podman-py applies them.

Source: containers/podman-py podman/api/tar_utils.py @ 5.8.0.
"""

import re
from fnmatch import fnmatch

from layerfork.context.walk import ScannedTree


def podman_py_paths(tree: ScannedTree, ignore_text: str) -> set[str]:
    """Paths that podman-py sends: plain fnmatch on whole paths, no exceptions; an excluded directory
    takes all below it along. Only files, directories and links pass."""
    lines = (line.strip() for line in re.split("\r\n|\r|\n", ignore_text))
    patterns = [line for line in lines if line and not line.startswith("#")]
    sent: set[str] = set()
    pending = ["."]
    while pending:
        directory = pending.pop()
        for name, status in tree.directories[directory]:
            path = name if directory == "." else f"{directory}/{name}"
            kind = status.st_mode & 0o170000
            if kind not in (0o100000, 0o040000, 0o120000) or any(fnmatch(path, each) for each in patterns):
                continue
            sent.add(path)
            if path in tree.directories:
                pending.append(path)
    return sent
