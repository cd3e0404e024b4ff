"""The Dockerfile's text behind a step."""

from layerfork.diagnose.compare.steps import StepView
from layerfork.diagnose.matching.alignment import normalise
from layerfork.dockerfile import Dockerfile
from layerfork.dockerfile.recorded import instruction_at


def raw_text(dockerfile: Dockerfile | None, view: StepView) -> str:
    """The step's text in the Dockerfile; what the builder showed when that is not known."""
    instruction = instruction_at(dockerfile, view.step)
    return normalise(view.step.instruction if instruction is None else instruction.text)


def declared_names(dockerfile: Dockerfile | None, keyword: str) -> frozenset[str]:
    """Names that ENV or ARG lines set or declare anywhere."""
    found = dockerfile.instructions if dockerfile is not None else ()
    return frozenset(name for each in found if each.keyword == keyword for name, _ in each.pairs)
