"""What can be done about forks, readable in ten seconds: the answer, the patch, and the result."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from layerfork.record.fixing import Fate, FixReport, PredictedReuse, Proposal, RebuildCost, Reused
from layerfork.report.rendering import Look, Renderers
from layerfork.report.text.answer import first_lines
from layerfork.report.text.layout import hung, print_lines
from layerfork.report.text.predictions import seconds
from layerfork.report.views.sentences import counted

NOTHING = "nothing to fix: no recorded build missed a step"
_ADDED, _REMOVED, _HEAD = "green", "red", "bold"


def render_fixes(reports: Sequence[FixReport], look: Look) -> str:
    """Each build's forks. The patch in it is what `git apply` takes: it passes over all other lines."""
    if not reports:
        return f"{NOTHING}\n"
    last = (Text(line, style="bold yellow") for each in reports for line in _left(each, look))
    return "\n".join(print_lines(_lines(report, look), look) for report in reports) + print_lines(last, look)


def _left(report: FixReport, look: Look) -> Iterator[str]:
    if report.left_line:
        yield from hung(report.left_line, look.width, "", 2)


def _lines(report: FixReport, look: Look) -> Iterator[Text]:
    if report.build:
        yield Text(f"{report.build}:", style="bold")
    patched = any(proposal.patches for proposal in report.proposals)
    if patched and not report.is_here:
        yield from _hung(f"the patch is for {report.directory}: git apply there", look, "dim")
    for proposal in report.proposals:
        yield from first_lines(proposal.answer, look)
        yield from _proposal(proposal, look)
    for answer in report.hopeless:
        yield from first_lines(answer, look)
        if not answer.fix.is_none:
            yield Text("  left to you: the change may be intended", style="dim")


def _proposal(proposal: Proposal, look: Look) -> Iterator[Text]:
    for warning in proposal.remedy.warnings:
        yield from _hung(f"warning: {warning}", look, "bold yellow")
    for left in proposal.remedy.left:
        yield from _hung(f"not fixed: {left}", look, "dim")
    yield from _hung(predicted(proposal.predicted), look, "cyan")
    yield from _patch(proposal)
    if proposal.problem and proposal.fate is Fate.PROPOSED:
        yield from _hung(f"no patch: {proposal.problem}", look, "bold yellow")
    style = "bold cyan" if proposal.fate is Fate.VERIFIED else "bold"
    yield from _hung(outcome(proposal), look, style)


def _hung(line: str, look: Look, style: str) -> Iterator[Text]:
    yield from (Text(each, style=style) for each in hung(line, look.width, "  ", 4))


def _patch(proposal: Proposal) -> Iterator[Text]:
    if not proposal.patches:
        return
    yield Text()
    for line in proposal.shown.split("\n")[:-1]:
        style = _HEAD if line.startswith(("+++", "---", "diff ")) else ""
        style = style or {"+": _ADDED, "-": _REMOVED}.get(line[:1], "")
        yield Text(line, style=style)
    yield Text()


def predicted(found: PredictedReuse) -> str:
    """``predicted: line 4 RUN npm ci and 1 more step reused``."""
    if not found.reused:
        return (
            f"predicted reuse is unknown: {found.unknown}"
            if found.unknown
            else "predicted: no step will be reused"
        )
    more = len(found.reused) - 1
    rest = f" and {counted(more, 'more step')}" if more else ""
    known = sum(step.seconds or 0 for step in found.reused)
    unsure = f"; {found.unknown}" if found.unknown else ""
    return f"predicted: {_step(found.reused[0])}{rest} reused, {seconds(known)} saved per build{unsure}"


def _step(step: Reused) -> str:
    place = f"line {step.line} " if step.line else ""
    return f"{place}{step.instruction.splitlines()[0]}"


def outcome(proposal: Proposal) -> str:
    """The result: ``verified: forks 1 → 0, steps built again 3 → 0, 41 s saved per build``."""
    match proposal.fate:
        case Fate.VERIFIED:
            saved = f"{seconds(proposal.saved_s or 0)} saved per build"
            return f"verified: {_spent(proposal)}, {saved}; {_done(proposal)}"
        case Fate.NO_HELP:
            return f"does not help, so nothing was edited: {proposal.reason}"
        case Fate.BROKE:
            return f"breaks the build, so nothing was edited: {proposal.reason}"
        case Fate.UNCHECKED:
            anyway = " (--no-verify edits without a build)" if proposal.patches else ""
            return f"not verified, so nothing was edited: {proposal.reason}{anyway}"
        case Fate.REFUSED:
            return f"refused: {proposal.reason}"
        case Fate.APPLIED:
            return f"{_done(proposal)}; not verified"
        case Fate.PROPOSED:
            return _proposed(proposal)


def _proposed(proposal: Proposal) -> str:
    if proposal.patches:
        return "layerfork fix --apply builds with it, and makes the edit if that helps"
    if proposal.problem:
        return "layerfork fix cannot make this change"
    if proposal.remedy.by_hand:
        return f"run this: {proposal.remedy.command}"
    return f"layerfork fix --apply tries `{proposal.remedy.command}` on a copy, and runs it if that helps"


def _spent(proposal: Proposal) -> str:
    before, after = proposal.before, proposal.after or RebuildCost(forks=0, steps=0)
    return f"forks {before.forks} → {after.forks}, steps built again {before.steps} → {after.steps}"


def _done(proposal: Proposal) -> str:
    if proposal.patches:
        return f"edited: {_files(proposal)}"
    return f"{'run this' if proposal.remedy.by_hand else 'ran'}: {proposal.remedy.command}"


def _files(proposal: Proposal) -> str:
    return ", ".join(patch.name for patch in proposal.patches)


RENDERERS: Renderers = {
    "fixes": render_fixes,
}
