"""Which images a Dockerfile needs before its first step can run."""

from collections.abc import Mapping

from layerfork.dockerfile import Dockerfile, Stage, expand

SCRATCH = "scratch"


def base_references(
    dockerfile: Dockerfile, build_args: Mapping[str, str], target: str = ""
) -> tuple[str, ...]:
    """Images named by FROM and by ``COPY --from``, variables replaced, each once, in order.

    Stages after the target are left out; the classic builder builds every stage before it.
    Raises: BadSubstitutionError.
    """
    values = {
        name: build_args.get(name, default or "")
        for argument in dockerfile.meta_args
        for name, default in argument.pairs
    }
    found: list[str] = []
    for stage in _wanted(dockerfile, target):
        base = expand(stage.base, values, dockerfile.escape).text
        if not _is_stage(dockerfile, base, stage.index):
            found.append(base)
        for instruction in stage.instructions:
            source = instruction.flag("from")
            if source and "$" not in source and not _is_stage(dockerfile, source, stage.index):
                found.append(source)
    return tuple(dict.fromkeys(reference for reference in found if reference and reference != SCRATCH))


def _wanted(dockerfile: Dockerfile, target: str) -> tuple[Stage, ...]:
    last = dockerfile.find_stage(target) if target else None
    return dockerfile.stages if last is None else dockerfile.stages[: last.index + 1]


def _is_stage(dockerfile: Dockerfile, name: str, before: int) -> bool:
    stage = dockerfile.find_stage(name)
    return stage is not None and stage.index < before
