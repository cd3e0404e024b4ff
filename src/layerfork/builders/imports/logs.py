"""Records of logs: BuildKit's progress, raw and plain, the classic builder's, podman's and buildah's."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from layerfork.builders.imports.drafts import (
    BEGINS_LATE,
    CUT,
    NO_CONTEXT,
    NO_REQUEST,
    NO_RESULT,
    SHARED,
    Importer,
    with_parts,
)
from layerfork.record.build import Builder
from layerfork.record.record import BuildOutcome, BuildRecord, BuildResult, RecordedRequest
from layerfork.wire.buildkit.observed import VertexState, WorkState
from layerfork.wire.buildkit.vertices import first_start_ns, is_internal, read_label
from layerfork.wire.history.historybuild import LeftBehind, read_left_behind
from layerfork.wire.history.historyrecord import StoredProgress, as_utc, read_json_progress
from layerfork.wire.printed.cilog import Log, Stream, read_streams
from layerfork.wire.printed.logs import PrintedBuild, read_classic_builds, read_podman_builds
from layerfork.wire.printed.plainprogress import (
    GIT_SOURCE,
    PrintedProgress,
    PrintedVertex,
    commit_of,
    image_of,
    read_builds,
)

RAW = "BuildKit progress (rawjson)"
PLAIN = "BuildKit log (plain)"
CLASSIC = "log of the classic builder"
BUILDAH = "log of podman or buildah"

_SECOND_NS = 1_000_000_000
_DEFINITION = "load build definition from "
_EXPORT = "exporting "
_IGNORED_ERRORS = ("importing cache", "[auth]")
"""Vertices whose errors end no build."""


def import_log(log: Log, importer: Importer, was_cut: Callable[[], bool]) -> tuple[BuildRecord, ...]:
    """The builds that a log shows, in its order; none when it shows none.

    ``was_cut`` says, when the log was read, whether its end is missing.
    """
    streams = read_streams(log)
    cut = importer.cut or was_cut()
    return tuple(
        record if _fetches_its_context(record) else replace(record, commits=stream.commits)
        for stream in streams
        for record in _stream(stream, replace(importer, cut=cut or stream.cut))
    )


def _fetches_its_context(record: BuildRecord) -> bool:
    """Whether BuildKit fetched the context from git: then it is not what the job checked out."""
    return any(GIT_SOURCE in vertex.name for vertex in record.vertices)


def _stream(stream: Stream, importer: Importer) -> Iterator[BuildRecord]:
    progress = StoredProgress()
    rest = read_json_progress(stream.lines, progress)
    if progress.vertices:
        yield _raw(progress, read_builds(rest), importer)
        return
    for plain in read_builds(rest):
        yield _plain(plain, stream.began, importer)
    times = _seconds_of(stream.times) if len(rest) == len(stream.times) else ()
    for builder, form, builds in (
        (Builder.CLASSIC, CLASSIC, read_classic_builds(rest, times)),
        (Builder.BUILDAH, BUILDAH, read_podman_builds(rest, times)),
    ):
        for printed in builds:
            yield _printed(printed, builder, form, stream.began, importer)


def _seconds_of(times: Sequence[str]) -> Sequence[float]:
    """Seconds since 1970 of each line; one without a time has that of the line before. Empty where no line
    has one."""
    known = [_at(time) for time in times]
    last = next(filter(None, known), None)
    found: list[float] = []
    for at in known if last is not None else ():
        last = last if at is None else at
        found.append(last or 0.0)
    return found


def _at(time: str) -> float | None:
    try:
        return datetime.fromisoformat(time).timestamp() if time else None
    except (ValueError, OverflowError):
        return None


def _raw(progress: StoredProgress, said: tuple[PrintedProgress, ...], importer: Importer) -> BuildRecord:
    """``said`` is what the client printed beside the lines of JSON."""
    zero = first_start_ns(progress.vertices.values())
    draft = importer.draft(RAW, Builder.BUILDKIT, as_utc(zero / _SECOND_NS) if zero is not None else "")
    image_id = next(filter(None, map(image_of, reversed(progress.said))), "")
    error = next((each.error for each in said if each.error), "")
    return _of_progress(draft, progress.vertices, image_id, error, importer)


def _plain(printed: PrintedProgress, began: str, importer: Importer) -> BuildRecord:
    states = {vertex.digest or f"#{vertex.number}": _state(vertex) for vertex in printed.vertices.values()}
    draft = importer.draft(PLAIN, Builder.BUILDKIT, began)
    record = _of_progress(draft, states, printed.image_id, printed.error, importer)
    gaps = ((BEGINS_LATE, printed.begins_late), (SHARED, printed.shared))
    fetched = tuple(vertex.commit for vertex in printed.vertices.values() if vertex.commit)
    return replace(
        record,
        commits=record.commits or fetched,
        gaps=(*record.gaps, *(gap for gap, holds in gaps if holds)),
    )


def _state(vertex: PrintedVertex) -> VertexState:
    """The vertex as a status message would have left it; times are as long as was printed, from 0 on."""
    ended = vertex.ended in ("done", "cached", "error")
    return VertexState(
        vertex.digest or f"#{vertex.number}",
        name=vertex.name,
        started_ns=0,
        completed_ns=round((vertex.seconds or 0) * _SECOND_NS) if ended else None,
        cached=vertex.ended == "cached",
        error=vertex.error,
        work={
            name: WorkState(
                runs={} if each.seconds is None else {0: round(each.seconds * _SECOND_NS)},
                current=each.current,
                total=each.total,
            )
            for name, each in vertex.work.items()
        },
    )


def _of_progress(
    draft: BuildRecord, states: dict[str, VertexState], image_id: str, error: str, importer: Importer
) -> BuildRecord:
    name = _dockerfile_name(states)
    attrs = {"filename": name} if name else {}
    left = LeftBehind(attrs=attrs, vertices=states, timed=draft.imported_from == RAW)
    parts = read_left_behind(left, importer.redactor)
    result = _result(states, image_id, error)
    result = replace(result, error=importer.redactor.clean(result.error))
    gaps = [NO_REQUEST]
    if result.outcome is BuildOutcome.UNKNOWN:
        gaps.append(NO_RESULT)
    if importer.cut:
        gaps.append(CUT)
    request = RecordedRequest(dockerfile_name=name)
    commits = tuple(filter(None, (commit_of(state.name) for state in states.values())))
    found = with_parts(draft, replace(parts, request=request), *gaps)
    return replace(found, result=result, commits=commits)


def _dockerfile_name(states: dict[str, VertexState]) -> str:
    """As the frontend named it when it loaded it; empty when it did not."""
    names = (state.name for state in states.values() if is_internal(state.name))
    return next((name.partition(_DEFINITION)[2] for name in names if _DEFINITION in name), "")


def _result(states: dict[str, VertexState], image_id: str, error: str) -> BuildResult:
    """How the build ended, by what the client said, by the step that failed, by what was exported."""
    failed = [
        state
        for state in states.values()
        if state.error
        and not state.name.startswith(_IGNORED_ERRORS)
        and "context canceled" not in state.error
    ]
    if error or failed:
        began = any(state.started_ns is not None and read_label(state.name) for state in states.values())
        return BuildResult(
            outcome=BuildOutcome.FAILED if began else BuildOutcome.REFUSED,
            error=error or failed[-1].error,
        )
    exports = [state for state in states.values() if state.name.startswith(_EXPORT)]
    if exports and all(state.completed_ns is not None for state in exports):
        return BuildResult(outcome=BuildOutcome.SUCCEEDED, image_id=image_id)
    return BuildResult(outcome=BuildOutcome.UNKNOWN)


def _printed(
    printed: PrintedBuild, builder: Builder, form: str, began: str, importer: Importer
) -> BuildRecord:
    draft = importer.draft(form, builder, began)
    clean = importer.redactor.clean
    gaps = [NO_CONTEXT, NO_REQUEST]
    outcome = BuildOutcome.UNKNOWN
    if printed.image_id:
        outcome = BuildOutcome.SUCCEEDED
    elif printed.error:
        outcome = BuildOutcome.FAILED
    else:
        gaps.append(NO_RESULT)
    if importer.cut:
        gaps.append(CUT)
    return replace(
        draft,
        steps=tuple(
            replace(step, instruction=clean(step.instruction), error=clean(step.error))
            for step in printed.steps
        ),
        result=BuildResult(outcome=outcome, image_id=printed.image_id, error=clean(printed.error)),
        gaps=(*draft.gaps, *gaps),
    )
