"""The result of `layerfork check`, in sentences that several formats share."""

from collections.abc import Iterator

from layerfork.record.check import Against, CheckReport
from layerfork.report.views.sentences import counted


def sentence(report: CheckReport) -> str:
    """The result in one line; the problem where that is why it cannot pass."""
    if report.problems and not report.too_slow:
        more = len(report.problems) - 1
        return report.problems[0] + (f", and {counted(more, 'more problem')}" if more else "")
    if report.against is Against.CLIENTS:
        return _clients(report)
    return _reused(report) if not report.rebuilt else _rebuilt(report)


def _reused(report: CheckReport) -> str:
    if not report.allowed:
        return _all_reused(report)
    return f"{report.allowed} of {_steps(report)} {_missed(report)}, which is allowed"


def _rebuilt(report: CheckReport) -> str:
    least = "at least " if report.open else ""
    allowed = f", {report.allowed} more {'is' if report.allowed == 1 else 'are'} allowed"
    return (
        f"{least}{report.rebuilt} of {_steps(report)} {_missed(report)}{_seconds(report)}"
        f"{allowed if report.allowed else ''}{_limit(report)}"
    )


def hit_rate(report: CheckReport) -> str:
    """``71 %, 5 of 7 steps``: those that were reused; empty where none could be."""
    if not report.steps:
        return ""
    reused = report.steps - report.rebuilt - report.allowed - report.open
    least = "at least " if report.open else ""
    return f"{least}{100 * reused // report.steps} %, {reused} of {_steps(report)}"


def left_lines(report: CheckReport) -> Iterator[str]:
    """What forks do not cover: unexplained steps, further problems, what was allowed or left out."""
    for step in report.unexplained:
        build = f"{step.build}: " if step.build else ""
        yield f"{build}{step.place}  {step.instruction}  was built again, and no known difference explains it"
    shown = 1 if report.problems and not report.too_slow else 0
    yield from report.problems[shown:]
    yield from (f"allowed: {answer.headline}" for answer in report.allowed_answers)
    yield from report.notes


def _steps(report: CheckReport) -> str:
    return counted(report.steps, "step")


def _all_reused(report: CheckReport) -> str:
    which = f"all {report.steps} steps" if report.steps > 1 else "the only step"
    builds = len(report.diffs)
    if report.against is Against.BASELINE:
        verb = "have" if report.steps > 1 else "has"
        return f"{which}{f' of {builds} builds' if builds > 1 else ''} {verb} a key of {report.baseline}"
    where = "the second build" if builds == 1 else f"{builds} builds"
    cold = " on a clean engine, from the exported cache" if report.against is Against.COLD else ""
    return f"{which} of {where} {'were' if report.steps > 1 else 'was'} reused{cold}"


def _missed(report: CheckReport) -> str:
    one = report.rebuilt + report.allowed == 1
    if report.against is Against.BASELINE:
        return f"{'has' if one else 'have'} no key of {report.baseline}"
    return f"{'was' if one else 'were'} built again"


def _seconds(report: CheckReport) -> str:
    if report.seconds_lost is None:
        return ""
    seconds = report.seconds_lost
    if seconds >= 10:
        return f": {seconds:.0f} s"
    return f": {seconds:.1f} s" if seconds >= 0.05 else ": under 0.1 s"


def _limit(report: CheckReport) -> str:
    if report.max_lost_s is None:
        return ""
    if report.seconds_lost is None:
        return f"; their duration is unknown and may exceed {report.max_lost_s:g} s"
    return f"; the limit is {report.max_lost_s:g} s"


def _clients(report: CheckReport) -> str:
    builds = [build for run in report.runs for build in run.builds]
    clients = counted(len({build.client for build in builds}), "client")
    forks = sum(len(run.judgement.forks) for run in report.runs)
    if report.passed and not forks:
        return f"{clients} share one cache" + (", except for what is allowed" if report.allowed else "")
    caches = max((len(run.judgement.classes) for run in report.runs), default=0)
    return (
        f"{clients}, {counted(caches, 'cache')}, {counted(forks, 'fork')}{_seconds(report)}{_limit(report)}"
    )
