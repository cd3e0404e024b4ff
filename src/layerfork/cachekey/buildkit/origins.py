"""Facts behind the parts of a step: the build arguments that its text and environment hold."""

from layerfork.dockerfile import BadSubstitutionError, expand
from layerfork.dockerfile.recorded import dockerfile_of, instruction_at
from layerfork.model.cachekey import KeyPart
from layerfork.model.llb import ExecOp
from layerfork.model.record import BuildRecord, StepRecord


def step_origins(record: BuildRecord, step: StepRecord, execs: tuple[ExecOp, ...]) -> tuple[KeyPart, ...]:
    """Given build arguments that a step uses: in its text, or in the environment of its RUN."""
    given = dict(record.request.build_args)
    if not given:
        return ()
    used = _names_in_text(record, step)
    for exec_ in execs:
        used |= {name for name, _, value in (e.partition("=") for e in exec_.env) if given.get(name) == value}
    return tuple(
        KeyPart(cause="build-arg", path=name, field="value", value=given[name])
        for name in sorted(used & given.keys())
    )


def _names_in_text(record: BuildRecord, step: StepRecord) -> frozenset[str]:
    instruction = instruction_at(dockerfile_of(record), step)
    if instruction is None or instruction.keyword == "RUN":
        return frozenset()
    words = (*instruction.arguments, *(value for _, value in instruction.flags))
    names: frozenset[str] = frozenset()
    for word in words:
        try:
            names |= expand(word, {}).used
        except BadSubstitutionError:
            continue
    return names
