"""Instructions as Dockerfiles have them.

Builders show them with variables replaced, and with the beginning of a here-document.
"""

from layerfork.diagnose.compare.builds import JudgedBuild
from layerfork.dockerfile import keyword_of
from layerfork.hypothesis.steps import instructions_of
from layerfork.record.record import StepRecord


def written(build: JudgedBuild, step: StepRecord) -> str:
    """The step's instruction as the build's Dockerfile has it, without here-documents.

    As the builder showed it where no line is known to be the step's.
    """
    found = instructions_of(build.record).get(step.index)
    is_own = found is not None and found.keyword == keyword_of(step.instruction)
    return found.text if found is not None and is_own else step.instruction


def named(build: JudgedBuild, step: StepRecord) -> str:
    """What texts call a step: no builder has shown anything of a build that did not happen."""
    return written(build, step) if build.hypothetical else step.instruction
