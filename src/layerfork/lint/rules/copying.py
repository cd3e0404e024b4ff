"""What is copied too early, or should not be copied at all."""

import os
import posixpath
import re
import shlex
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice

from layerfork.context.ignore.ignorefile import DOCKER_IGNORE
from layerfork.dockerfile import Instruction
from layerfork.dockerfile.installs import Install, install_of
from layerfork.lint.dockerfiles import Context, OpenedDockerfile, covers, plain_sources, relative
from layerfork.lint.rule import LintRule, Project, Violation, found_at, runs
from layerfork.record.answer import Edit, Fix
from layerfork.record.lint import TrapCode

_BETWEEN = frozenset({"LABEL", "EXPOSE", "CMD", "ENTRYPOINT", "STOPSIGNAL", "HEALTHCHECK", "MAINTAINER"})
"""What may stand between the copy and the install step: nothing that the latter needs."""
_READS_GIT = re.compile(r"\bgit\b|\.git\b|setuptools.scm|versioneer|hatch-vcs|GitVersion")
"""Words of a step that may need the repository."""
_BUILD_FILES = (
    *("Makefile", "makefile", "GNUmakefile", "Taskfile.yml", "justfile", "build.rs", "build.sh"),
    *("setup.py", "setup.cfg", "pyproject.toml", "package.json", "build.gradle", "build.gradle.kts"),
    *("pom.xml", "meson.build", "CMakeLists.txt", "Rakefile", "Gemfile", ".goreleaser.yaml", "mix.exs"),
)
_ASKS_GIT = re.compile(
    r"git[\" ',]+(?:-\S+ )*(?:describe|rev-parse|rev-list|log|show|status|symbolic-ref|tag)\b|setuptools.scm"
    r"|versioneer|hatch-vcs|vergen|git-commit-id|GitVersion|\.git/"
)
"""What such files ask the repository with, at the context's top."""


def find_copy_before_install(project: Project) -> Iterator[Violation]:
    """`COPY . .`, and then a RUN that only installs what some files list."""
    for opened, copy in project.steps("COPY", "ADD"):
        install = _install_below(opened, copy)
        manifests = None if install is None else _manifests(opened.contexts, install)
        if install is not None and manifests is not None:
            yield found_at(opened, copy, _cost(install), _swap(opened, copy, install, manifests))


def suspect_copies(opened: OpenedDockerfile) -> Iterator[Violation]:
    """The same of a Dockerfile whose context is not known: only that a build of it came that far."""
    for copy in opened.dockerfile.instructions:
        install = _install_below(opened, copy)
        if install is not None:
            yield found_at(opened, copy, _cost(install), _moved(copy, install))


def _moved(copy: Instruction, install: Install) -> Fix:
    above = f"line {install.run.first_line} above line {copy.first_line}"
    manifest = next(iter(filter(None, (install.named, *install.installer.manifests))), "")
    if not manifest:
        return Fix(sentence=f"put {above}: it reads no file")
    return Fix(sentence=f"copy {manifest} and what belongs to it by a COPY of its own, and put {above}")


def _cost(install: Install) -> str:
    what = " ".join(install.run.text.split()).removeprefix("RUN ")
    what = what if len(what) <= 60 else f"{what[:59]}…"
    return f"a change of any copied file runs line {install.run.first_line} again: {what}"


def _install_below(opened: OpenedDockerfile, copy: Instruction) -> Install | None:
    """The install that is the next step after a copy of everything."""
    if not _copies_all(copy):
        return None
    step = next((each for each in opened.below(copy) if each.keyword not in _BETWEEN), None)
    return install_of(step) if step is not None and step.keyword == "RUN" else None


def _manifests(contexts: tuple[Context, ...], install: Install) -> tuple[str, ...] | None:
    """Files of the context that the step reads; None where they are not there, or all that is sent.

    A directory that lacks them is no context of this build: the step would fail.
    """
    places = [(context, _manifests_in(context, install)) for context in contexts]
    own = [(context, files) for context, files in places if files is not None]
    if len({files for _, files in own}) != 1:
        return None
    context, files = own[0]
    others = (path for path, status in context.sent_below(".") if _is_other(path, status, files))
    return files if next(others, None) is not None else None


def _is_other(path: str, status: os.stat_result, files: tuple[str, ...]) -> bool:
    return not stat.S_ISDIR(status.st_mode) and path not in files


def _manifests_in(context: Context, install: Install) -> tuple[str, ...] | None:
    """Those of one context; None where the first of them is not there."""
    wanted = install.installer.manifests
    if install.named is not None:
        wanted = (posixpath.normpath(install.named),)
    there = tuple(each for each in wanted if not posixpath.isabs(each) and context.sends(each))
    return there if there[:1] == wanted[:1] else None


def _swap(opened: OpenedDockerfile, copy: Instruction, install: Install, manifests: tuple[str, ...]) -> Fix:
    run = install.run
    text = opened.source.lines[run.first_line - 1 : run.last_line]
    removed = Edit(file=str(opened.source.path), line=run.first_line, before=text)
    if not manifests:
        return Fix(
            sentence=f"put line {run.first_line} above line {copy.first_line}: it reads no file",
            edits=(Edit(file=str(opened.source.path), line=copy.first_line, after=text), removed),
        )
    flags = "".join(f" --{name}={value}" for name, value in copy.flags if name in ("chown", "chmod"))
    target = copy.arguments[-1]
    places = {posixpath.dirname(each) for each in manifests} - {""}
    place = posixpath.join(target, *places) if len(places) == 1 else target
    first = f"COPY{flags} {' '.join(manifests)} {place}{'' if place.endswith('/') else '/'}"
    return Fix(
        sentence=f"put `{first}` and line {run.first_line} above line {copy.first_line}",
        edits=(Edit(file=str(opened.source.path), line=copy.first_line, after=(first, *text)), removed),
        warning=install.installer.warning and f"safe {install.installer.warning}",
    )


