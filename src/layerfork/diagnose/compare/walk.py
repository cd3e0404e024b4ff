"""The state of one pass over the reader's steps."""

from dataclasses import dataclass, field

from layerfork.diagnose.compare.builds import JudgedBuild
from layerfork.diagnose.compare.divergence import Site
from layerfork.diagnose.compare.steps import StepView
from layerfork.diagnose.matching.alignment import Alignment
from layerfork.dockerfile import Dockerfile


@dataclass(slots=True, kw_only=True)
class Walk:
    """State of one pass over the reader's steps."""

    writer: JudgedBuild
    reader: JudgedBuild
    writer_views: dict[int, StepView]
    reader_views: dict[int, StepView]
    alignment: Alignment
    writer_dockerfile: Dockerfile | None
    reader_dockerfile: Dockerfile | None
    blocked: bool
    """No step of the reader can have been taken from the writer's cache."""
    unshared: set[int] = field(default_factory=set)
    sites: list[Site] = field(default_factory=list)
