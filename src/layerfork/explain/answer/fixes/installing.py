"""Installing before the sources are copied: what most Dockerfiles that rebuild too much get wrong.

One table says by which words an install step is known, and which files it reads.
"""

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass

from layerfork.dockerfile import Instruction
from layerfork.explain.answer.edits import lines_of
from layerfork.explain.answer.scene import Scene
from layerfork.model.answer import Edit, Fix


@dataclass(frozen=True, slots=True, kw_only=True)
class Installer:
    """A program that installs what some files list."""

    command: re.Pattern[str]
    """Found in the text of its RUN. A group ``file`` is a file that the command names."""
    manifests: tuple[str, ...] = ()
    """Files that it reads where they are there; at least the first must be. None: it reads no file."""
    warning: str = ""
    """When it needs more than these files."""


_SCRIPTS = (
    "unless package.json names local packages, or a postinstall or prepare script of it needs the sources"
)
INSTALLERS = (
    Installer(
        command=re.compile(r"\bnpm (?:ci|i|install)\b(?!\s+[@a-z])"),
        manifests=("package.json", "package-lock.json", "npm-shrinkwrap.json", ".npmrc"),
        warning=_SCRIPTS,
    ),
    Installer(
        command=re.compile(r"\bpnpm (?:i|install)\b"),
        manifests=("package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml", ".npmrc"),
        warning=_SCRIPTS,
    ),
    Installer(
        command=re.compile(r"\byarn(?: install\b|\s*$|\s+--)"),
        manifests=("package.json", "yarn.lock", ".yarnrc.yml", ".npmrc"),
        warning=_SCRIPTS,
    ),
    Installer(
        command=re.compile(r"\bpip3? install\b[^&|;]*?(?:-r|--requirement)[ =]?(?P<file>[\w./-]+)"),
        warning="unless that file names local paths",
    ),
    Installer(
        command=re.compile(r"\bpoetry install\b[^&|;]*--no-root"),
        manifests=("pyproject.toml", "poetry.lock"),
        warning="unless pyproject.toml names local packages",
    ),
    Installer(
        command=re.compile(r"\buv sync\b[^&|;]*--no-install-project"),
        manifests=("pyproject.toml", "uv.lock"),
        warning="unless pyproject.toml names local packages",
    ),
    Installer(
        command=re.compile(r"\bbundle install\b"),
        manifests=("Gemfile", "Gemfile.lock"),
        warning="unless the Gemfile names local paths",
    ),
    Installer(
        command=re.compile(r"\bgo mod download\b"),
        manifests=("go.mod", "go.sum"),
        warning="unless go.mod replaces a module by a local one",
    ),
    Installer(
        command=re.compile(r"\bcomposer install\b[^&|;]*--no-scripts"),
        manifests=("composer.json", "composer.lock"),
        warning="unless composer.json loads files of the sources",
    ),
    Installer(command=re.compile(r"\bapt(?:-get)? (?:-\S+ )*install\b(?![^&|;]*\s\.?/)")),
    Installer(command=re.compile(r"\bapk (?:-\S+ )*add\b(?![^&|;]*\s\.?/)")),
    Installer(command=re.compile(r"\b(?:microdnf|dnf|yum) (?:-\S+ )*install\b(?![^&|;]*\s\.?/)")),
)
"""Cargo has no such step of its own: `cargo build` compiles the sources."""
MANIFESTS = frozenset(name for each in INSTALLERS for name in each.manifests) | {
    "Cargo.lock",
    "Cargo.toml",
    "requirements.txt",
    "Pipfile.lock",
}
"""Files that say what is installed, by name."""
_BETWEEN = frozenset(
    {"LABEL", "EXPOSE", "CMD", "ENTRYPOINT", "STOPSIGNAL", "HEALTHCHECK", "MAINTAINER", "RUN"}
)
"""What may stand between the copy and the install step: nothing that the latter needs."""
_SEPARATOR = re.compile(r"&&|\|\||[;|&\n]")
_TIDYING = re.compile(
    r"set -\S+|rm -r?f?r? /\S+|corepack enable|(?:npm|pnpm|yarn) cache clean(?: --force)?"
    r"|(?:apt(?:-get)?|apk|dnf|microdnf|yum)(?: -\S+)*"
    r" (?:update|upgrade|clean|autoclean|autoremove)(?: all)?(?: -\S+)*"
)
"""Commands beside an install that read nothing of the context."""
_ELSEWHERE = frozenset(
    {"-e", "--editable", "-c", "--constraint", "--prefix", "-C", "--cwd", "--dir", "--directory", "-d"}
    | {"--working-dir", "-w", "--workspace", "--project", "--gemfile"}
)
"""Options after which an installer reads other files than its usual ones."""


