"""A picture in its places: values in pixels, y downwards."""

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
    """A line changes its height in so many pixels before the point where it arrives."""
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
