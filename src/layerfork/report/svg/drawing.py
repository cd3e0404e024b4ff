"""What is drawn, with places in pixels, and how wide text is."""

import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Top left corner and size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    def overlaps(self, other: "Box") -> bool:
        """Whether some area is in both."""
        beside = self.right <= other.x or other.right <= self.x
        return not (beside or self.bottom <= other.y or other.bottom <= self.y)


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """Rows of text in a box."""

    box: Box
    rows: tuple[str, ...]
    more: str = ""
    """To follow the first row of a fork: what it cost. Below a step: where it stands."""
    whole: str = ""
    """All that the rows are cut from."""
    line: int | None = None
    """Number of the line that it belongs to; None for a step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """The way of one line: straight on at the height of a point, then a bend to that of the next."""

    line: int
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """One step of the lines that run together there."""

    column: int
    lines: tuple[int, ...]
    box: Box
    forked: bool
    """A build missed here what another had stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Everything in its place."""

    width: float
    height: float
    stroke: float
    """Width of a line."""
    bend: float
    """A line changes its height within this many pixels before the point where it arrives."""
    start: Box
    """Where all lines begin."""
    tracks: tuple[Track, ...]
    """In the order of drawing."""
    stations: tuple[Station, ...]
    guides: tuple[Box, ...]
    """Upright lines through the columns; no width."""
    steps: tuple[Label, ...]
    forks: tuple[Label, ...]
    names: tuple[Label, ...]
    ends: tuple[Point, ...]
    """Where each line ends, by its number."""


# How wide text is in a picture, roughly, and text cut to fit.

SANS, BOLD, MONO = 0.6, 0.68, 0.61
"""Mean width of a letter, by the size of the font: a little more than common fonts have."""


def width_of(text: str, size: float, letter: float = SANS) -> float:
    """In pixels; letters of East Asian scripts take the whole size."""
    wide = sum(unicodedata.east_asian_width(each) in "WF" for each in text)
    return size * (letter * (len(text) - wide) + wide)


def shorten(text: str, most: int) -> str:
    """At most ``most`` letters: what exceeds them is left out in the middle."""
    if len(text) <= most:
        return text
    tail = (most - 1) // 3
    return f"{text[: most - 1 - tail]}…{text[len(text) - tail :]}"


def in_lines(text: str, most: int, lines: int) -> tuple[str, ...]:
    """Text on up to ``lines`` lines of up to ``most`` letters, broken at single blanks, the last one cut."""
    found: list[str] = []
    rest = text
    while len(rest) > most and len(found) < lines - 1:
        place = rest.rfind(" ", 1, most + 1)
        if place < 1 or rest[place - 1] == " ":
            break
        found.append(rest[:place])
        rest = rest[place + 1 :]
    return (*found, shorten(rest, most))
