"""Values of a file, with the lines that they stand on: what YAML, JSON and HCL have in common."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A text, a list or a table."""

    line: int
    """From 1, where it begins."""
    text: str | None = None
    """Of what is neither list nor table; expressions and variables are not replaced."""
    items: tuple["Node", ...] = ()
    fields: Mapping[str, "Node"] = field(default_factory=dict)
    is_block: bool = False
    """A text of several lines, which begins on the line after its own."""

    def get(self, *names: str) -> "Node":
        """A field of a field; one without anything where there is none."""
        found = self
        for name in names:
            found = found.fields.get(name, Node(line=found.line))
        return found

    def __bool__(self) -> bool:
        return bool(self.text or self.items or self.fields)

    @property
    def word(self) -> str:
        """The text, or nothing."""
        return (self.text or "").strip()

    def lines(self) -> Iterator[tuple[int, str]]:
        """The lines of a text, and those of all texts of a list, with their numbers; no blank ones."""
        for item in self.items:
            yield from item.lines()
        for number, line in enumerate((self.text or "").split("\n")):
            if line.strip():
                yield self.line + (number + 1 if self.is_block else 0), line.strip()
