"""The last steps that builders make of ``--label``."""

from layerfork.dockerfile.gotext import quote
from layerfork.record.build import Builder

Labels = tuple[tuple[str, str], ...]


def label_texts(builder: Builder, labels: Labels) -> tuple[str, ...]:
    """Their steps as printed: one for each label, sorted by name, or buildah's one for all.

    Buildah takes them in the order of its options, which podman's service does not keep: one label is exact.
    Source: moby/moby builder/dockerfile/builder.go @ v26.1.5; containers/buildah
    imagebuildah/executor.go:buildStage @ v1.39.3. Measured with 26.1.5 and podman 5.4.2.
    """
    if builder is Builder.CLASSIC:
        return tuple(f"LABEL {name}={value}" for name, value in sorted(labels))
    if builder is Builder.BUILDAH and labels:
        return ("LABEL " + " ".join(f"{quote(name)}={quote(value)}" for name, value in labels if name),)
    return ()
