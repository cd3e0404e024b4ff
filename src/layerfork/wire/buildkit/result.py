"""How a BuildKit build ended.

Source: google.golang.org/grpc codes (1 is canceled); moby/buildkit exporter/containerimage/exptypes
@ 73ed6825c and moby/moby builder/builder-next/exporter @ v26.1.5 (names in the exporter's answer).
"""

from layerfork.record.record import BuildOutcome, BuildResult
from layerfork.wire.buildkit.observed import ObservedBuild
from layerfork.wire.redact import Redactor
from layerfork.wire.steps.names import read_label

_CANCELED = 1
_IMAGE_IDS = ("containerimage.digest", "containerimage.config.digest")
"""The engine's image id is the first that is there: a manifest's in a containerd store, else the config's."""
_SMALL = 300


def read_result(build: ObservedBuild, redactor: Redactor) -> BuildResult:
    """Outcome, the engine's own error message, and the exporter's answer."""
    answer = build.exporter_response
    return BuildResult(
        outcome=_outcome(build),
        image_id=next((answer[key] for key in _IMAGE_IDS if answer.get(key)), ""),
        error=redactor.clean(_error(build)),
        exporter=tuple(
            sorted((key, redactor.clean(value)) for key, value in answer.items() if len(value) <= _SMALL)
        ),
    )


def _outcome(build: ObservedBuild) -> BuildOutcome:
    status = build.status
    if status is None or status.code is None or status.code == _CANCELED:
        return BuildOutcome.CUT
    if status.code == 0:
        return BuildOutcome.SUCCEEDED
    began = any(
        state.started_ns is not None and read_label(state.name) is not None
        for state in build.vertices.values()
    )
    return BuildOutcome.FAILED if began else BuildOutcome.REFUSED


def _error(build: ObservedBuild) -> str:
    if build.status is None:
        return "the connection ended before the result"
    if build.status.code == 0:
        return ""
    return build.status.message or build.return_error
