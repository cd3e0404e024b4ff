"""From a site to a fork with causes: rules claim differences, then the claims are put to proof."""

from layerfork.explain.causes import CAUSES, LAST_RESORT
from layerfork.explain.claims.rule import Case, CauseRule, Finding, Strength
from layerfork.explain.claims.wording import title_of
from layerfork.explain.compare.cachescope import imports_cache
from layerfork.explain.compare.comparison import Comparison
from layerfork.explain.compare.differences import Difference
from layerfork.explain.compare.divergence import Reason, Site
from layerfork.explain.compare.implied import implied_differences
from layerfork.explain.compare.lending import definition_lines
from layerfork.explain.proof.modebits import refine
from layerfork.explain.proof.observations import Agreement, Verdict, check_agreement
from layerfork.explain.warnings.harmless import list_ruled_out
from layerfork.model.build import Builder
from layerfork.model.judgement import Cause, CauseStatus, Fork, MissKind
from layerfork.model.record import StepStatus


def diagnose(
    comparison: Comparison, site: Site, doubts: tuple[str, ...] = (), *, refuted: bool = False
) -> Fork:
    """Explain one site. ``doubts`` are reasons known elsewhere why hits and misses prove nothing;
    ``refuted`` says that the engine did at this very step what the key model rules out."""
    case = Case(comparison=comparison, site=site)
    view = case.reader_view
    return Fork(
        writer=case.writer.client,
        reader=case.reader.client,
        step=site.step or 1,
        instruction=view.step.instruction,
        stage=view.step.stage_name,
        miss_kind=_miss_kind(case),
        causes=_causes(case, doubts, refuted),
        consequences=site.consequences,
        seconds_lost=_seconds_lost(case),
        ruled_out=list_ruled_out(case.writer, case.reader),
    )


def _causes(case: Case, doubts: tuple[str, ...], refuted: bool) -> tuple[Cause, ...]:
    found, left = claim_differences(case)
    agreement = _agreement(case, doubts)
    if refuted:
        agreement = Agreement(verdict=Verdict.CONTRADICTED, lines=agreement.lines + doubts)
    if left or not found:
        found += tuple((LAST_RESORT, finding) for finding in LAST_RESORT.find(case, left))
    title = title_of(case.reader_view.step.instruction)
    lines = (*agreement.lines, *definition_lines(case.writer, case.reader))
    return tuple(
        Cause(
            code=finding.code,
            status=prove(case, finding, agreement, complete=not left),
            path=finding.path,
            field=finding.field,
            writer=finding.writer,
            reader=finding.reader,
            text=f"{title} forked: {finding.what}",
            evidence=finding.evidence + (lines if finding.strength is Strength.KEYS else ()),
            remedy=finding.remedy,
            affected_builders=rule.builders,
            more=finding.more,
        )
        for rule, finding in found
    )


def claim_differences(
    case: Case,
) -> tuple[tuple[tuple[CauseRule, Finding], ...], tuple[Difference, ...]]:
    """Let every rule claim what it explains, in order of blame; also returns what is left over.

    The rule of a version that only one key needs (it has a wildcard, an owner) comes with what needs it,
    the kinds and numbers of sources with the entries that they are.
    """
    implied = implied_differences(case.site)
    left = tuple(each for each in refine(case.site.differences) if each not in implied)
    found: list[tuple[CauseRule, Finding]] = []
    for rule in CAUSES:
        for finding in rule.find(case, left):
            found.append((rule, finding))
            claimed = set(finding.claims)
            left = tuple(difference for difference in left if difference not in claimed)
    if any(finding.claims for _, finding in found):
        left = tuple(each for each in left if not (each.cause == "engine-version" and each.one_sided))
        return tuple(found), left
    return tuple(found), left + implied


def prove(case: Case, finding: Finding, agreement: Agreement, *, complete: bool) -> CauseStatus:
    """How sure a claim is.

    A claim about key parts is PROVEN when both keys are known completely, when the claims of all
    rules together are exactly the differing parts (so taking the writer's values for them makes
    the keys equal, and leaving any one out does not), and when the engine confirms the model.
    """
    if finding.strength is Strength.RECORDS:
        return CauseStatus.PROVEN
    if finding.strength is Strength.GUESS:
        return CauseStatus.SUSPECTED
    if finding.strength is Strength.NONE or agreement.verdict is Verdict.CONTRADICTED:
        return CauseStatus.UNEXPLAINED
    proven = case.site.known and complete and bool(finding.claims) and agreement.verdict is Verdict.CONFIRMED
    return CauseStatus.PROVEN if proven else CauseStatus.SUSPECTED


def _agreement(case: Case, doubts: tuple[str, ...]) -> Agreement:
    agreement = check_agreement(case.comparison, case.site)
    by_status = case.reader.record.builder is Builder.BUILDKIT
    if doubts and by_status and agreement.verdict is Verdict.CONFIRMED:
        return Agreement(verdict=Verdict.UNOBSERVED, lines=doubts)
    return agreement


def _miss_kind(case: Case) -> MissKind:
    match case.site.reason:
        case Reason.OTHER_CACHE:
            return MissKind.OTHER_BUILDER
        case Reason.CACHE_OFF:
            return MissKind.CACHE_OFF
        case Reason.EQUAL_KEYS if case.reader_view.step.stage_name in _stages_without_cache(case):
            return MissKind.CACHE_OFF
        case Reason.EQUAL_KEYS if imports_cache(case.reader.record):
            return MissKind.NOT_IMPORTED
        case Reason.EQUAL_KEYS:
            return MissKind.RECORD_GONE
        case _:
            return _kind_of_key_miss(case)


def _stages_without_cache(case: Case) -> tuple[str, ...]:
    return case.reader.record.request.no_cache_stages


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
        return sum(times)
    return 0.0 if all(step.status is StepStatus.HIT for step in steps) else None