def find_dockerfile_copied(project: Project) -> Iterator[Violation]:
    """A copied directory that holds the Dockerfile, or its ignore file, and RUNs below."""
    for opened in project.dockerfiles:
        for copy in _first_copies(opened, partial(_copies_build_files, opened)):
            names = _sent_of_build(copy, opened)[0]
            later = runs(opened.later_runs(copy))
            cost = f"an edit of {' or '.join(names)}, even of a comment, makes this and the {later} miss"
            yield found_at(opened, copy, cost, _ignored(opened, names))


def _copies_build_files(opened: OpenedDockerfile, copy: Instruction) -> bool:
    return all(_sent_of_build(copy, opened))


def _sent_of_build(copy: Instruction, opened: OpenedDockerfile) -> list[list[str]]:
    """For each context, which of the files that decide the build are copied with a directory."""
    directories = tuple(map(relative, plain_sources(copy)))
    return [
        [
            name
            for name in filter(None, (context.dockerfile, context.ignore_file))
            if any(source != name and covers(source, name) for source in directories) and context.sends(name)
        ]
        for context in opened.contexts
    ]


def find_repository_copied(project: Project) -> Iterator[Violation]:
    """A copy of everything where ``.git`` is there, is not ignored, and no step needs it."""
    for opened in project.dockerfiles:
        if any(_READS_GIT.search(_whole_text(each)) for each in opened.dockerfile.instructions):
            continue
        if not all(map(_sends_git, opened.contexts)):
            continue
        for copy in _first_copies(opened, _copies_all):
            later = runs(opened.later_runs(copy))
            cost = f"each commit, fetch and checkout changes .git, and makes this and the {later} miss"
            fix = replace(_ignored(opened, [".git"]), warning="safe unless a step reads the repository")
            yield found_at(opened, copy, cost, fix)


def _copies_all(copy: Instruction) -> bool:
    return "." in map(relative, plain_sources(copy))


def _sends_git(context: Context) -> bool:
    """Whether it does without a reason that files at its top show."""
    if context.keeps(".git") or not any(context.sends(f".git/{name}") for name in ("HEAD", "index")):
        return False
    return not any(map(_ASKS_GIT.search, filter(None, map(context.text_of, _BUILD_FILES))))


def _first_copies(opened: OpenedDockerfile, is_trap: Callable[[Instruction], bool]) -> Iterator[Instruction]:
    """In each stage the first copy that is a trap, if a RUN comes after it: later ones miss with it."""
    for stage in opened.dockerfile.stages:
        copies = filter(is_trap, filter(plain_sources, stage.instructions))
        yield from filter(opened.later_runs, islice(copies, 1))


def _ignored(opened: OpenedDockerfile, names: list[str]) -> Fix:
    """Lines for the ignore file, which lists itself, too, where it is new."""
    context = opened.contexts[0]
    where = context.ignore_file or DOCKER_IGNORE
    added = tuple(names) if context.ignore_file else (*names, DOCKER_IGNORE)
    written = " and ".join(f"`{name}`" for name in added)
    edits = (Edit(file=str(context.root / where), after=added),) if len(opened.contexts) == 1 else ()
    return Fix(sentence=f"put {written} into {where}", edits=edits)


def _whole_text(instruction: Instruction) -> str:
    return " ".join((instruction.text, *(heredoc.content for heredoc in instruction.heredocs)))


COPYING = (
    LintRule(code=TrapCode.COPY_BEFORE_INSTALL, find=find_copy_before_install),
    LintRule(code=TrapCode.DOCKERFILE_COPIED, find=find_dockerfile_copied),
    LintRule(code=TrapCode.REPOSITORY_COPIED, find=find_repository_copied),
)


# Modes that no checkout brings back.

_OF_GIT = (0o644, 0o755)
"""What git makes of its two modes of files under umask 022; directories get the second.

Source: git-scm.com gitformat-index(5): of a regular file only 0644 and 0755 are valid.
"""
_NAMED = 5


def find_unstored_modes(project: Project) -> Iterator[Violation]:
    """Files of a repository that are copied with other modes than a checkout under umask 022 gives."""
    for opened in project.dockerfiles:
        if len(opened.contexts) != 1 or not _is_in_repository(opened.contexts[0]):
            continue
        for copy in opened.dockerfile.instructions:
            odd = list(_odd(opened.contexts[0], copy))
            if odd:
                yield _modes_found(opened, copy, odd)
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


def _modes_found(opened: OpenedDockerfile, copy: Instruction, odd: list[tuple[str, int]]) -> Violation:
    path, mode = odd[0]
    count = f"{len(odd):,} names have modes" if len(odd) > 1 else "one name has a mode"
    example = f"{path} {mode:04o}"
    cost = f"{count} that git does not keep, such as {example}: a checkout under umask 022 misses here"
    names = " ".join(shlex.quote(f"./{name}") for name, _ in odd[:_NAMED])
    few = len(odd) <= _NAMED
    command = f"chmod u=rwX,go=rX {names}" if few else "chmod -R u=rwX,go=rX ."
    fix = Fix(sentence=f"`{command}`, and check out under umask 022 from now on", command=command)
    return found_at(opened, copy, cost, fix)


MODES = (LintRule(code=TrapCode.UNSTORED_MODES, find=find_unstored_modes),)
