"""Installing before the sources are copied: what most Dockerfiles that rebuild too much get wrong.

One table says by which words an install step is known, and which files it reads.
"""

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from layerfork.dockerfile import Instruction
from layerfork.explain.answer.edits import lines_of
from layerfork.explain.answer.scene import Scene
from layerfork.model.answer import Edit, Fix


@dataclass(frozen=True, slots=True, kw_only=True)
class Installer:
    """A program that installs what some files list."""

    name: str
    command: re.Pattern[str]
    """Found in the text of its RUN. A group ``file`` is a file that the command names."""
    manifests: tuple[str, ...] = ()
    """Files that it reads where they are there; at least the first must be. None: it reads no file."""
    warning: str = ""
    """When it needs more than these files."""


_SCRIPTS = "unless a postinstall or prepare script in package.json needs the sources"
INSTALLERS = (
    Installer(
        name="npm",
        command=re.compile(r"\bnpm (?:ci|i|install)\b(?!\s+[@a-z])"),
        manifests=("package.json", "package-lock.json", "npm-shrinkwrap.json", ".npmrc"),
        warning=_SCRIPTS,
    ),
    Installer(
        name="pnpm",
        command=re.compile(r"\bpnpm (?:i|install)\b"),
        manifests=("package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml", ".npmrc"),
        warning=_SCRIPTS,
    ),
    Installer(
        name="yarn",
        command=re.compile(r"\byarn(?: install\b|\s*$|\s+--)"),
        manifests=("package.json", "yarn.lock", ".yarnrc.yml", ".npmrc"),
        warning=_SCRIPTS,
    ),
    Installer(
        name="pip",
        command=re.compile(r"\bpip3? install\b[^&|;]*?(?:-r|--requirement)[ =]?(?P<file>[\w./-]+)"),
        warning="unless that file names local paths",
    ),
    Installer(
        name="poetry",
        command=re.compile(r"\bpoetry install\b[^&|;]*--no-root"),
        manifests=("pyproject.toml", "poetry.lock"),
    ),
    Installer(
        name="uv",
        command=re.compile(r"\buv sync\b[^&|;]*--no-install-project"),
        manifests=("pyproject.toml", "uv.lock"),
    ),
    Installer(
        name="bundle",
        command=re.compile(r"\bbundle install\b"),
        manifests=("Gemfile", "Gemfile.lock"),
        warning="unless the Gemfile names local paths",
    ),
    Installer(
        name="go",
        command=re.compile(r"\bgo mod download\b"),
        manifests=("go.mod", "go.sum"),
    ),
    Installer(
        name="composer",
        command=re.compile(r"\bcomposer install\b[^&|;]*--no-scripts"),
        manifests=("composer.json", "composer.lock"),
        warning="unless composer.json loads files of the sources",
    ),
    Installer(name="apt", command=re.compile(r"\bapt(?:-get)? (?:-\S+ )*install\b(?![^&|;]*\s\.?/)")),
    Installer(name="apk", command=re.compile(r"\bapk (?:-\S+ )*add\b(?![^&|;]*\s\.?/)")),
    Installer(name="dnf", command=re.compile(r"\b(?:microdnf|dnf|yum) (?:-\S+ )*install\b(?![^&|;]*\s\.?/)")),
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


def install_first(scene: Scene, paths: Sequence[str]) -> Fix | None:
    """Put the install step above the copy; None where none follows, or where it reads what changed."""
    copy = scene.instruction
    if copy is None or copy.keyword not in ("COPY", "ADD") or copy.flag("from") or copy.heredocs:
        return None
    for run, installer in _installs_below(scene, copy):
        manifests = _manifests(scene, installer, run)
        if manifests is None or any(path in manifests for path in paths):
            return None
        return _swap(scene, copy, run, installer, manifests)
    return None


def _installs_below(scene: Scene, copy: Instruction) -> Iterator[tuple[Instruction, Installer]]:
    """The install step that was built again because of the copy, if nothing between them is in its way."""
    again = {step.line or step.index for step in scene.later_steps()}
    for each in scene.dockerfile.instructions if scene.dockerfile is not None else ():
        if each.stage != copy.stage or each.first_line <= copy.first_line:
            continue
        if each.keyword not in _BETWEEN:
            return
        if each.keyword != "RUN":
            continue
        found = next((one for one in INSTALLERS if one.command.search(each.text)), None)
        index = next((at for at, own in scene.instructions.items() if own == each), 0)
        if found is None or not (again & {each.first_line, index}) or each.heredocs:
            return
        yield each, found


def _manifests(scene: Scene, installer: Installer, run: Instruction) -> tuple[str, ...] | None:
    """Files of the context that the step reads; None where they are not there."""
    found = installer.command.search(run.text)
    named = found.groupdict().get("file") if found is not None else None
    if named is not None:
        path = posixpath.normpath(named)
        return (path,) if scene.has(path) else None
    there = tuple(each for each in installer.manifests if scene.has(each))
    if not installer.manifests:
        return ()
    return there if installer.manifests[0] in there else None


def _swap(
    scene: Scene, copy: Instruction, run: Instruction, installer: Installer, manifests: tuple[str, ...]
) -> Fix | None:
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
