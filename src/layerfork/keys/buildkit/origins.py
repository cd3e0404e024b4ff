"""The variables behind the parts of a step: those that its text was expanded with, or that its RUN gets."""

from layerfork.dockerfile import Dockerfile
from layerfork.dockerfile.definition import Evaluated, Inputs, evaluate
from layerfork.dockerfile.recorded import dockerfile_of, instruction_at
from layerfork.dockerfile.scope import Source
from layerfork.keys.buildkit.epoch import arguments_of, dating
from layerfork.keys.shared.baseimage import base_facts
from layerfork.record.cachekey import KeyPart
from layerfork.record.engine import ImageFacts
from layerfork.record.record import BuildRecord, StepRecord


class Origins:
    """Finds the variables of every step of one record."""

    def __init__(self, record: BuildRecord) -> None:
        self.dockerfile = dockerfile_of(record)
        self.evaluated: dict[int, Evaluated] = {}
        if self.dockerfile is not None:
            images = _images(record, self.dockerfile)
            self.evaluated = evaluate(
                self.dockerfile,
                Inputs(build_args=arguments_of(record), images=images, dated=dating(record)),
            )

    def of_step(self, step: StepRecord) -> tuple[KeyPart, ...]:
        """The variables as parts; of a RUN only arguments, and what its environment was made from, since the
        environment itself is known without."""
        instruction = instruction_at(self.dockerfile, step)
        found = self.evaluated.get(instruction.first_line) if instruction is not None else None
        if found is None:
            return ()
        arguments = (
            each
            for each in found.environment
            if each.source is Source.ARG or found.visible.get(each.name) != each.value
        )
        return tuple(
            KeyPart(cause=each.source.value, path=each.name, field="value", value=each.value)
            for each in dict.fromkeys((*found.variables, *arguments))
        )


def _images(record: BuildRecord, dockerfile: Dockerfile) -> dict[int, ImageFacts]:
    found = {stage.index: base_facts(record, dockerfile, stage) for stage in dockerfile.stages}
    return {index: facts for index, facts in found.items() if facts is not None}
