"""Judges a relay: builds in order on one cache that was empty before the first."""

from collections.abc import Iterator, Mapping, Sequence

from layerfork.diagnose.classes import Departure, Sorting, added_steps, sort_into_classes
from layerfork.diagnose.compare.comparable import define_alike, share_definitions
from layerfork.diagnose.compare.differences import may_equal
from layerfork.diagnose.compare.judgedbuilds import JudgedBuild, StepView, views_of
from layerfork.diagnose.compare.sharedcaches import may_share_cache
from layerfork.diagnose.compare.stepwalk import compare
from layerfork.diagnose.proof.counterfactual import Reasoner
from layerfork.diagnose.proof.forks import diagnose
from layerfork.diagnose.proof.observations import disagreeing_string
from layerfork.diagnose.proof.weighing import weigh
from layerfork.diagnose.warnings import added_cautions, incomplete_records, unplaced_caution
from layerfork.diagnose.wronghits import sent_unlike, stale_hits
from layerfork.record.answer import Caution, Fork, Judgement, Verdict
from layerfork.record.build import Builder
from layerfork.record.record import BuildOutcome


def judge_relay(
    builds: Sequence[JudgedBuild], *, clean_cache: bool | None = None, random_runs: bool = False
) -> Judgement:
    """Classes, forks and warnings of builds that ran one after the other on one cache.

    ``builds`` is in relay order; build k could reuse what builds 1 … k-1 stored. A build that
    failed has no class. A build whose own control missed is in a class, and no fork is reported with it.
    ``clean_cache`` is False when the cache may have held results before the first build: then a
    hit that no build of the relay accounts for contradicts nothing. None: clean unless some build
    ran on the user's own engine. ``random_runs``: every RUN of the Dockerfile writes a value that never
    comes twice, so equal layers prove reuse.
    """
    builds = share_definitions(builds)
    succeeded = [build for build in builds if build.record.result.outcome is BuildOutcome.SUCCEEDED]
    if clean_cache is None:
        clean_cache = not any(_on_user_engine(build) for build in builds)
    sorting = sort_into_classes(builds, clean_cache=clean_cache, random_runs=random_runs)
    warnings: list[Caution] = []
    warnings.extend(incomplete_records(succeeded))
    warnings.extend(_failed_controls(succeeded))
    warnings.extend(caution for joined in sorting.joined for caution in added_cautions(joined))
    warnings.extend(unplaced_caution(each.reader, each.candidates) for each in sorting.unplaced)
    wrong = [*_wrong_strings(builds), *(_wrong_hits(builds) if clean_cache else ())]
    warnings.extend(wrong)
    contradicted = {(caution.client, caution.step) for caution in wrong if caution.code == "contradiction"}
    forks = tuple(fork for departure in sorting.departures for fork in _forks(departure, contradicted))
    return Judgement(
        verdict=_verdict(succeeded, sorting),
        classes=tuple(tuple(member.client for member in group.members) for group in sorting.classes),
        class_unknown=tuple(each.reader.client for each in sorting.unplaced),
        forks=forks,
        warnings=tuple(warnings),
    )


def _verdict(succeeded: Sequence[JudgedBuild], sorting: Sorting) -> Verdict:
    if not succeeded:
        return Verdict.ERROR
    failed_control = any(build.control == "miss" for build in succeeded)
    return Verdict.FORKED if len(sorting.classes) > 1 or failed_control else Verdict.REUSED


def _on_user_engine(build: JudgedBuild) -> bool:
    return build.record.engine is None or not build.record.engine.ours


def _forks(departure: Departure, contradicted: set[tuple[str, int]]) -> Iterator[Fork]:
    """The forks of one reader; none where its control, or that of the build it is compared with, missed.

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
    """Hits that the model cannot account for: no earlier build of the relay has such a key.

    Builds are compared step by step only where that may say something: it takes far longer than keys alone.
    """
    for position, build in enumerate(builds):
        views = views_of(build)
        hits = [index for index, view in views.items() if view.reused]
        earlier = [each for each in builds[:position] if may_share_cache(each.record, build.record)]
        if not (hits and earlier):
            continue
        unaccounted = _unaccounted(hits, earlier, build)
        # The classic builder's keys may be equal although the copied files differ.
        suspects = hits if build.record.builder is Builder.CLASSIC else unaccounted
        stale = _first_stale(earlier, build) if suspects else {}
        unseen = any(map(_stored_unseen, builds[:position]))
        for index in suspects:
            if index in stale:
                yield stale[index]
            elif index in unaccounted and not unseen:
                yield Caution(
                    code="contradiction",
                    client=build.client,
                    step=index,
                    text=(
                        f"{views[index].step.instruction} was reused, although by the key model no earlier "
                        "build has its key"
                    ),
                )


def _first_stale(earlier: Sequence[JudgedBuild], build: JudgedBuild) -> dict[int, Caution]:
    """Stale hits by step, each beside the first build that it is stale beside."""
    found = (stale_hits(compare(each, build)) for each in earlier if sent_unlike(each.record, build.record))
    return {index: caution for each in reversed(list(found)) for index, caution in each.items()}


def _stored_unseen(build: JudgedBuild) -> bool:
    """The build ended before its record was whole, so it may have stored steps that no record shows."""
    record = build.record
    return record.result.outcome is not BuildOutcome.SUCCEEDED and not (record.complete and record.steps)


def _unaccounted(hits: Sequence[int], earlier: Sequence[JudgedBuild], build: JudgedBuild) -> Sequence[int]:
    """Hits whose very key no step of an earlier build, and no earlier one of their own, may have."""
    left = hits
    for each in earlier:
        if not left:
            break
        writer, reader = map(views_of, define_alike(each, build))
        left = [index for index in left if not _accounts_for(writer, reader, index)]
    return left


def _accounts_for(writer: Mapping[int, StepView], reader: Mapping[int, StepView], index: int) -> bool:
    key = reader[index].key
    nearest = sorted(writer.values(), key=lambda view: view.index != index)
    own = (view for other, view in reader.items() if other < index)
    return any(may_equal(view.key, key) for view in (*nearest, *own))
