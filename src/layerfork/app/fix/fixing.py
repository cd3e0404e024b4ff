"""`layerfork fix`: what to do about the last fork of a build, tried by building, and done when asked."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from layerfork.app.check.gate import total_s
from layerfork.app.fix.estimate import foreseen, rebuilt_steps
from layerfork.app.fix.lastfork import Forked, forked_in, last_forks
from layerfork.app.fix.projectcopy import Tried, TryOptions, directory_of_build, try_remedy
from layerfork.builders.projectedits import (
    EditedProject,
    RefusedError,
    check_editable,
    leads_elsewhere,
    read_file,
    write_patches,
)
from layerfork.builders.recording.redactionkey import redaction_key
from layerfork.builders.replaying import run_in
from layerfork.context.walk import no_collection
from layerfork.errors import LayerforkError
from layerfork.hypothesis.fileedits import EditMismatchError, edited
from layerfork.hypothesis.remedies import again_of, chosen_points, remedy_of
from layerfork.record.answer import Answer, Fork
from layerfork.record.build import as_typed
from layerfork.record.engine import NOTHING_BROUGHT, Brought
from layerfork.record.fixing import Fate, FilePatch, FixReport, Proposal, RebuildCost, Remedy, unified
from layerfork.record.progress import Say
from layerfork.wire.redact import Redactor


@dataclass(frozen=True, slots=True, kw_only=True)
class FixOptions:
    """Everything that `layerfork fix` was asked."""

    path: str = ""
    """The directory that was built; empty is the working directory."""
    argv: tuple[str, ...] = ()
    """The command whose builds are meant; empty for any."""
    records: tuple[str, ...] = ()
    """Record files instead of the kept builds: the earlier build's and the later one's."""
    store: str = ""
    engine: str = ""
    brought: Brought = NOTHING_BROUGHT
    """Images for engines of ours."""
    apply: bool = False
    verify: bool = True
    force: bool = False


def fix_builds(options: FixOptions, say: Say) -> tuple[FixReport, ...]:
    """What can be done about the last fork of each build of a command; with ``apply`` it is done.

    Raises: LayerforkError.
    """
    with no_collection():
        if options.records:
            found = forked_in(options.records)
        else:
            found = last_forks(options.store, options.path, options.argv)

        return tuple(_fixed(each, options, say) for each in found)


def _fixed(forked: Forked, options: FixOptions, say: Say) -> FixReport:
    root = directory_of_build(forked.reader)
    base = _base(forked)
    proposals: list[Proposal] = []
    hopeless: list[Answer] = []
    for fork, answer in zip(forked.report.judgement.forks, forked.report.answers, strict=True):
        remedy = remedy_of(answer)
        if remedy is None:
            hopeless.append(answer)
            continue
        proposals.append(_proposal(forked, fork, answer, remedy, root, base))
    if options.apply:
        proposals = list(_applied(forked, proposals, options, base, say))
    return FixReport(
        build=forked.report.build,
        directory=str(base),
        is_here=base == Path.cwd(),
        command=as_typed(forked.reader.client.argv),
        recorded_at=forked.reader.recorded_at,
        proposals=tuple(proposals),
        hopeless=tuple(hopeless),
    )


def _base(forked: Forked) -> Path:
    """Where patches apply: the working directory if it holds all files, else what holds them."""
    here, place = Path.cwd(), forked.reader.place
    files = [Path(each) for each in (place.directory, os.path.dirname(place.dockerfile)) if each]  # noqa: PTH120
    if not files or all(each.is_relative_to(here) for each in files):
        return here
    return Path(os.path.commonpath(files))


def _proposal(forked: Forked, fork: Fork, answer: Answer, remedy: Remedy, root: Path, base: Path) -> Proposal:
    patches: tuple[FilePatch, ...] = ()
    problem = ""
    try:
        patches = tuple(_patches(remedy, root, base))
    except (EditMismatchError, RefusedError) as error:
        problem = f"{error}; build it with layerfork why, then fix what that finds"
    again = again_of(answer, forked.writer, forked.reader)
    rebuilt = rebuilt_steps(forked.reader, fork)
    return Proposal(
        answer=answer,
        remedy=remedy,
        patches=patches,
        shown=Redactor(redaction_key()).clean(unified(patches).decode("utf-8", "replace")),
        problem=problem,
        predicted=foreseen(forked.reader, fork, answer, remedy, patches, again),
        before=RebuildCost(
            forks=1,
            steps=len(rebuilt),
            seconds=total_s(step.seconds for step in rebuilt),
        ),
    )


def _patches(remedy: Remedy, root: Path, base: Path) -> Iterator[FilePatch]:
    """Raises: EditMismatchError, RefusedError."""
    for name in dict.fromkeys(edit.file for edit in remedy.edits):
        path = Path(os.path.normpath(root / name))
        before = read_file(path)
        after = edited(before or b"", [edit for edit in remedy.edits if edit.file == name])
        yield FilePatch(path=str(path), name=os.path.relpath(path, base), before=before, after=after)


def _applied(
    forked: Forked, proposals: Sequence[Proposal], options: FixOptions, base: Path, say: Say
) -> Iterator[Proposal]:
    """Each proposal tried, and done where that verified it; of two that edit one file otherwise the first.

    One edit may be for several forks: each is tried, and the first that is verified makes it.
    """
    done: dict[str, FilePatch] = {}
    for proposal in proposals:
        files = {patch.path: patch for patch in proposal.patches}
        made = bool(files) and files.items() <= done.items()
        if proposal.problem:
            yield replace(proposal, fate=Fate.REFUSED, reason=proposal.problem)
        elif files.keys() & done.keys() and not made:
            yield replace(
                proposal,
                fate=Fate.REFUSED,
                reason="its file was just edited: build, then layerfork fix again",
            )
        else:
            result = _apply(forked, proposal, options, base, say, made=made)
            done |= files if result.fate in (Fate.VERIFIED, Fate.APPLIED) else {}
            yield result


def _apply(
    forked: Forked, proposal: Proposal, options: FixOptions, base: Path, say: Say, *, made: bool
) -> Proposal:
    """One that cannot be tried leaves those before it as they are. ``made``: its edits are in the files."""
    try:
        project = EditedProject(base)
        if not made:
            check_editable(proposal.patches, base, force=options.force)
        _check_place(forked, proposal)
        if not options.verify and proposal.remedy.by_hand:
            return proposal
        if not options.verify:
            if not made:
                _make(forked, proposal, options, project, say)
            return replace(proposal, fate=Fate.APPLIED)
        tried = try_remedy(
            TryOptions(
                proposal=proposal,
                writer=forked.writer,
                reader=forked.reader,
                again=again_of(proposal.answer, forked.writer, forked.reader),
                engine=options.engine,
                brought=options.brought,
            ),
            say,
        )
        if tried.fate is Fate.VERIFIED and not made:
            _make(forked, proposal, options, project, say)
    except RefusedError as error:
        return replace(proposal, fate=Fate.REFUSED, reason=f"{error.message}: {error.hint}")
    except LayerforkError as error:
        return replace(proposal, fate=Fate.UNCHECKED, reason=error.message)
    return _with(proposal, tried)


def _check_place(forked: Forked, proposal: Proposal) -> None:
    """A command is for the context's directory and for files in it, and runs nowhere else.

    Raises: RefusedError.
    """
    place, remedy = forked.reader.place.directory, proposal.remedy
    if not remedy.command or remedy.by_hand:
        return
    if not os.path.isdir(place):  # noqa: PTH112 - as recorded
        raise RefusedError(
            f"the context's directory {f'{place} is not there' if place else 'is not known'}",
            f"run it there yourself: {remedy.command}",
        )
    for point, _ in chosen_points(proposal.answer):
        for path in point.paths:
            if leads_elsewhere(Path(place), path):
                raise RefusedError(
                    f"{path} is a link now, or lies behind one", f"run it there yourself: {remedy.command}"
                )


def _make(forked: Forked, proposal: Proposal, options: FixOptions, project: EditedProject, say: Say) -> None:
    """Do it, in the project's own files, if they still may be edited.

    Raises: RefusedError, LayerforkError.
    """
    project.check()
    check_editable(proposal.patches, project.root, force=options.force)
    _check_place(forked, proposal)
    write_patches(proposal.patches, project.root)
    if proposal.patches:
        say(f"edited {', '.join(patch.name for patch in proposal.patches)}")
    command = proposal.remedy.command
    if command and not proposal.remedy.by_hand:
        run_in(Path(forked.reader.place.directory), command)
        say(f"ran `{command}`")


def _with(proposal: Proposal, tried: Tried) -> Proposal:
    return replace(proposal, fate=tried.fate, after=tried.after, reused=tried.reused, reason=tried.reason)


def patch_of(reports: Sequence[FixReport]) -> bytes:
    """All edits as one patch."""
    patches = (patch for report in reports for each in report.proposals for patch in each.patches)
    return unified(dict.fromkeys(patches))
