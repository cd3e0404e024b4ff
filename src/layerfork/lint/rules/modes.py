"""Modes that no checkout brings back."""

import os
import shlex
import stat
from collections.abc import Iterator

from layerfork.dockerfile import Instruction
from layerfork.lint.dockerfiles.context import Context, relative
from layerfork.lint.dockerfiles.lines import found_at
from layerfork.lint.dockerfiles.opened import OpenedDockerfile, plain_sources
from layerfork.lint.project import Project
from layerfork.lint.rule import Found, Rule
from layerfork.record.answer import Fix
from layerfork.record.trap import TrapCode

_OF_GIT = (0o644, 0o755)
"""What git makes of its two modes of files under umask 022; directories get the second.

Source: git-scm.com gitformat-index(5): of a regular file only 0644 and 0755 are valid.
"""
_NAMED = 5


def find_unstored_modes(project: Project) -> Iterator[Found]:
    """Files of a repository that are copied with other modes than a checkout under umask 022 gives."""
    for opened in project.dockerfiles:
        if len(opened.contexts) != 1 or not _is_in_repository(opened.contexts[0]):
            continue
        for copy in opened.dockerfile.instructions:
            odd = list(_odd(opened.contexts[0], copy))
            if odd:
                yield _found(opened, copy, odd)
                break


def _is_in_repository(context: Context) -> bool:
    return any(os.path.lexists(place / ".git") for place in (context.root, *context.root.parents))


def _odd(context: Context, copy: Instruction) -> Iterator[tuple[str, int]]:
    """Paths with their modes."""
    for source in map(relative, plain_sources(copy)):
        own = context.sent_below(source)
        first = [(source, os.lstat(context.root / source))] if source != "." and context.sends(source) else []
        for path, status in (*first, *own):
            if ".git" not in path.split("/") and _is_odd(status.st_mode):
                yield path, stat.S_IMODE(status.st_mode)


def _is_odd(mode: int) -> bool:
    permissions = stat.S_IMODE(mode)
    if stat.S_ISDIR(mode):
        return permissions != _OF_GIT[1]
    return stat.S_ISREG(mode) and permissions not in _OF_GIT


def _found(opened: OpenedDockerfile, copy: Instruction, odd: list[tuple[str, int]]) -> Found:
    path, mode = odd[0]
    count = f"{len(odd):,} names have modes" if len(odd) > 1 else "one name has a mode"
    example = f"{path} {mode:04o}"
    cost = f"{count} that git does not keep, such as {example}: a checkout under umask 022 misses here"
    names = " ".join(shlex.quote(f"./{name}") for name, _ in odd[:_NAMED])
    few = len(odd) <= _NAMED
    command = f"chmod u=rwX,go=rX {names}" if few else "chmod -R u=rwX,go=rX ."
    fix = Fix(sentence=f"`{command}`, and check out under umask 022 from now on", command=command)
    return found_at(opened, copy, cost, fix)


MODES = (Rule(code=TrapCode.UNSTORED_MODES, find=find_unstored_modes),)
