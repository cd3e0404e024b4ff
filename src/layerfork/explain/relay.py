"""Judges a relay: builds in order on one cache that was empty before the first."""

from collections.abc import Iterator, Sequence

from layerfork.explain.compare.added import added_steps
from layerfork.explain.compare.builds import JudgedBuild
from layerfork.explain.compare.classes import Departure, sort_into_classes
from layerfork.explain.compare.comparison import Comparison, compare
from layerfork.explain.compare.differences import may_equal
from layerfork.explain.compare.lending import lend_definitions
from layerfork.explain.compare.steps import views_of
from layerfork.explain.proof.diagnose import diagnose
from layerfork.explain.proof.observations import disagreeing_string
from layerfork.explain.proof.reasoner import Reasoner
from layerfork.explain.proof.weighing import weigh
from layerfork.explain.warnings.added import added_cautions
from layerfork.explain.warnings.stale import stale_hits
from layerfork.explain.warnings.unplaced import unplaced_caution
from layerfork.model.build import Builder
from layerfork.model.judgement import Caution, Fork, Judgement, Verdict
from layerfork.model.record import BuildOutcome, StepStatus


def judge_relay(
    builds: Sequence[JudgedBuild], *, clean_cache: bool | None = None, random_runs: bool = False
) -> Judgement:
    """Classes, forks and warnings of builds that ran one after the other on one cache.

    ``builds`` is in relay order; build k could reuse what builds 1 … k-1 stored. A build that
    failed has no class. A build whose own control missed is in a class and accuses nobody.
    ``clean_cache`` is False when the cache may have held results before the first build: then a
    hit that no build of the relay accounts for contradicts nothing. None: clean unless some build
    ran on the user's own engine. ``random_runs``: every RUN of the Dockerfile writes a value that never
    comes twice, so equal layers prove reuse.
    """
    builds = lend_definitions(builds)
    succeeded = [build for build in builds if build.record.result.outcome is BuildOutcome.SUCCEEDED]
    if clean_cache is None:
        clean_cache = not any(_on_user_engine(build) for build in builds)
    sorting = sort_into_classes(builds, clean_cache=clean_cache, random_runs=random_runs)
    warnings: list[Caution] = []
    warnings.extend(_incomplete(succeeded))
    warnings.extend(_failed_controls(succeeded))
    warnings.extend(caution for joined in sorting.joined for caution in added_cautions(joined))
    warnings.extend(unplaced_caution(each.reader, each.candidates) for each in sorting.unplaced)
    wrong = [*_wrong_strings(builds), *(_wrong_hits(builds) if clean_cache else ())]
    warnings.extend(wrong)
    contradicted = {(caution.client, caution.step) for caution in wrong if caution.code == "contradiction"}
    forks = tuple(fork for departure in sorting.departures for fork in _forks(departure, contradicted))
    failed_control = any(build.control == "miss" for build in succeeded)
    if not succeeded:
        verdict = Verdict.ERROR
    else:
        verdict = Verdict.FORKED if len(sorting.classes) > 1 or failed_control else Verdict.REUSED
    return Judgement(
        verdict=verdict,
        classes=tuple(tuple(member.client for member in group.members) for group in sorting.classes),
        class_unknown=tuple(each.reader.client for each in sorting.unplaced),
        forks=forks,
        warnings=tuple(warnings),
    )


def _on_user_engine(build: JudgedBuild) -> bool:
    return build.record.engine is None or not build.record.engine.ours


def _forks(departure: Departure, contradicted: set[tuple[str, int]]) -> Iterator[Fork]:
    """The forks of one reader, if it and the build it is compared with may accuse.

    ``contradicted`` are clients and steps where the engine did what the key model rules out.
    """
    comparison = departure.comparison
    if "miss" in (departure.reader.control, comparison.writer.control):
        return
    doubts = tuple(
        f"the engine contradicts the key model in the build of {client}"
        for client in (departure.reader.client, comparison.writer.client)
        if client in {each for each, _ in contradicted}
    )
    added = added_steps(comparison).steps
    reasoner = Reasoner(comparison=comparison)
    for site in departure.sites:
        if site.step in added:
            continue
        refuted = (departure.reader.client, site.step) in contradicted
        yield diagnose(reasoner, weigh(reasoner, site), doubts, refuted=refuted)


def _incomplete(builds: Sequence[JudgedBuild]) -> Iterator[Caution]:
    for build in builds:
        for gap in build.record.gaps:
            yield Caution(
                code="incomplete-record",
                client=build.client,
                text=f"the record of {build.client} is incomplete at {gap.where}: {gap.what}",
            )


def _failed_controls(builds: Sequence[JudgedBuild]) -> Iterator[Caution]:
    for build in builds:
        if build.control == "miss":
            yield Caution(
                code="control-failed",
                client=build.client,
                text=(
                    f"{build.client} does not reuse its own build, so its misses, and misses of what it "
                    "stored, prove nothing about another client"
                ),
            )


def _wrong_strings(builds: Sequence[JudgedBuild]) -> Iterator[Caution]:
    """The engine wrote another string into the history than the model computed."""
    for build in builds:
        for view in views_of(build).values():
            if disagreeing_string(view):
                yield Caution(
                    code="contradiction",
                    client=build.client,
                    step=view.index,
                    text=(
                        f"{view.step.instruction}: the engine wrote {view.step.created_by!r}, "
                        f"the key model computed {view.key.engine_form!r}"
                    ),
                )


def _wrong_hits(builds: Sequence[JudgedBuild]) -> Iterator[Caution]:
    """Hits that the model cannot account for: no earlier build of the relay has such a key."""
    for position, build in enumerate(builds):
        earlier = [
            comparison for writer in builds[:position] if (comparison := compare(writer, build)).scope is None
        ]
        if not earlier:
            continue
        unseen = any(map(_stored_unseen, builds[:position]))
        stale = {index: caution for each in reversed(earlier) for index, caution in stale_hits(each).items()}
        for index, view in views_of(build).items():
            if view.step.status is not StepStatus.HIT or view.always_runs or view.neutral:
                continue
            accounted = any(_accounts_for(each, index) for each in earlier)
            if index in stale and (not accounted or build.record.builder is Builder.CLASSIC):
                yield stale[index]
            elif not (accounted or unseen):
                yield Caution(
                    code="contradiction",
                    client=build.client,
                    step=index,
                    text=(
                        f"{view.step.instruction} was reused, although by the key model no earlier build "
                        "has its key"
                    ),
                )


def _stored_unseen(build: JudgedBuild) -> bool:
    """The build ended before its record was whole, so it may have stored steps that nobody saw."""
    record = build.record
    return record.result.outcome is not BuildOutcome.SUCCEEDED and not (record.complete and record.steps)


def _accounts_for(comparison: Comparison, index: int) -> bool:
    """Some step of the writer, or an earlier one of the reader, may have the very key of the step."""
    reader_views = comparison.reader_views
    key = reader_views[index].key
    aligned = comparison.alignment.writer_of.get(index)
    if aligned is not None and may_equal(comparison.writer_views[aligned].key, key):
        return True
    own = (view for other, view in reader_views.items() if other < index)
    return any(may_equal(view.key, key) for view in (*comparison.writer_views.values(), *own))
