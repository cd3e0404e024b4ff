"""Facts behind the parts of a step: the build arguments that its text and environment hold."""

from layerfork.dockerfile import BadSubstitutionError, Instruction, expand, parse_dockerfile
from layerfork.errors import UsageError
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
    instruction = _instruction_at(record, step.line)
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


def _instruction_at(record: BuildRecord, line: int) -> Instruction | None:
    if record.request.dockerfile is None or line < 1:
        return None
    try:
        dockerfile = parse_dockerfile(record.request.dockerfile)
    except UsageError:
        return None
    found = (i for i in dockerfile.instructions if i.first_line <= line <= i.last_line)
    return next(found, None)
