"""Steps and outcome of a posted build."""

from layerfork.record.build import Builder
from layerfork.record.record import BuildOutcome, BuildResult, StepRecord, StepStatus
from layerfork.record.versions import Version, parse_version
from layerfork.wire.posted.observed import PostedBuild
from layerfork.wire.printed.printed import PrintedStep, in_dockerfile_order
from layerfork.wire.redact import Redactor


def builder_of(build: PostedBuild) -> Builder:
    """Podman's service says who it is. Source: containers/podman pkg/api/server/handler_api.go @ v5.4.2."""
    server = next((value for name, value in build.answer_headers if name.lower() == "server"), "")
    if server.startswith("Libpod/") or "/libpod/" in build.request.path:
        return Builder.BUILDAH
    return Builder.BUILDKIT if build.is_buildkit else Builder.CLASSIC


def podman_version_of(build: PostedBuild) -> Version | None:
    """Version of podman's service, as it calls itself: ``Libpod/5.4.2 (linux)``."""
    server = next((value for name, value in build.answer_headers if name.lower() == "server"), "")
    return parse_version(server) if server.startswith("Libpod/") else None


def read_steps(build: PostedBuild, redactor: Redactor) -> tuple[StepRecord, ...]:
    """The steps that were printed, stage by stage. The one at which a build failed has the error."""
    printed = build.answer.log.steps
    error = redactor.clean(build.answer.error) if outcome_of(build) is BuildOutcome.FAILED else ""
    return tuple(
        _step(index, step, build, redactor, error if step is printed[-1] else "")
        for index, step in enumerate(in_dockerfile_order(printed), 1)
    )


def read_result(build: PostedBuild, redactor: Redactor) -> BuildResult:
    """Outcome, image id (full when the engine named it so) and the builder's own error message."""
    outcome = outcome_of(build)
    named = build.answer.image_ids
    image_id = named[-1] if named else build.answer.log.image_id
    error = build.answer.error
    if outcome is BuildOutcome.CUT and not error:
        error = "the connection ended before the result"
    return BuildResult(
        outcome=outcome,
        image_id=image_id if outcome is BuildOutcome.SUCCEEDED else "",
        error=redactor.clean(error),
    )


def outcome_of(build: PostedBuild) -> BuildOutcome:
    """How the build ended, by its answer alone."""
    answer = build.answer
    began = bool(answer.log.steps or answer.traces)
    if answer.error or build.status >= 300:
        return BuildOutcome.FAILED if began and build.status < 300 else BuildOutcome.REFUSED
    succeeded = bool(answer.log.image_id)
    if not answer.log.steps or builder_of(build) is Builder.BUILDAH:
        succeeded = bool(answer.image_ids)  # podman's own clients get no other word of success
    if build.answer_whole and (succeeded or build.is_buildkit):
        return BuildOutcome.SUCCEEDED
    return BuildOutcome.CUT


def _step(index: int, step: PrintedStep, build: PostedBuild, redactor: Redactor, error: str) -> StepRecord:
    failed_while_running = error and step.status is StepStatus.UNKNOWN
    return StepRecord(
        index=index,
        stage=step.stage,
        stage_name=step.stage_name,
        instruction=redactor.clean(step.instruction),
        status=StepStatus.MISS if failed_while_running else step.status,
        identity=step.identity,
        started_s=round(step.started_at - build.started_at, 6),
        seconds=round(step.ended_at - step.started_at, 6) if step.ended_at is not None else None,
        error=error,
    )
