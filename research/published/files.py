"""Dockerfiles in directories, as they are put to a frontend."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from research.published.gotexts import go_texts

_NAME = re.compile(r"(?i:dockerfile)(?:[.-].*)?|.*\.(?i:dockerfile)|Containerfile.*|Dockerfile\w*")
_NO_DOCKERFILE = re.compile(
    r".*(?:ignore|\.template|\.tmpl|\.j2|\.in|\.erb|\.md|\.sh|\.py|\.go|\.js|\.ts|\.yml|\.gz)"
)
_PROGRAM = "_test.go"
_SYNTAX = re.compile(r"(?im)\A((?:#.*\n)*?)#\s*syntax\s*=.*$")
_PINNED = re.compile(r"@sha256:[0-9a-f]{64}")
_GLOBAL_ARG = re.compile(r"(?im)^\s*ARG\s+(\w+)\s*$")
_FROM = re.compile(r"(?im)^\s*FROM\s")
LONGEST = 200_000
"""Of a Dockerfile, in bytes; a program may be ten times as long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One text that somebody published as a Dockerfile."""

    name: str
    text: str
    """Without the two things that need a registry: a frontend's image, and digests of images."""
    ignored: str
    """Text of the ignore file beside it."""
    build_args: tuple[tuple[str, str], ...]
    """A value for each argument before the first FROM that has none."""
    path: Path | None = None
    """The file that it is; None for a text of a program."""


@dataclass(slots=True)
class Collection:
    """The Dockerfiles below some directories, each text once."""

    texts: dict[str, Published] = field(default_factory=dict)
    """By what is put to an engine."""
    passed_over: Counter[str] = field(default_factory=Counter)
    """What is put to no engine, by reason."""

    def add_file(self, path: Path, directory: Path) -> None:
        """A Dockerfile, or a program whose texts are Dockerfiles."""
        name = str(path.relative_to(directory.parent)).replace(" ", "_")
        if path.is_symlink() or not path.is_file():
            return
        is_program = path.name.endswith(_PROGRAM)
        if path.stat().st_size > LONGEST * (10 if is_program else 1):
            self.passed_over["a file that is too long"] += 1
            return
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            self.passed_over["a file that is not UTF-8"] += 1
            return
        if is_program:
            self._add_texts(name, text)
        elif not _is_dockerfile(text):
            self.passed_over["a file without a FROM"] += 1
        else:
            ignore = path.parent / ".dockerignore"
            ignored = ignore.read_text("utf-8", "replace") if ignore.is_file() else ""
            self._add(name, text, ignored, path)

    def _add_texts(self, name: str, source: str) -> None:
        for each in go_texts(source, _is_dockerfile):
            if each.passed_over:
                self.passed_over[each.passed_over] += 1
            else:
                self._add(f"{name}:{each.line}", each.text)

    def _add(self, name: str, text: str, ignored: str = "", path: Path | None = None) -> None:
        if "{{" in text or "{%" in text:
            self.passed_over["a template"] += 1
            return
        text = _PINNED.sub("", _SYNTAX.sub(r"\1#", text))
        if text in self.texts:
            self.passed_over["a text that is there already"] += 1
            return
        head = _FROM.split(text, maxsplit=1)[0]
        arguments = dict.fromkeys(_GLOBAL_ARG.findall(head))
        self.texts[text] = Published(
            name=name,
            text=text,
            ignored=ignored,
            build_args=tuple((each, "given") for each in arguments),
            path=path,
        )


def _is_dockerfile(text: str) -> bool:
    return bool(_FROM.search(text))


def find_published(directories: Sequence[Path], limit: int) -> Collection:
    """The Dockerfiles below some directories, of so many files of each at most; 0 for all."""
    found = Collection()
    for directory in directories:
        for path in _some(sorted(directory.rglob("*")), limit):
            found.add_file(path, directory)
    return found


def _some(paths: Sequence[Path], limit: int) -> Iterator[Path]:
    wanted = [each for each in paths if each.name.endswith(_PROGRAM) or _is_named(each.name)]
    yield from wanted[: limit or None]


def _is_named(name: str) -> bool:
    return bool(_NAME.fullmatch(name)) and not _NO_DOCKERFILE.fullmatch(name)
