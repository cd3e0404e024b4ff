"""Images that a person brings into an engine of ours before a command runs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What is to be on the engine."""

    load: tuple[str, ...] = ()
    """Image archives."""
    stand_ins: tuple[str, ...] = ()
    """References; each becomes an image of busybox and nothing else."""

    @property
    def options(self) -> tuple[str, ...]:
        """The options that asked for them."""
        return (*(("--load",) if self.load else ()), *(("--stand-in",) if self.stand_ins else ()))


NOTHING_BROUGHT = Brought()
