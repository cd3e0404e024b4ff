"""Which images a Dockerfile needs before its first step can run."""

from collections.abc import Iterator, Mapping

from layerfork.dockerfile import Dockerfile, Stage
from layerfork.dockerfile.scope import SCRATCH, base_of


def base_references(
    dockerfile: Dockerfile, build_args: Mapping[str, str], target: str = ""
) -> tuple[str, ...]:
    """Images named by FROM, ``--from`` and ``--mount=from=``, variables replaced, each once, in order.

    Stages after the target are left out; the classic builder builds every stage before it. So are bases
    that depend on what only the builder knows.
    Raises: BadSubstitutionError.
    """
    found = (
        name
        for stage in _stages_until(dockerfile, target)
        for name in _names_in(dockerfile, stage, build_args)
    )
    return tuple(dict.fromkeys(name for name in found if name and name != SCRATCH))


def _names_in(dockerfile: Dockerfile, stage: Stage, build_args: Mapping[str, str]) -> Iterator[str]:
    """The images that a stage builds on and reads files of. Docker's builders expand no ``from``."""
    base = base_of(dockerfile, stage, build_args) or ""
    if dockerfile.find_base(base, before=stage.index) is None:
        yield base
    for name in (name for instruction in stage.instructions for name in instruction.reads_from):
        if "$" not in name and dockerfile.find_stage(name, before=stage.index) is None:
            yield name


def _stages_until(dockerfile: Dockerfile, target: str) -> tuple[Stage, ...]:
    last = dockerfile.find_stage(target) if target else None
    return dockerfile.stages if last is None else dockerfile.stages[: last.index + 1]
