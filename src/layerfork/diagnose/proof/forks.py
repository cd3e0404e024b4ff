"""Which sites are forks, and the causes of each."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import fsum

from layerfork.diagnose.causes.rule import Case, Finding, Strength
from layerfork.diagnose.causes.scene import Scene
from layerfork.diagnose.causes.wording import name_paths, title_of
from layerfork.diagnose.compare.comparable import definition_lines
from layerfork.diagnose.compare.differences import Difference, is_of_commit
from layerfork.diagnose.compare.judgedbuilds import StepView, instruction_shown
from layerfork.diagnose.compare.sharedcaches import imports_cache, is_built_without_cache
from layerfork.diagnose.compare.sites import Reason, Site
from layerfork.diagnose.compare.stepwalk import Comparison, assign_missed, is_above, merge_into
from layerfork.diagnose.proof.counterfactual import Reasoner, left_of
from layerfork.diagnose.proof.observations import Agreement, Confirmation, check_agreement
from layerfork.diagnose.proof.reach import VARIABLES, Reach, reach_of, reach_of_mark, say_reach, suggest_place
from layerfork.diagnose.proof.weighing import Weighed, weigh
from layerfork.diagnose.warnings import list_ruled_out
from layerfork.dockerfile import keyword_of
from layerfork.hypothesis import UnappliableError
from layerfork.keys.buildkit.sources import DIRECTORY, READS
from layerfork.record.answer import Cause, CauseStatus, ChangedPart, Fork, MissKind
from layerfork.record.build import Builder
from layerfork.record.cachekey import expand_parts
from layerfork.record.cause import CauseCode, Trait, codes_with
from layerfork.record.record import StepStatus

_BY_CLIENT = codes_with(Trait.CLIENT)


def diagnose(
    reasoner: Reasoner, weighed: Weighed, doubts: tuple[str, ...] = (), *, refuted: bool = False
) -> Fork:
    """Explain one site. ``doubts`` are reasons known elsewhere why hits and misses prove nothing;
    ``refuted`` says that the engine did at this very step what the key model rules out."""
    case = Case(comparison=reasoner.comparison, site=weighed.site)
    view = case.reader_view
    fork = Fork(
        writer=case.writer.client,
        reader=case.reader.client,
        step=weighed.site.step or 1,
        writer_step=weighed.site.writer_step,
        instruction=instruction_shown(case.reader, view.step),
        stage=view.step.stage_name,
        platform=view.step.platform,
        miss_kind=_miss_kind(case, weighed),
        causes=_causes(case, weighed, doubts, refuted, _assumed(case, weighed, reasoner)),
        consequences=weighed.site.consequences,
        seconds_lost=_seconds_lost(case),
    )
    return _with_sentences(case, weighed, fork, reasoner.scene(fork))


def _with_sentences(case: Case, weighed: Weighed, fork: Fork, scene: Scene) -> Fork:
    """Each cause, and each difference that is none, said as its rule says it."""
    title = title_of(fork.instruction)
    said = [(cause, _say(scene, cause)) for cause in fork.causes]
    return replace(
        fork,
        causes=tuple(
            replace(cause, sentence=sentence, text=f"{title} forked: {sentence}") for cause, sentence in said
        ),
        ruled_out=(
            *(f"{_say_finding(scene, each)}: does not matter here" for each in weighed.unneeded),
            *(f"{_say_finding(scene, each)}: follows from the above" for each in weighed.derived),
            *(
                f"{_say_finding(scene, each)}: not looked up, because the cache was off"
                for each in weighed.overruled
            ),
            *list_ruled_out(case.writer, case.reader),
        ),
    )


def _say(scene: Scene, cause: Cause) -> str:
    from layerfork.diagnose.causes.table import RULE_OF  # late: start-up, needed only where a step missed

    return RULE_OF[cause.code].say(scene, cause)


def _say_finding(scene: Scene, finding: Finding) -> str:
    return _say(scene, _cause_of(finding, CauseStatus.SUSPECTED))


def _cause_of(finding: Finding, status: CauseStatus) -> Cause:
    """What a finding says of the two builds, before it is a sentence."""
    return Cause(
        code=finding.code,
        status=status,
        path=finding.path,
        field=finding.field,
        writer=finding.writer,
        reader=finding.reader,
        detail=finding.detail,
        text="",
        more=finding.more,
        parts=tuple(map(_changed, finding.claims or finding.shared)),
    )


def _assumed(case: Case, weighed: Weighed, reasoner: Reasoner) -> tuple[str, ...]:
    """Files that the undone step is assumed to read, although the reader's client was not asked for them."""
    if not weighed.changes or weighed.site.writer_step is None:
        return ()
    paths = reasoner.informed.taken_for(case.writer_view)
    if not paths:
        return ()
    asked = (
        f"{case.reader_name} did not ask its client for {name_paths(paths)}, which none of its steps reads"
    )
    return (f"{asked}: assumed to be what {case.writer_name} sent",)


