"""A repository of a description: always the same commits, by their ids."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from random import Random

from layerfork.builders.commits.commitlist import output_of
from research.histories.walk import git
from research.study.described import Description, Touch

BRANCH = "main"
_WHO = "somebody <somebody@example.org>"
_BEGAN_S = 1_767_225_600
_DAY_S = 86_400
_ADDED = 0.2
"""How often a touch that may add a file does."""


def write_repository(name: str, description: Description, place: Path) -> None:
    """Make it, without a working tree. Raises: UsageError with git's own message."""
    place.mkdir(parents=True)
    git(place, "init", "--quiet", "--initial-branch", BRANCH)
    output_of(place, "fast-import", "--quiet", "--done", asked=b"".join(_stream(name, description)))


def _stream(name: str, description: Description) -> Iterator[bytes]:
    """Source: git Documentation/git-fast-import.adoc, "INPUT FORMAT", v2.47."""
    growing = Growing(description=description, rng=Random(name))
    yield from _commit(0, "first version", growing.first())
    for number in range(1, description.commits + 1):
        subject, files = growing.next()
        yield from _commit(number, subject, files)
    yield b"done\n"


def _commit(number: int, subject: str, files: Mapping[str, str]) -> Iterator[bytes]:
    yield f"commit refs/heads/{BRANCH}\n".encode()
    yield f"committer {_WHO} {_BEGAN_S + number * _DAY_S} +0000\n".encode()
    yield _data(subject)
    for path, text in files.items():
        mode = "100755" if path.endswith(".sh") else "100644"
        yield f"M {mode} inline {path}\n".encode() + _data(text)


def _data(text: str) -> bytes:
    content = text.encode()
    return b"data %d\n%s\n" % (len(content), content)


@dataclass(slots=True, kw_only=True)
class Growing:
    """A repository while its history is made."""

    description: Description
    rng: Random
    paths: list[str] = field(default_factory=list)
    """Files that have content of their own, and may get another."""
    counters: dict[str, int] = field(default_factory=dict)
    serial: int = 0

    def first(self) -> dict[str, str]:
        """Every file of the first version."""
        numbered = [
            pattern.replace("@", str(number))
            for pattern, count in self.description.generated.items()
            for number in range(1, count + 1)
        ]
        self.paths = [*numbered, *(path for path in self.description.files if path not in numbered)]
        return {path: self._text(path) for path in self.paths}

    def next(self) -> tuple[str, dict[str, str]]:
        """What one commit says, and the files that it changes: at least one."""
        names: list[str] = []
        while not names:
            names = [name for name, each in self._touches() if self.rng.random() < each.share]
        changed: dict[str, str] = {}
        for name in names:
            changed.update(self._touched(self.description.touches[name]))
        return ", ".join(names), changed

    def _touches(self) -> list[tuple[str, Touch]]:
        return list(self.description.touches.items())

    def _touched(self, touch: Touch) -> dict[str, str]:
        if touch.bumps:
            self.counters[touch.bumps] = self.counters.get(touch.bumps, 0) + 1
            mark = f"@{touch.bumps}@"
            return {path: self._text(path) for path, text in self.description.files.items() if mark in text}
        if touch.adds and self.rng.random() < _ADDED:
            path = touch.adds.replace("@", str(len(self.paths)))
            self.paths.append(path)
            return {path: self._text(path)}
        fitting = [path for path in self.paths if any(fnmatchcase(path, each) for each in touch.files)]
        count = self.rng.randint(1, touch.most) if touch.most else len(fitting)
        return {path: self._text(path) for path in self.rng.sample(fitting, min(count, len(fitting)))}

    def _text(self, path: str) -> str:
        """A text with its counters; of what commits touch, with a line that no other version has."""
        text = self.description.files.get(path, "")
        for name in sorted({each.bumps for each in self.description.touches.values()} - {""}):
            text = text.replace(f"@{name}@", str(self.counters.get(name, 0)))
        if path in self.description.files and not self._is_touched(path):
            return text
        self.serial += 1
        return f"{text}# {self.serial} {self.rng.getrandbits(48):012x}\n"

    def _is_touched(self, path: str) -> bool:
        patterns = (each for touch in self.description.touches.values() for each in touch.files)
        return any(fnmatchcase(path, each) for each in patterns)
