"""What the name of a vertex says.

Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go (prefixCommand),
frontend/dockerui/config.go (WithInternalName), v0.8 to 73ed6825c (2026-08).
"""

import re
from dataclasses import dataclass

_LABEL = re.compile(r"\[(?P<label>[^\]]*+)\] (?P<instruction>.*)", re.DOTALL)
_NUMBER = re.compile(r"(?P<number>\d{1,9})/(?P<total>\d{1,9})")
_PLATFORM = re.compile(r"[a-z0-9]+/[A-Za-z0-9/._-]+(?:->[A-Za-z0-9/._-]+)?")
_ENGINE_OWN = (
    "exporting ",
    "importing cache",
    "preparing layers for inline cache",
    "resolve image config for ",
    "resolving provenance",
    "copy /context /",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLabel:
    """The bracket before an instruction: ``[linux/arm64 build 2/6] RUN make``."""

    platform: str = ""
    """Only in builds for several platforms: what it runs on, ``->`` and what it is for when they differ."""
    stage: str = ""
    """Name of the stage, ``stage-N`` for a nameless one; empty when there is one stage only."""
    number: int
    total: int
    instruction: str


def read_label(name: str) -> StepLabel | None:
    """The parts of a step's name, or None when the vertex is no step of a Dockerfile."""
    match = _LABEL.fullmatch(name)
    words = match["label"].split() if match is not None else []
    numbers = _NUMBER.fullmatch(words.pop()) if words else None
    if match is None or numbers is None:
        return None
    platform = words.pop(0) if words and _PLATFORM.fullmatch(words[0]) else ""
    return StepLabel(
        platform=platform,
        stage=" ".join(words),
        number=int(numbers["number"]),
        total=int(numbers["total"]),
        instruction=match["instruction"],
    )


def is_internal(name: str) -> bool:
    """Whether a vertex is work of the engine or the frontend that no instruction names."""
    return name.startswith(("[internal]", "[auth]", "[context ", *_ENGINE_OWN))
