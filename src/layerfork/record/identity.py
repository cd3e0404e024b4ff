"""What names the result of a step: an id that the engine showed, or a digest that the key model computed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from layerfork.record.record import StepRecord


class IdentitySource(StrEnum):
    """Where an identity comes from: a measurement, or a hypothesis."""

    OBSERVED = "observed"
    COMPUTED = "computed"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepIdentity:
    """A name for the result of one step."""

    value: str
    source: IdentitySource

    @property
    def short(self) -> str:
        """Its first twelve digits."""
        return self.value.removeprefix("sha256:")[:12]


def identities_of(steps: Iterable[StepRecord], computed: Mapping[int, str]) -> Mapping[int, StepIdentity]:
    """Step index to the identity that a view shows; steps without one are left out.

    A build shows one kind alone: what the engine observed as soon as it showed any id, else what the key
    model ``computed`` (by step index).
    """
    observed = {step.index: step.identity for step in steps if step.identity}
    found, source = (observed, IdentitySource.OBSERVED) if observed else (computed, IdentitySource.COMPUTED)
    return {index: StepIdentity(value=value, source=source) for index, value in found.items()}