def _causes(
    case: Case, weighed: Weighed, doubts: tuple[str, ...], refuted: bool, assumed: tuple[str, ...]
) -> tuple[Cause, ...]:
    from layerfork.diagnose.causes.table import LAST_RESORT  # late: start-up

    agreement = _agreement(case, weighed, doubts)
    if refuted:
        agreement = Agreement(confirmation=Confirmation.CONTRADICTED, lines=agreement.lines + doubts)
    claims = weighed.claims
    if weighed.unclaimed or not claims:
        claims += tuple((LAST_RESORT, finding) for finding in LAST_RESORT.find(case, weighed.unclaimed))
    lines = (*agreement.lines, *assumed, *definition_lines(case.writer, case.reader))
    reaches = [_reach(case, finding) for _, finding in claims]
    causes = (
        replace(
            _cause_of(finding, status_of(case, finding, weighed, agreement)),
            evidence=finding.evidence + say_reach(reach) + _evidence(case, finding, weighed, lines),
            remedy=(finding.remedy or rule.remedy) + suggest_place(reach, weighed.site.step),
            affected_builders=tuple(builder.value for builder in rule.code.builders),
            reaches=reach.steps,
        )
        for (rule, finding), reach in zip(claims, reaches, strict=True)
    )
    return tuple(sorted(causes, key=_rank))


def _rank(cause: Cause) -> tuple[bool, bool]:
    """Proven causes first; a moved line after all others."""
    return cause.status is not CauseStatus.PROVEN, cause.code == CauseCode.INSTRUCTION_ORDER


def _changed(difference: Difference) -> ChangedPart:
    return ChangedPart(difference.path, difference.field, difference.writer, difference.reader)


def _reach(case: Case, finding: Finding) -> Reach:
    """Where else a variable enters keys."""
    if finding.code not in VARIABLES:
        return Reach()
    if finding.path:
        return reach_of(case.comparison, finding.path)
    return reach_of_mark(case.comparison) if finding.code == CauseCode.PROXY else Reach()


def _evidence(case: Case, finding: Finding, weighed: Weighed, lines: tuple[str, ...]) -> tuple[str, ...]:
    if finding.strength is not Strength.KEYS:
        return ()
    doubts = (*weighed.doubts, *_doubts_above(case), *filter(None, (_doubt_of_commit(case, finding),)))
    return lines + tuple(f"not proven: {doubt}" for doubt in doubts)


def _doubts_above(case: Case) -> Iterator[str]:
    """Why a step above may have had another result, although it was reused."""
    for index in case.site.unknown_above[:1]:
        step = case.comparison.reader_views[index].step
        unknown = case.comparison.reader_views[index].key.unknown
        lacking = unknown[0] if unknown else "what it read of another commit"
        name = f"step {index} {keyword_of(step.instruction)}"
        yield f"{name} above may have had another result, since {lacking} is unknown"


_SAME_FILES = "another commit may hold the same files; then the step missed because the cache had lost it"


def _doubt_of_commit(case: Case, finding: Finding) -> str:
    """Why another commit is not proven to be the cause; empty when it is, or none is blamed.

    BuildKit reuses a step that reads the same files of another commit. So a miss shows other files only where
    the step reads all of the repository, and the cache is known to be one that still has the writer's steps.
    """
    blamed = [each for each in finding.claims if is_of_commit(each)]
    if not blamed or case.reader_view.always_runs:
        return ""
    reader, writer = case.reader.record, case.writer.record
    is_one_cache = not (writer.imported_from or reader.imported_from or imports_cache(reader))
    keeps = is_one_cache and bool(case.comparison.shared_steps)
    return "" if keeps and all(_reads_all(case.reader_view, each) for each in blamed) else _SAME_FILES


def _reads_all(view: StepView, blamed: Difference) -> bool:
    """Whether a step reads a whole repository, no directory of it and nothing left out."""
    own = [part for part in expand_parts(view.key.parts) if part.places == blamed.places]
    if any(part.path == blamed.path and part.field == DIRECTORY for part in own):
        return False
    reads = [part.value for part in own if part.field == READS]
    return "/" in reads and "--exclude" not in view.step.instruction


def status_of(case: Case, finding: Finding, weighed: Weighed, agreement: Agreement) -> CauseStatus:
    """How sure a claim is.

    PROVEN: reverting exactly these causes, and no fewer, reproduces the earlier cache key. Both keys must be
    known completely, and the engine must confirm the model.
    """
    if finding.strength is Strength.RECORDS:
        return CauseStatus.PROVEN
    if finding.strength is Strength.GUESS:
        return CauseStatus.SUSPECTED
    if finding.strength is Strength.NONE or agreement.confirmation is Confirmation.CONTRADICTED:
        return CauseStatus.UNEXPLAINED
    holds = (
        case.site.known
        and not case.site.unknown_above
        and not (weighed.doubts or weighed.unclaimed)
        and bool(finding.claims or finding.shared)
        and not _doubt_of_commit(case, finding)
    )
    proven = holds and agreement.confirmation is Confirmation.CONFIRMED
    return CauseStatus.PROVEN if proven else CauseStatus.SUSPECTED


