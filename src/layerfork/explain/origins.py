"""Variables behind expanded texts: one text in the Dockerfile, two values, two keys."""

import re
from collections.abc import Iterable

from layerfork.explain.align import keyword, normalise
from layerfork.explain.difference import STEP_FIELD, Difference, list_differences
from layerfork.explain.judged import JudgedBuild
from layerfork.explain.site import Site
from layerfork.explain.view import StepView
from layerfork.model.cachekey import CacheKey

EXPANDED = frozenset({"instruction", "label", "base-image", "platform"})
"""Causes of parts whose value is text from the Dockerfile with variables replaced."""
VARIABLES = frozenset({"build-arg", "env"})


def changed_origins(
    writer: JudgedBuild, reader: JudgedBuild, mine: StepView, theirs: StepView
) -> tuple[Difference, ...]:
    """Variables that differ in value, where the Dockerfile's own text of the step is the same."""
    if mine.key.origins == theirs.key.origins or raw_text(writer, mine) != raw_text(reader, theirs):
        return ()
    return list_differences(CacheKey(parts=mine.key.origins), CacheKey(parts=theirs.key.origins))


def raw_text(build: JudgedBuild, view: StepView) -> str:
    """The step's lines in the Dockerfile; what the builder showed when those were not recorded."""
    text = build.record.request.dockerfile
    if text is None or not view.step.line:
        return normalise(view.step.instruction)
    lines = text.splitlines()[view.step.line - 1 :]
    taken: list[str] = []
    for line in lines:
        taken.append(line)
        if not line.rstrip().endswith(("\\", "`")):
            break
    return normalise(" ".join(taken))


def is_derived(site: Site, above: Iterable[Site]) -> bool:
    """Everything that differs at ``site`` follows from ENV or ARG lines that already differ above it."""
    if site.structure or not site.parts:
        return False
    names = {part.path for part in site.parts if part.cause in VARIABLES}
    rest = [part for part in site.parts if part.cause not in VARIABLES]
    if rest:
        if not site.origins or any(part.cause not in EXPANDED and not part.one_sided for part in rest):
            return False
        names |= {origin.path for origin in site.origins}
    texts = [
        text
        for other in above
        for difference in other.differences
        if difference.cause == "instruction"
        for text in (difference.writer or "", difference.reader or "")
        if keyword(text) in ("ENV", "ARG")
    ]
    return bool(names) and all(
        any(re.search(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])", text) for text in texts)
        for name in names
    )


def claimed_by_origins(open_: Iterable[Difference], absent: frozenset[str]) -> tuple[Difference, ...]:
    """Differences that another value of a variable brings: expanded texts, and what those name."""
    return tuple(
        each
        for each in open_
        if (each.cause in EXPANDED and each.field != STEP_FIELD) or (each.one_sided and each.path in absent)
    )
