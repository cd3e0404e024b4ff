"""Branches of a build for several platforms: what some platforms have in common is built once for them."""


def platforms_of(branch: str) -> frozenset[str]:
    """The platforms of `StepRecord.platform`; none when it is empty, which stands for all."""
    return frozenset(filter(None, branch.split(",")))


def is_part_of(branch: str, other: str) -> bool:
    """Whether a step of ``branch`` may build on one of ``other``: every platform of the one has the other."""
    if not other:
        return True
    return bool(branch) and platforms_of(branch) <= platforms_of(other)
