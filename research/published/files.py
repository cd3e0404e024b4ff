"""Dockerfiles in directories, as they are put to a frontend."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

_NAME = re.compile(r"(?i:dockerfile)(?:[.-].*)?|.*\.(?i:dockerfile)|Containerfile")
_NO_DOCKERFILE = re.compile(
    r".*(?:\.dockerignore|\.template|\.tmpl|\.j2|\.in|\.erb|\.md|\.sh|\.py|\.go|\.js|\.ts|\.yml)"
)
_SYNTAX = re.compile(r"(?im)\A((?:#.*\n)*?)#\s*syntax\s*=.*$")
_PINNED = re.compile(r"@sha256:[0-9a-f]{64}")
_GLOBAL_ARG = re.compile(r"(?im)^\s*ARG\s+(\w+)\s*$")
_FROM = re.compile(r"(?im)^\s*FROM\s")
LONGEST = 200_000


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


def find_published(directories: Sequence[Path], limit: int) -> list[Published]:
    """The Dockerfiles below some directories, each text once."""
    found: dict[str, Published] = {}
    for directory in directories:
        for path in _some(sorted(directory.rglob("*")), limit):
            published = _read(path, directory)
            if published is not None:
                found.setdefault(sha256(published.text.encode()).hexdigest(), published)
    return list(found.values())


def _some(paths: Sequence[Path], limit: int) -> Iterator[Path]:
    named = [each for each in paths if _NAME.fullmatch(each.name) and not _NO_DOCKERFILE.fullmatch(each.name)]
    yield from named[: limit or None]


def _read(path: Path, directory: Path) -> Published | None:
    """None for what is no file of text, or a template with gaps."""
    if not path.is_file() or path.is_symlink() or path.stat().st_size > LONGEST:
        return None
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError:
        return None
    if "{{" in text or "{%" in text or not _FROM.search(text):
        return None
    text = _PINNED.sub("", _SYNTAX.sub(r"\1#", text))
    head = _FROM.split(text, maxsplit=1)[0]
    ignore = path.parent / ".dockerignore"
    return Published(
        name=str(path.relative_to(directory.parent)).replace(" ", "_"),
        text=text,
        ignored=ignore.read_text("utf-8", "replace") if ignore.is_file() else "",
        build_args=tuple((name, "given") for name in dict.fromkeys(_GLOBAL_ARG.findall(head))),
    )
