"""What BuildKit's frontend makes of one source of a COPY.

Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go:dispatchCopy @ v0.13.2.
"""

import posixpath

from layerfork.record.llb import FileAction


def copy_action(source: str, dest: str, number: int = 0, count: int = 1) -> FileAction:
    """The action of the ``number``-th of ``count`` sources; input 0 is what is copied to, 1 the context."""
    return FileAction(
        kind="copy",
        input=0 if number == 0 else count + number - 1,
        secondary_input=1,
        output=0 if number == count - 1 else -1,
        src="/" if source == "." else posixpath.join("/", source),
        dest=dest,
        follow_symlink=True,
        dir_copy_contents=True,
        create_dest_path=True,
        allow_wildcard=True,
        allow_empty_wildcard=True,
    )
