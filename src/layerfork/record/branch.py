"""Branches of a build for several platforms: what some platforms have in common is built once for them."""

_ARCHITECTURES = {
    "i386": ("386", ""),
    "x86_64": ("amd64", ""),
    "x86-64": ("amd64", ""),
    "aarch64": ("arm64", ""),
    "armhf": ("arm", "v7"),
    "armel": ("arm", "v6"),
}
"""Other names of architectures, with the variant that they imply."""
_VARIANTS = {
    ("amd64", "v1"): "",
    ("arm64", "8"): "",
    ("arm64", "v8"): "",
    ("arm64", "v8.0"): "",
    ("arm64", "9"): "v9",
    ("arm64", "9.0"): "v9",
    ("arm64", "v9.0"): "v9",
    ("arm", ""): "v7",
    ("arm", "5"): "v5",
    ("arm", "6"): "v6",
    ("arm", "7"): "v7",
    ("arm", "8"): "v8",
}
"""Variants that are written otherwise, or left out."""


def platforms_of(branch: str) -> frozenset[str]:
    """The platforms of `StepRecord.platform`; none when it is empty, which stands for all."""
    return frozenset(filter(None, branch.split(",")))


def is_part_of(branch: str, other: str) -> bool:
    """Whether a step of ``branch`` may build on one of ``other``: every platform of the one has the other."""
    if not other:
        return True
    return bool(branch) and platforms_of(branch) <= platforms_of(other)


def normal_platform(asked: str) -> str:
    """A platform as BuildKit names it, of one that a person may have written otherwise.

    Source: containerd/platforms database.go:normalizeArch, as vendored in moby/buildkit @ v0.32.2; alone an
    architecture is one of Linux.
    """
    words = asked.lower().split("/")
    system, architecture, variant = (*(words if len(words) > 1 else ("linux", *words)), "")[:3]
    architecture, implied = _ARCHITECTURES.get(architecture, (architecture, variant))
    variant = _VARIANTS.get((architecture, implied), implied)
    return "/".join(filter(None, (system, architecture, variant)))