def install_first(scene: Scene, paths: Sequence[str]) -> Fix | None:
    """Put the install step above the copy; None where none follows, or where it reads what changed."""
    copy = scene.instruction
    if copy is None or copy.keyword not in ("COPY", "ADD") or copy.flag("from") or copy.heredocs:
        return None
    found = _install_below(scene, copy)
    manifests = _manifests(scene, found) if found is not None else None
    if found is None or manifests is None or any(path in manifests for path in paths):
        return None
    return _swap(scene, copy, found, manifests)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Install:
    """A RUN that does nothing but install."""

    run: Instruction
    installer: Installer
    named: str | None
    """The file that its command names."""


def _install_below(scene: Scene, copy: Instruction) -> _Install | None:
    """The install step that was built again because of the copy, if nothing between them is in its way."""
    again = {step.line or step.index for step in scene.later_steps()}
    for each in scene.dockerfile.instructions if scene.dockerfile is not None else ():
        if each.stage != copy.stage or each.first_line <= copy.first_line:
            continue
        if each.keyword not in _BETWEEN:
            return None
        if each.keyword != "RUN":
            continue
        index = next((at for at, own in scene.instructions.items() if own == each), 0)
        return _install_of(each) if again & {each.first_line, index} else None
    return None


def _install_of(run: Instruction) -> _Install | None:
    """None where it does anything besides, or reads more than one installer's usual files."""
    if run.json or run.heredocs:
        return None
    found: list[_Install] = []
    for command in map(str.strip, _SEPARATOR.split(" ".join(run.arguments))):
        if not command or _TIDYING.fullmatch(command):
            continue
        install = _install_by(run, command)
        if install is None:
            return None
        found.append(install)
    reading = [each for each in found if each.named or each.installer.manifests]
    return next(iter(reading or found), None) if len(reading) <= 1 else None


def _install_by(run: Instruction, command: str) -> _Install | None:
    for each in INSTALLERS:
        if (hit := each.command.search(command)) is not None:
            named = hit.groupdict().get("file")
            return None if _reads_more(command, named) else _Install(run=run, installer=each, named=named)
    return None


def _reads_more(command: str, named: str | None) -> bool:
    """Other places, several lists, or what only a shell can tell."""
    words = [word.partition("=")[0] for word in command.split()]
    paths = [word for word in words if word in (".", "..") or word.startswith(("./", "../"))]
    lists = [word for word in words if word == "--requirement" or word.startswith("-r")]
    return (
        paths not in ([], [named])
        or len(lists) > 1
        or not _ELSEWHERE.isdisjoint(words)
        or any(mark in command for mark in ("`", "$("))
    )


def _manifests(scene: Scene, install: _Install) -> tuple[str, ...] | None:
    """Files of the context that the step reads; None where they are not there."""
    installer = install.installer
    if install.named is not None:
        path = posixpath.normpath(install.named)
        return (path,) if scene.has(path) else None
    there = tuple(each for each in installer.manifests if scene.has(each))
    if not installer.manifests:
        return ()
    return there if installer.manifests[0] in there else None


def _swap(scene: Scene, copy: Instruction, install: _Install, manifests: tuple[str, ...]) -> Fix | None:
    run, installer = install.run, install.installer
    if "." not in copy.sources and "./" not in copy.sources:
        return None
    lines = lines_of(scene, run)
    first: tuple[str, ...] = ()
    if manifests:
        target = copy.arguments[-1]
        place = target if target.endswith("/") else f"{target}/"
        flags = "".join(f" --{name}={value}" for name, value in copy.flags if name in ("chown", "chmod"))
        if any("/" in each for each in manifests):
            return None
        first = (f"COPY{flags} {' '.join(manifests)} {place}",)
    edits = (
        Edit(file=scene.file, line=copy.first_line, after=(*first, *lines)),
        Edit(file=scene.file, line=run.first_line, before=lines),
    )
    what = f"`{first[0]}` and line {run.first_line}" if first else f"line {run.first_line} (it reads no file)"
    return Fix(
        sentence=f"install before copying: put {what} above line {copy.first_line}",
        edits=edits,
        warning=installer.warning and f"safe {installer.warning}",
    )
