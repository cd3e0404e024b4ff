"""What an attack did, and what it could do."""

from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Outcome:
    """One kind of attack."""

    what: str
    """``1,000 kills over 12 commands``."""
    failures: list[str] = field(default_factory=list)
    """Each with what is needed to make it again."""
    numbers: dict[str, str] = field(default_factory=dict)
    """What was counted and measured, by name."""

    def __str__(self) -> str:
        told = ", ".join(f"{value} {name}" for name, value in self.numbers.items())
        lines = [f"{self.what}: {told}", *(f"  {failure}" for failure in self.failures[:20])]
        return "\n".join(lines)
