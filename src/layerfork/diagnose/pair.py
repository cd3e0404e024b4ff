"""Explains two builds, whoever made them and wherever."""

from collections.abc import Iterator

from layerfork.diagnose.classes import Fit, added_steps, fit_of
from layerfork.diagnose.compare.comparable import reuse_is_known, share_definitions
from layerfork.diagnose.compare.differences import Difference
from layerfork.diagnose.compare.judgedbuilds import JudgedBuild
from layerfork.diagnose.compare.sites import Reason, Site
from layerfork.diagnose.compare.stepwalk import Comparison, compare
from layerfork.diagnose.failure import failed_import_cautions, writer_failed
from layerfork.diagnose.proof.counterfactual import Reasoner
from layerfork.diagnose.proof.forks import diagnose, find_forks
from layerfork.diagnose.warnings import added_cautions, incomplete_records, unplaced_caution
from layerfork.diagnose.wronghits import stale_hits
from layerfork.record.answer import Caution, Fork, Judgement, Verdict
from layerfork.record.cause import CauseCode
from layerfork.record.record import BuildOutcome, StepRecord, StepStatus


def explain_pair(writer: JudgedBuild, reader: JudgedBuild) -> tuple[Fork, ...]:
    """Where and why ``reader`` could not use what ``writer`` stored, in step order.

    The first fork of a branch is followed by later ones on it only if they have a cause of their
    own: repairing the first would not bring those steps back. Builds of two caches (two builders,
    two engines) fork at the first step; where their keys can be compared, the forks that remain
    on one common cache follow.
    """
    reasoner = Reasoner(comparison=compare(*share_definitions((writer, reader))))
    return tuple(diagnose(reasoner, weighed) for weighed in find_forks(reasoner))


def judge_pair(writer: JudgedBuild, reader: JudgedBuild) -> Judgement:
    """Everything to say about two builds, whoever made them.

    Only a step that was built again although the writer had stored it is a fork. One that was reused
    although its key is not the writer's came from some other build: that, a hit whose input changed, steps
    that the writer was not asked for, an incomplete record and builds of two Dockerfiles are warnings.
    """
    writer, reader = share_definitions((writer, reader))
    comparison = compare(writer, reader)
    stale = stale_hits(comparison)
    added = added_steps(comparison).steps
    forks: list[Fork] = []
    failed = reader.record.result.outcome is not BuildOutcome.SUCCEEDED
    warnings = [
        *incomplete_records((writer, reader)),
        *writer_failed(writer),
        *(() if failed else _other_dockerfile(comparison)),
    ]
    reasoner = Reasoner(comparison=comparison)
    for weighed in find_forks(reasoner):
        site = weighed.site
        if site.step in added or not _is_miss(comparison, site):
            continue
        view = comparison.reader_views.get(site.step)
        if view is None or view.always_runs or view.step.status is not StepStatus.HIT:
            forks.append(diagnose(reasoner, weighed))
        elif site.step not in stale:
            warnings.append(_reused_elsewhere(comparison, view.step))
    if not any(cause.code == CauseCode.CACHE_NOT_IMPORTED for fork in forks for cause in fork.causes):
        warnings += failed_import_cautions(reader)
    warnings += [*added_cautions(comparison), *stale.values()]
    parted = bool(forks) or any(caution.code == "reused-elsewhere" for caution in warnings)
    classes, unknown = _classes(comparison, parted=parted)
    if unknown and not failed:
        warnings.append(unplaced_caution(reader, (writer,)))
    if forks:
        verdict = Verdict.FORKED
    else:
        verdict = Verdict.ERROR if failed else Verdict.REUSED
    return Judgement(
        verdict=verdict,
        classes=classes,
        class_unknown=unknown,
        forks=tuple(forks),
        warnings=tuple(warnings),
    )


def _is_miss(comparison: Comparison, site: Site) -> bool:
    """The writer had stored the result, and the keys or the reader's record show that the step missed it."""
    if _was_never_stored(comparison, site):
        return False
    by_key = site.reason is Reason.KEY and bool(site.differences)
    return by_key or reuse_is_known(comparison.reader.record)


def _was_never_stored(comparison: Comparison, site: Site) -> bool:
    """Nothing differs, but the writer's build ended before it had this step."""
    record = comparison.writer.record
    if record.result.outcome is BuildOutcome.SUCCEEDED:
        return False
    writer = comparison.writer_at(site.writer_step)
    if writer is None:
        ended = next((step.index for step in record.steps if step.error), 0)
        return site.step > comparison.alignment.reader_of.get(ended, site.step)
    stored = writer.step.status in (StepStatus.HIT, StepStatus.MISS) and not writer.step.error
    return not (stored or site.differences)


def _classes(comparison: Comparison, *, parted: bool) -> tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]:
    """Who shares every step with whom, and whose class is unknown."""
    writer, reader = comparison.writer.client, comparison.reader.client
    if parted:
        return ((writer,), (reader,)), ()
    if fit_of(comparison) is Fit.OPEN:
        return ((writer,),), (reader,)
    return ((writer, reader),), ()


def _other_dockerfile(comparison: Comparison) -> Iterator[Caution]:
    own = [index for index, view in comparison.reader_views.items() if not view.always_runs]
    others = [view for view in comparison.writer_views.values() if not view.always_runs]
    if own and others and not any(index in comparison.alignment.writer_of for index in own):
        yield Caution(
            code="other-scenario",
            client=comparison.reader.client,
            text="the two builds have no instruction in common: they seem to use different Dockerfiles",
        )


def _reused_elsewhere(comparison: Comparison, step: StepRecord) -> Caution:
    reader, writer = comparison.reader.client, comparison.writer.client
    return Caution(
        code="reused-elsewhere",
        client=reader,
        step=step.index,
        text=f"{step.instruction} was reused by {reader}, but from a build other than {writer}",
    )


def list_fork_differences(writer: JudgedBuild, reader: JudgedBuild, fork: Fork) -> tuple[Difference, ...]:
    """Every differing part behind a fork of these two builds: the whole list that its causes sum up."""
    return tuple(
        difference
        for weighed in find_forks(Reasoner(comparison=compare(*share_definitions((writer, reader)))))
        if weighed.site.step == fork.step
        for difference in weighed.site.differences
    )
