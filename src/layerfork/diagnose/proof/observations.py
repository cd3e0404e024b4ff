"""Whether the key model agrees with what the engine really did at a site.

A cause is PROVEN only where the engine itself confirms the model. Three kinds of observation can:

- the classic builder and buildah write the string that they compare into the image history;
  the model must have computed that very string, for both builds;
- the classic builder's image ids, where the site is a base image;
- hits and misses, where the reader's own key decided (everything it builds on was shared) and
  nothing else in the two builds contradicts the model.

A build that did not happen has no observations: it is a prediction, and the engine's results for the writer's
build must not contradict the model.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from layerfork.diagnose.compare.judgedbuilds import JudgedBuild, StepView, names_of
from layerfork.diagnose.compare.sharedcaches import cache_is_off
from layerfork.diagnose.compare.sites import Reason, Site
from layerfork.diagnose.compare.stepwalk import Comparison
from layerfork.record.build import Builder
from layerfork.record.cause import CauseCode
from layerfork.record.record import StepStatus


class Confirmation(StrEnum):
    """What the engine's own output says about the model at one site."""

    CONFIRMED = "confirmed"
    UNOBSERVED = "unobserved"
    CONTRADICTED = "contradicted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """A confirmation with the observations it rests on, one line each."""

    confirmation: Confirmation
    lines: tuple[str, ...] = ()


def check_agreement(comparison: Comparison, site: Site, claimed: int) -> Agreement:
    """Compare the model's claim at ``site`` with what was observed in both builds.

    ``claimed`` is the number of independent differences there; one that all entries share counts once.
    """
    if comparison.reader.hypothetical:
        return _by_writer(comparison, site)
    by_strings = _by_strings(comparison, site)
    if by_strings.confirmation is not Confirmation.UNOBSERVED:
        return by_strings
    by_ids = _by_base_ids(comparison, site)
    if by_ids.confirmation is not Confirmation.UNOBSERVED:
        return by_ids
    return _by_status(comparison, site, claimed)


def disagreeing_string(view: StepView) -> bool:
    """The engine wrote another string for this step than the model computed."""
    form = view.key.engine_form
    if view.key.unknown or not (form and view.step.created_by):
        return False
    return form != view.step.created_by


def _by_writer(comparison: Comparison, site: Site) -> Agreement:
    writer = comparison.writer_at(site.writer_step)
    if writer is not None and disagreeing_string(writer):
        line = _history_line(comparison.writer, writer)
        return Agreement(confirmation=Confirmation.CONTRADICTED, lines=(line,))
    line = "predicted from the keys: no engine has built this"
    return Agreement(confirmation=Confirmation.CONFIRMED, lines=(line,))


def _by_strings(comparison: Comparison, site: Site) -> Agreement:
    unobserved = Agreement(confirmation=Confirmation.UNOBSERVED)
    if comparison.reader.record.builder is Builder.BUILDKIT:
        return unobserved
    sides = tuple(_involved(comparison, site))
    views = [view for _, view in sides]
    lines = tuple(_history_line(build, view) for build, view in sides if view.step.created_by)
    if any(map(disagreeing_string, views)):
        return Agreement(confirmation=Confirmation.CONTRADICTED, lines=lines)
    if not views or not all(view.step.created_by and view.key.engine_form for view in views):
        return unobserved
    # The strings do not hold the image's format.
    in_strings = any(part.cause != CauseCode.IMAGE_FORMAT for part in site.parts)
    if site.parts and not (in_strings or site.structure):
        return unobserved
    if in_strings and len({view.key.engine_form for view in views[-2:]}) == 1:
        same = "the engine computed the same string for both"
        return Agreement(confirmation=Confirmation.CONTRADICTED, lines=(*lines, same))
    return Agreement(confirmation=Confirmation.CONFIRMED, lines=lines)


def _history_line(build: JudgedBuild, view: StepView) -> str:
    """What the engine wrote into the history, and the computed string where that is another one."""
    line = f"history of {build.client}, step {view.index}: {view.step.created_by!r}"
    is_equal = view.step.created_by == view.key.engine_form
    return line if is_equal else f"{line}; computed: {view.key.engine_form!r}"


def _involved(comparison: Comparison, site: Site) -> Iterator[tuple[JudgedBuild, StepView]]:
    """Every step that a site speaks of; the aligned pair comes last."""
    for index in site.removed:
        yield comparison.writer, comparison.writer_views[index]
    for index in site.added:
        yield comparison.reader, comparison.reader_views[index]
    if site.writer_step is not None:
        yield comparison.writer, comparison.writer_views[site.writer_step]
    if site.step in comparison.reader_views:
        yield comparison.reader, comparison.reader_views[site.step]


def _by_base_ids(comparison: Comparison, site: Site) -> Agreement:
    view = comparison.reader_views.get(site.step)
    writer = comparison.writer_at(site.writer_step)
    if not (view and writer and view.always_runs and comparison.reader.record.builder is Builder.CLASSIC):
        return Agreement(confirmation=Confirmation.UNOBSERVED)
    if not (view.image and writer.image):
        return Agreement(confirmation=Confirmation.UNOBSERVED)
    writer_name, reader_name = names_of(comparison.writer, comparison.reader)
    lines = (
        f"image after FROM, {writer_name}: {writer.step.identity}",
        f"image after FROM, {reader_name}: {view.step.identity}",
    )
    same = writer.image == view.image
    return Agreement(confirmation=Confirmation.CONTRADICTED if same else Confirmation.CONFIRMED, lines=lines)


def _by_status(comparison: Comparison, site: Site, claimed: int) -> Agreement:
    """Hits and misses confirm the model when they leave it no other way."""
    doubts = tuple(_doubts(comparison, site, claimed))
    if doubts:
        return Agreement(confirmation=Confirmation.UNOBSERVED, lines=doubts)
    writer_name, reader_name = names_of(comparison.writer, comparison.reader)
    shared = len(comparison.shared_steps)
    steps = "cached step" if shared == 1 else "cached steps"
    line = f"{reader_name} missed this step and shared {shared} {steps} with {writer_name}"
    return Agreement(confirmation=Confirmation.CONFIRMED, lines=(line,))


def _doubts(comparison: Comparison, site: Site, claimed: int) -> Iterator[str]:
    reader = comparison.reader
    if comparison.scope or cache_is_off(reader.record):
        yield "the reader could not use the writer's cache, so its misses confirm nothing"
        return
    if not site.direct:
        yield "a step above this one missed as well, so the engine never looked up this key alone"
    if not _reader_missed(comparison, site):
        yield "the reader's record does not show a miss at this step"
    if any(other.reason is Reason.EQUAL_KEYS for other in comparison.sites):
        yield "another step missed although its key is equal, so the cache may have lost records"
    if claimed > 1 and reader.record.builder is not Builder.BUILDKIT:
        lack = _lack(comparison, site)
        yield f"several parts differ, and the history strings that would separate them {lack}"


def _lack(comparison: Comparison, site: Site) -> str:
    """Why the strings do not help: buildah digests headers and contents together."""
    recorded = all(view.step.created_by for _, view in _involved(comparison, site))
    hold = "hold one digest of headers and contents together, and no record has the contents"
    return hold if recorded else "were not recorded"


def _reader_missed(comparison: Comparison, site: Site) -> bool:
    """The site's step missed; for a FROM, the first step that builds on it."""
    view = comparison.reader_views.get(site.step)
    if view is None:
        return False
    if not view.always_runs:
        return view.step.status is StepStatus.MISS
    below = [
        other
        for index, other in comparison.reader_views.items()
        if site.step in comparison.ancestors[index] and index in comparison.unshared and other.missed
    ]
    return bool(below) and below[0].step.status is StepStatus.MISS
