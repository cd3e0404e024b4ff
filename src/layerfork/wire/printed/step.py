"""One step as far as it was printed."""

from dataclasses import dataclass

from layerfork.dockerfile import keyword_of
from layerfork.dockerfile.gotext import lower
from layerfork.dockerfile.recorded import printed_instruction
from layerfork.record.record import StepStatus


@dataclass(slots=True, kw_only=True)
class PrintedStep:
    """One step, filled while lines go by."""

    number: int
    """As printed; podman starts again in each stage."""
    total: int
    """0 where the builder prints none."""
    instruction: str
    stage: int
    stage_name: str
    started_at: float
    ended_at: float | None = None
    status: StepStatus = StepStatus.UNKNOWN
    image_id: str = ""
    """Of the image after it: 64 digits, or as many as were printed."""
    cached_id: str = ""
    """Podman: the id that the cache was said to have given."""
    done: bool = False
    """Podman printed the image after it."""

    @property
    def is_last(self) -> bool:
        """Of its build or, with podman, of its stage."""
        return self.number == self.total

    @property
    def is_from(self) -> bool:
        return keyword_of(self.instruction) == "FROM"

    @property
    def identity(self) -> str:
        """The image's id as records hold it: with its algorithm when it is whole."""
        return f"sha256:{self.image_id}" if len(self.image_id) == 64 else self.image_id


def stage_name_of(text: str) -> str:
    """The name that a printed FROM gives to its stage; empty without."""
    instruction = printed_instruction(text)
    words = instruction.arguments if instruction is not None else ()
    return words[2] if len(words) == 3 else ""


def stages_read_by(step: PrintedStep) -> tuple[str, ...]:
    """Names or numbers of stages (or images) whose files a step reads, in small letters."""
    instruction = printed_instruction(step.instruction)
    return tuple(lower(name) for name in instruction.reads_from) if instruction is not None else ()


def in_dockerfile_order(steps: list[PrintedStep]) -> list[PrintedStep]:
    """The steps stage by stage, whatever the order in which they were built."""
    return sorted(steps, key=lambda step: (step.stage, step.number))