def _agreement(case: Case, weighed: Weighed, doubts: tuple[str, ...]) -> Agreement:
    findings = [finding for _, finding in weighed.claims if finding.strength is Strength.KEYS]
    claimed = sum(map(_things, findings)) + len(weighed.unclaimed)
    agreement = check_agreement(case.comparison, case.site, claimed)
    by_status = case.reader.record.builder is Builder.BUILDKIT
    if doubts and by_status and agreement.confirmation is Confirmation.CONFIRMED:
        return Agreement(confirmation=Confirmation.UNOBSERVED, lines=doubts)
    return agreement


def _things(finding: Finding) -> int:
    """The number of independent differences; one that a client's code makes for all entries counts once."""
    values = {(each.writer, each.reader) for each in finding.claims}
    is_one = finding.code in _BY_CLIENT and len(values) == 1
    return 1 if is_one else 1 + finding.more


def _miss_kind(case: Case, weighed: Weighed) -> MissKind:
    if any(finding.code == CauseCode.CACHE_OFF for _, finding in weighed.claims):
        return MissKind.CACHE_OFF
    match case.site.reason:
        case Reason.OTHER_CACHE:
            return MissKind.OTHER_BUILDER
        case Reason.EQUAL_KEYS if imports_cache(case.reader.record):
            return MissKind.NOT_IMPORTED
        case Reason.EQUAL_KEYS:
            return MissKind.RECORD_GONE
        case _:
            return _kind_of_key_miss(case)


def _kind_of_key_miss(case: Case) -> MissKind:
    """The classic builder probes nothing after the first miss of a stage."""
    if case.reader.record.builder is Builder.CLASSIC and not case.site.direct:
        return MissKind.NOT_EVALUATED
    return MissKind.KEY_CHANGED


def _seconds_lost(case: Case) -> float | None:
    steps = [case.reader_view.step] + [
        case.comparison.reader_views[index].step for index in case.site.consequences
    ]
    times = [step.seconds for step in steps if step.seconds is not None and step.status is not StepStatus.HIT]
    if times:
        return fsum(times)
    return 0.0 if all(step.status is StepStatus.HIT for step in steps) else None


# Which sites are forks, and which only follow from one above.
#
# A site only follows when reverting the sites above gives its step the writer's key as well. What still
# differs then belongs to the site itself.


def find_forks(reasoner: Reasoner) -> tuple[Weighed, ...]:
    """The forks of a comparison with their consequences and their claims, in step order."""
    comparison = reasoner.comparison
    kept: list[Weighed] = []
    for site in comparison.sites:
        above = [
            index for index, other in enumerate(kept) if is_above(other.site, site, comparison.ancestors)
        ]
        own = _own_site(reasoner, site, [kept[index] for index in above]) if above else site
        if own is None:
            owner = kept[above[-1]]
            kept[above[-1]] = replace(owner, site=merge_into(owner.site, site))
        else:
            kept.append(weigh(reasoner, own))
    kept = _fold_without_cache(kept, comparison)
    sites = assign_missed(tuple(each.site for each in kept), comparison)
    return tuple(replace(each, site=site) for each, site in zip(kept, sites, strict=True))


def _fold_without_cache(found: Sequence[Weighed], comparison: Comparison) -> list[Weighed]:
    """What was built without a cache missed for that reason alone, whatever else differs."""
    kept: list[Weighed] = []
    for each in found:
        place = next((index for index, off in enumerate(kept) if _holds_for(off, each.site, comparison)), -1)
        if place < 0:
            kept.append(each)
            continue
        owner = kept[place]
        differing = tuple(finding for _, finding in each.claims if finding.strength is Strength.KEYS)
        kept[place] = replace(
            owner,
            site=merge_into(owner.site, each.site),
            overruled=tuple(dict.fromkeys((*owner.overruled, *differing, *each.overruled))),
        )
    return kept


def _holds_for(off: Weighed, site: Site, comparison: Comparison) -> bool:
    """Whether the cache was off for this site as well: it was for the whole build, or for both steps."""
    if not any(finding.code == CauseCode.CACHE_OFF for _, finding in off.claims):
        return False
    if off.site.reason is Reason.CACHE_OFF:
        return True
    step = comparison.reader_views[site.step].step
    return off.site.step in comparison.ancestors[site.step] and is_built_without_cache(
        comparison.reader.record, step
    )


def _own_site(reasoner: Reasoner, site: Site, above: Sequence[Weighed]) -> Site | None:
    """What is left of a site once the sites above are undone; None when nothing is."""
    held = {difference for other in above for difference in other.site.differences}
    if site.differences and all(each in held for each in site.differences):
        return None
    given = tuple(dict.fromkeys(change for other in above for change in other.changes))
    if not given:
        return site
    try:
        return left_of(reasoner, site, given)
    except UnappliableError:
        return site  # what is left of it is unknown, so all of it counts
