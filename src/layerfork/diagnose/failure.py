"""Builds that ended early, and caches that could not be imported."""

from collections.abc import Iterator

from layerfork.diagnose.compare.alignment import keyword
from layerfork.diagnose.compare.judgedbuilds import JudgedBuild
from layerfork.diagnose.compare.sharedcaches import failed_imports
from layerfork.record.answer import Caution
from layerfork.record.record import BuildOutcome, BuildRecord, StepRecord

_ENDED = {
    BuildOutcome.FAILED: "failed",
    BuildOutcome.REFUSED: "was refused",
    BuildOutcome.TIMED_OUT: "timed out",
    BuildOutcome.CUT: "was cut off",
}
LOADING = "load metadata for "
"""How BuildKit names the vertex that looks for a base image.
Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go (toDispatchState) @ v0.13.2."""


RESOLVING = "resolve image config for "
"""How BuildKit names the vertex that looks for the image of a ``# syntax=`` line; ``docker-image://`` follows
since 0.12.
Measured with Docker Engine 26.1.5."""
_NO_NAMES = "dial tcp: lookup "
"""Go asked for a name and got no answer. Source: golang/go src/net/net.go (OpError.Error, DNSError.Error)."""


def describe_failure(record: BuildRecord) -> str:
    """Where and why a build ended early, to follow ``the build``; empty for one that did not."""
    ended = _ENDED.get(record.result.outcome, "")
    if not ended:
        return ""
    if image := missing_image(record):
        where, error = f": the base image {image} is not available", _unreachable(record)
    elif image := missing_frontend(record):
        frontend = f"the frontend {image} of its `# syntax=` line"
        where, error = f": {frontend} is not available", _unreachable(record)
    elif (step := _failed_step(record)) is not None:
        where, error = f" at step {step.index}, {step.instruction}", step.error
    else:
        where, error = "", record.result.error
    lines = error.strip().splitlines()
    return f"{ended}{where}{f': {lines[0]}' if lines else ''}"


def _failed_step(record: BuildRecord) -> StepRecord | None:
    return next((step for step in record.steps if step.error), None)


def missing_frontend(record: BuildRecord) -> str:
    """The image of a ``# syntax=`` line that a build did not get; empty when that was not what ended it."""
    for vertex in record.vertices:
        if vertex.error and vertex.name.startswith(RESOLVING):
            return vertex.name.removeprefix(RESOLVING).removeprefix("docker-image://")
    return ""


def _unreachable(record: BuildRecord) -> str:
    """The error; for an engine of layerfork in plain words, because such engines have no network."""
    error = _error(record)
    ours = record.engine is not None and record.engine.ours
    return "the engine does not have it, and has no network" if ours and _NO_NAMES in error else error


def missing_image(record: BuildRecord) -> str:
    """The base image that a build did not get; empty when that was not what ended it."""
    for vertex in record.vertices:
        if vertex.error and LOADING in vertex.name:
            return vertex.name.rpartition(LOADING)[2]
    step = _failed_step(record)
    if step is None or keyword(step.instruction) != "FROM":
        return ""
    words = [word for word in step.instruction.split()[1:] if not word.startswith("--")]
    return words[0] if words else ""


def _error(record: BuildRecord) -> str:
    step = _failed_step(record)
    return record.result.error or (step.error if step is not None else "")


def writer_failed(writer: JudgedBuild) -> Iterator[Caution]:
    """The earlier build stored nothing after the step where it ended."""
    if failure := describe_failure(writer.record):
        yield Caution(
            code="writer-failed",
            client=writer.client,
            text=f"{writer.client} {failure}; it stored nothing after that",
        )


def failed_import_cautions(reader: JudgedBuild) -> Iterator[Caution]:
    """Caches that were asked for and could not be imported: the build goes on without them."""
    for said in failed_imports(reader.record):
        yield Caution(
            code="cache-import-failed",
            client=reader.client,
            text=f"{reader.client} could not import a cache that it asked for: {said}",
        )
