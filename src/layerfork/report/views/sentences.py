"""Sentences about a run that more than one format says."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import PurePath
from typing import TYPE_CHECKING

from layerfork.record.answer import Answer, CauseStatus, Caution, Fork, Point, Verdict
from layerfork.record.run import AGAIN

if TYPE_CHECKING:
    from layerfork.record.run import DiffReport, RunReport, Unproven
    from layerfork.report.views.overview import Edge, Overview

MANY_OWN = 2
"""More clients than these that miss their own builds are counted, not named."""


def counted(number: int, noun: str, several: str = "") -> str:
    """``1 client``, ``2 clients``; ``several`` is a plural that an s does not make."""
    plural = noun if number == 1 else several or f"{noun}s"
    return f"{number:,} {plural}"


def size_of(overview: "Overview") -> str:
    """``5 clients on 1 engine``: those that have a cache somewhere."""
    clients = sum(len(row.clients) for row in overview.rows)
    return f"{counted(clients, 'client')} on {counted(len(overview.engines), 'engine')}"


def names_of(report: "DiffReport") -> tuple[str, str]:
    """What two builds are called: as their answers do, else by their files; empty where there is none."""
    if not report.answers:
        return report.writer, report.reader
    return report.answers[0].writer.name, report.answers[0].reader.name


def subject_of(report: "DiffReport") -> str:
    """What was built: a service, or a Dockerfile and its directory; empty when nothing shows it."""
    file = report.dockerfile.rpartition("/")[2] or ("a build" if report.directory else "")
    place = f"{file} in {report.directory}" if report.directory else file
    return report.build or place


def title_of(report: "DiffReport") -> str:
    """``Dockerfile in /srv/shop: this build compared with the earlier build of 2026-12-03 06:02:23 UTC``."""
    what = f"{subject_of(report)}: " if subject_of(report) else ""
    if not report.compared:
        return f"{what}{report.reader or report.writer}"
    time = report.baseline.recorded_at if report.baseline is not None else ""
    of = f" of {datetime.fromisoformat(time):%Y-%m-%d %H:%M:%S} UTC" if time else ""
    return f"{what}{report.reader} compared with {report.writer}{of}"


def cost_of(edge: "Edge") -> str:
    """``1.4 s, 2 more steps``; of several engines the least and the most. Empty when nothing is known."""
    if edge.answer is None:
        return ""
    if len(set(map("{:.1f}".format, edge.seconds_lost))) < 2:
        return edge.answer.cost
    least, most = min(edge.seconds_lost), max(edge.seconds_lost)
    return f"{least:.1f} to {most:.1f} s{edge.answer.cost.partition(' s')[2]}"


def findings(fork: Fork, answer: Answer | None) -> tuple[tuple[CauseStatus, str], ...]:
    """How sure each point is, and its cause with the pattern that it follows; each once."""
    if answer is None:
        return tuple(dict.fromkeys((cause.status, str(cause.code)) for cause in fork.causes))
    return tuple(dict.fromkeys((point.status, _named(point)) for point in answer.points))


def _named(point: Point) -> str:
    return f"{point.code} ({point.pattern})" if point.pattern else str(point.code)


def where(edge: "Edge", overview: "Overview") -> str:
    """On which engines; nothing where there is only one."""
    if len(overview.engines) == 1:
        return ""
    if len(edge.engines) == len(overview.engines):
        return "on all engines"
    return f"on {', '.join(overview.engines[each] for each in edge.engines)}"


def verdicts(overview: "Overview") -> tuple[tuple[tuple[str, ...], Verdict, str], ...]:
    """Engines that share a verdict and its sentence, with both."""
    found: dict[tuple[Verdict, str], list[str]] = {}
    for name, report in zip(overview.engines, overview.reports, strict=True):
        found.setdefault((report.judgement.verdict, verdict_sentence(report)), []).append(name)
    return tuple((tuple(names), verdict, sentence) for (verdict, sentence), names in found.items())


def verdict_sentence(report: "RunReport") -> str:
    """The hypothesis of 2015, and whether it held here."""
    judgement = report.judgement
    if report.interrupted and judgement.verdict is not Verdict.FORKED:
        return _interrupted(report)
    if judgement.verdict is Verdict.ERROR:
        return "ERROR: too few builds succeeded to test the hypothesis."
    count = sum(len(members) for members in judgement.classes)
    unknown = ", ".join(judgement.class_unknown)
    if judgement.verdict is Verdict.REUSED and unknown:
        return (
            f"REUSED: no build missed what another had stored, but it is unknown which cache {unknown} used."
        )
    if judgement.verdict is Verdict.REUSED:
        return (
            f"REUSED: the cache is fully reusable across these {count} clients; "
            "the hypothesis of 2015 holds here."
        )
    own = own_misses(judgement.forks)
    steps = sorted({fork.step for fork in judgement.forks if not is_own(fork)})
    where = f" The cache forks at step {', '.join(map(str, steps))}." if steps else ""
    where += f" {own}." if own else ""
    which = f" (it is unknown which of them {unknown} used)" if unknown else ""
    return (
        f"FORKED: {count + len(judgement.class_unknown)} clients, {len(judgement.classes)} caches{which}; "
        f"the hypothesis that the cache is fully reusable does not hold here.{where}"
        + (" Interrupted: clients that were not built are unknown." if report.interrupted else "")
    )


def _interrupted(report: "RunReport") -> str:
    """The verdict of an interrupted run, on the builds that it finished."""
    if report.judgement.verdict is Verdict.ERROR:
        return "INTERRUPTED: too few clients had built to test the hypothesis."
    count = sum(len(members) for members in report.judgement.classes)
    return f"INTERRUPTED: no fork among the {count} clients that had built; the other clients are unknown."


def is_own(fork: Fork) -> bool:
    """Whether a client missed what it had stored itself: no cache forks from another there."""
    return fork.reader == AGAIN.format(fork.writer)


def own_misses(forks: Iterable[Fork]) -> str:
    """Who misses its own build and where, as a sentence without its point; empty when no client does."""
    steps: dict[str, set[int]] = {}
    for fork in filter(is_own, forks):
        steps.setdefault(fork.writer, set()).add(fork.step)
    if len(steps) > MANY_OWN:
        return f"{len(steps)} clients miss their own builds"
    misses = [f"{client} misses its own build at step {_listed(found)}" for client, found in steps.items()]
    return ", ".join(misses)


def _listed(steps: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(steps)))


# Two builds, at least one without a key.


def nothing_proven(unproven: "Unproven") -> str:
    """That nothing is proven, or nothing more than what the logs themselves show."""
    proven = any(each.status is CauseStatus.PROVEN for step in unproven.missed for each in step.suspicions)
    what = "nothing else" if proven else "nothing"
    return f"{what} can be proven from these files: they do not hold what a step's key is made of"


def lack_lines(unproven: "Unproven") -> Iterator[str]:
    """``ci.log lacks files, build arguments, keys; keep the .dockerbuild in CI``: a line for each build."""
    names = [PurePath(lack.name).name for lack in unproven.lacks]
    if len(set(names)) < len(names):
        names = [lack.name for lack in unproven.lacks]
    for name, lack in zip(names, unproven.lacks, strict=True):
        yield f"{name} lacks {', '.join(lack.lacks)}; {lack.keep}" if lack.lacks else f"{name}: {lack.keep}"


INCOMPLETE = "incomplete-record"


def warnings_of(report: "DiffReport") -> tuple[Caution, ...]:
    """The warnings about two builds; what records without keys lack, in one line for each."""
    found = report.judgement.warnings
    if report.unproven is None:
        return found
    said = [Caution(code="unproven", client=report.reader, text=nothing_proven(report.unproven))]
    for lack, line in zip(report.unproven.lacks, lack_lines(report.unproven), strict=True):
        said.append(Caution(code=INCOMPLETE, client=lack.name, text=line))
    return (*said, *(each for each in found if each.code != INCOMPLETE))
