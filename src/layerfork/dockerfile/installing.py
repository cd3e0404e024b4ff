"""RUNs that install what some files list: by which words they are known, and which files they read."""

import re
from dataclasses import dataclass

from layerfork.dockerfile.instruction import Instruction


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
        command=re.compile(r"\bnpm (?:ci|i|install)\b(?!\s+[@a-z])(?![^&|;]*\s(?:-g|--global)\b)"),
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
    Installer(command=re.compile(r"\bnpm (?:i|install)\b(?=[^&|;]*\s(?:-g|--global)\s)(?![^&|;]*\s\.?/)")),
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Install:
    """A RUN that does nothing but install."""

    run: Instruction
    installer: Installer
    named: str | None
    """The file that its command names."""


def install_of(run: Instruction) -> Install | None:
    """What a RUN installs; None where it does more, or reads more than one installer's usual files."""
    if run.json or run.heredocs:
        return None
    found: list[Install] = []
    for words in map(str.split, _SEPARATOR.split(" ".join(run.arguments))):
        command = " ".join(words)
        if not command or _TIDYING.fullmatch(command):
            continue
        install = _installed_by(run, command)
        if install is None:
            return None
        found.append(install)
    reading = [each for each in found if each.named or each.installer.manifests]
    return next(iter(reading or found), None) if len(reading) <= 1 else None


def _installed_by(run: Instruction, command: str) -> Install | None:
    for each in INSTALLERS:
        if (hit := each.command.search(command)) is not None:
            named = hit.groupdict().get("file")
            return None if _reads_more(command, named) else Install(run=run, installer=each, named=named)
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
