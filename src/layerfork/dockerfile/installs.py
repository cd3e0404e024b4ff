"""RUNs that install: by which words they are known, which files they read, and what they do with apt's
package index."""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from layerfork.dockerfile.instruction import Heredoc, Instruction


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


# What a RUN does with apt's package index.


class IndexUse(Enum):
    """What one command of a RUN does with the index in /var/lib/apt/lists."""

    FETCHED = auto()
    READ = auto()
    """Packages that it names, and what they need, are looked up in it."""
    UNKNOWN = auto()
    """A script, or a command that may fetch it, read it or take it away."""


_TOKEN = re.compile(
    r"""(?P<comment>(?<![^\s;&|()])\#[^\n]*)
    |(?P<end>&&|\|\||[;&|()\n])
    |(?P<word>(?:\\.|'[^']*'|"(?:\\.|[^"\\])*"|\$\((?:[^()]|\([^()]*\))*\)|`[^`]*`|[<>]&|[^\s;&|()'"`\\])+)""",
    re.VERBOSE | re.DOTALL,
)
_QUOTES = re.compile(r"\\(.)|['\"]", re.DOTALL)
_REDIRECTION = re.compile(r"\d*(?:<|>).*", re.DOTALL)
_HEREDOC = re.compile(r"\d*<<-?(?P<name>[^<]+)", re.DOTALL)
_PREFIX = re.compile(
    r"\w+=.*|-\S+|\d+[smh]?|[{!]|if|then|elif|else|do|while|until|sudo|env|exec|command|time|timeout|nice|xargs"
    r"|eatmydata",
    re.DOTALL,
)
"""What may stand before the command that is run."""
_SHELLS = frozenset({"sh", "ash", "bash", "dash", "ksh", "zsh"})
_OTHER_SCRIPTS = _SHELLS | {".", "source", "eval", "make", "add-apt-repository", "apt-add-repository"}
"""Commands that run what the Dockerfile does not show, or that fetch the index themselves.

Source: add-apt-repository(1) of software-properties 0.99: it runs an update, unless ``--no-update`` is given.
"""
_BIN = re.compile(r"(?:/usr(?:/local)?)?/s?bin/")
_MAY_RENEW = re.compile(r"(?<![\w-])update(?![\w-])|/var/lib/(?:apt|\*)|install-deps|--with-deps")
_WITH_VALUE = frozenset(
    {"-o", "--option", "-c", "--config-file", "-t", "--target-release", "--default-release", "-a"}
    | {"--host-architecture", "-P", "--build-profiles", "--solver", "--planner"}
)
"""Options of apt that take the next word. Source: apt-get(8) of apt 2.6."""
_SIMULATES = frozenset(
    {"-s", "--simulate", "--just-print", "--dry-run", "--recon", "--no-act", "--print-uris"}
)
_FROM_INDEX = frozenset(
    {
        "install",
        "reinstall",
        "upgrade",
        "dist-upgrade",
        "full-upgrade",
        "dselect-upgrade",
        "build-dep",
        "satisfy",
    }
)
_LOCAL = re.compile(r"(?:\.{0,2}/|~).*|.*\.deb", re.DOTALL)
"""A package as a file."""


def index_uses(run: Instruction) -> tuple[IndexUse, ...]:
    """What the commands of a RUN do with apt's index, in their order; those that do nothing with it are left
    out. A text that cannot be split into commands is UNKNOWN."""
    commands = [run.arguments] if run.json else _commands(" ".join(run.arguments))
    if commands is None:
        return (IndexUse.UNKNOWN,)
    return tuple(use for words in commands for use in _uses(words, run.heredocs))


def _commands(text: str) -> list[tuple[str, ...]] | None:
    """The words of each simple command; None for quotes that do not close and the like."""
    joined = text.replace("\\\n", " ")
    if _TOKEN.sub("", joined).strip():
        return None
    commands: list[list[str]] = [[]]
    for token in _TOKEN.finditer(joined):
        if token["end"]:
            commands.append([])
        elif token["word"]:
            commands[-1].append(_QUOTES.sub(r"\1", token["word"]))
    return [tuple(words) for words in commands if words]


def _uses(words: Sequence[str], heredocs: Sequence[Heredoc]) -> Iterator[IndexUse]:
    command = _without_prefix(words)
    name = _BIN.sub("", command[0]) if command else ""
    script = _script_of(name, words, heredocs)
    if name in ("apt", "apt-get"):
        yield from _use_by_apt(command[1:])
    elif script is not None:
        for inner in _commands(script) or (("eval", script),):
            yield from _uses(inner, ())
    elif name in _OTHER_SCRIPTS or "/" in name or name.endswith(".sh") or _MAY_RENEW.search(" ".join(words)):
        yield IndexUse.UNKNOWN


def _without_prefix(words: Sequence[str]) -> list[str]:
    """The words of a command without its redirections and what stands before its name."""
    left: list[str] = []
    rest = iter(words)
    for word in rest:
        if _REDIRECTION.fullmatch(word):
            if word[-1] in "<>":
                next(rest, None)
        elif left or not _PREFIX.fullmatch(word):
            left.append(word)
    return left


def _script_of(name: str, words: Sequence[str], heredocs: Sequence[Heredoc]) -> str | None:
    """What a shell is given as its script: by ``-c`` or by a here-document. A here-document without a command
    is given to the shell of its first line, or to that of the RUN."""
    if name and name not in _SHELLS:
        return None
    for flag, value in itertools.pairwise(words):
        if name and re.fullmatch(r"-[a-z]*c", flag):
            return value
    names = [found["name"] for found in map(_HEREDOC.fullmatch, words) if found]
    script = next((each.data for each in heredocs if each.name in names), None)
    foreign = script is not None and not name and re.match(r"#!(?!.*sh\b)", script)
    return "eval" if foreign else script


def _use_by_apt(words: Sequence[str]) -> Iterator[IndexUse]:
    options, operands = [], []
    rest = iter(words)
    for word in rest:
        if word.startswith("-"):
            options.append(word)
            if word in _WITH_VALUE:
                next(rest, None)
        else:
            operands.append(word)
    verb, packages = next(iter(operands), ""), operands[1:]
    if verb == "update":
        yield IndexUse.FETCHED
    elif "$" in verb or verb == "distclean":
        yield IndexUse.UNKNOWN
    elif verb in _FROM_INDEX and not _only_files(packages) and _SIMULATES.isdisjoint(options):
        yield IndexUse.READ


def _only_files(packages: Sequence[str]) -> bool:
    """Whether each is a file; an ``install`` without any, such as that of xargs, may install anything."""
    return bool(packages) and all(map(_LOCAL.fullmatch, packages))
