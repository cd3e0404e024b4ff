"""The Dockerfile behind a build's steps: the text of a step, and the variables that it uses."""

from collections.abc import Iterator

from layerfork.dockerfile import BadSubstitutionError, Dockerfile, Instruction, expand
from layerfork.dockerfile.recorded import instruction_at
from layerfork.explain.compare.alignment import normalise
from layerfork.explain.compare.builds import JudgedBuild
from layerfork.explain.compare.steps import StepView
from layerfork.model.cachekey import KeyPart

NOT_EXPANDED = frozenset({"RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK", "SHELL", "ONBUILD"})
"""Instructions whose words the builder leaves as they are; a shell may replace variables later.
Source: moby/buildkit frontend/dockerfile/docs/reference.md, "Environment replacement" @ v0.13.2."""


def raw_text(dockerfile: Dockerfile | None, view: StepView) -> str:
    """The step's text in the Dockerfile; what the builder showed when that is not known."""
    instruction = instruction_at(dockerfile, view.step)
    return normalise(view.step.instruction if instruction is None else instruction.text)


def variables_of(build: JudgedBuild, dockerfile: Dockerfile | None, view: StepView) -> tuple[KeyPart, ...]:
    """Variables that the step's text is expanded with, and their values as far as the Dockerfile and
    the request tell them: ENV before ARG, the last one before the step."""
    instruction = instruction_at(dockerfile, view.step)
    if dockerfile is None or instruction is None or instruction.keyword in NOT_EXPANDED:
        return ()
    given = dict(build.record.request.build_args)
    names = sorted({name for word in _words(instruction) for name in _used(word)})
    found = (_value_of(dockerfile, instruction, name, given) for name in names)
    return tuple(part for part in found if part is not None)


def declared_names(dockerfile: Dockerfile | None, keyword: str) -> frozenset[str]:
    """Names that ENV or ARG lines set or declare anywhere."""
    found = dockerfile.instructions if dockerfile is not None else ()
    return frozenset(name for each in found if each.keyword == keyword for name, _ in each.pairs)


def _words(instruction: Instruction) -> Iterator[str]:
    yield from instruction.arguments
    yield from (value for _, value in instruction.flags)
    yield from (value for _, value in instruction.pairs if value is not None)


def _used(word: str) -> frozenset[str]:
    try:
        return expand(word, {}).used
    except BadSubstitutionError:
        return frozenset()


def _value_of(dockerfile: Dockerfile, user: Instruction, name: str, given: dict[str, str]) -> KeyPart | None:
    earlier = [
        each
        for each in dockerfile.instructions
        if each.first_line < user.first_line and (each.stage == user.stage or each in dockerfile.meta_args)
    ]
    for keyword, cause in (("ENV", "env"), ("ARG", "build-arg")):
        values = [
            value for each in earlier if each.keyword == keyword for n, value in each.pairs if n == name
        ]
        if not values:
            continue
        known = [value for value in values if value is not None]
        value = given.get(name) if keyword == "ARG" and name in given else (known[-1] if known else None)
        return None if value is None else KeyPart(cause=cause, path=name, field="value", value=value)
    return None
