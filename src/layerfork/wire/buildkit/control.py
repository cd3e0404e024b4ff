"""Follows the calls of BuildKit's control service and of the frontend bridge.

Source: moby/buildkit api/services/control/control.proto, frontend/gateway/pb/gateway.proto,
frontend/gateway/forwarder and client/solve.go (the build id in the metadata) @ 73ed6825c.
"""

from collections.abc import Callable, Iterable

from layerfork.wire.buildkit import control_pb2 as control
from layerfork.wire.buildkit import ops_pb2 as ops
from layerfork.wire.buildkit.fields import text
from layerfork.wire.buildkit.observed import (
    MAX_VERTEX_BYTES,
    MAX_VERTICES,
    ObservedBuild,
    ObservedConnection,
)
from layerfork.wire.buildkit.vertices import follow
from layerfork.wire.http.grpc import CallStatus
from layerfork.wire.proxy.tap import Bytes

BUILD_ID = "buildkit-controlapi-buildid"
"""Metadata key by which a bridge call names its build."""

_MAX_BRIDGE_SOLVES = 1000
_UNKNOWN_VERSION = "v0.0.0"
"""What a BuildKit says that was built into another program: ``v0.0.0+unknown-moby``.
Source: moby/buildkit version/version.go @ 73ed6825c."""

BuildByRef = Callable[[str], ObservedBuild]
AskedBuild = Callable[[str, int], ObservedBuild]
"""The build of a request, and how many bytes of it will be kept."""


class StatusError(Exception):
    """The rest of a status is not looked at."""


class SolveFollower:
    """Control/Solve: what was asked for, and the exporter's answer at the end."""

    def __init__(
        self, builds: AskedBuild, connection: ObservedConnection, clock: Callable[[], float]
    ) -> None:
        self._builds = builds
        self._connection = connection
        self._clock = clock
        self._build: ObservedBuild | None = None

    def request(self, message: Bytes) -> None:
        request = control.SolveRequest.FromString(bytes(message))
        build = self._build = self._builds(text(request.ref), len(message))
        build.request = request
        build.connection = self._connection
        build.started_at = self._clock()

    def response(self, message: Bytes) -> None:
        if self._build is not None:
            answer = control.SolveResponse.FromString(bytes(message))
            self._build.exporter_response = {
                text(each.key): text(each.value) for each in answer.exporter_response
            }

    def ended(self, status: CallStatus) -> None:
        if self._build is not None:
            self._build.status = status
            self._build.ended_at = self._clock()


class StatusFollower:
    """Control/Status: the stream of vertices."""

    def __init__(self, builds: BuildByRef) -> None:
        self._builds = builds
        self._build: ObservedBuild | None = None

    def request(self, message: Bytes) -> None:
        self._build = self._builds(text(control.StatusRequest.FromString(bytes(message)).ref))
        self._build.followers += 1

    def response(self, message: Bytes) -> None:
        if self._build is not None:
            try:
                self._follow(self._build, control.StatusResponse.FromString(bytes(message)))
            except Exception:  # nothing more comes here, not even the end: the build does not wait for it
                self._leave()
                raise

    def ended(self, status: CallStatus) -> None:
        self._leave()

    def _follow(self, build: ObservedBuild, status: control.StatusResponse) -> None:
        build.vertex_bytes += sum(seen.ByteSize() for seen in status.vertexes)
        if len(build.vertices) >= MAX_VERTICES or build.vertex_bytes > MAX_VERTEX_BYTES:
            raise StatusError("it has more vertices than the limit")
        build.vertex_bytes += follow(build.vertices, status)

    def _leave(self) -> None:
        if self._build is not None:
            self._build.followers -= 1
            self._build = None


class BridgeSolveFollower:
    """LLBBridge/Solve: what the client asks a frontend for, and the definition it gets."""

    def __init__(self, build: ObservedBuild) -> None:
        self._build = build
        self._by_frontend = False

    def request(self, message: Bytes) -> None:
        request = control.BridgeSolveRequest.FromString(bytes(message))
        self._by_frontend = bool(request.frontend)
        request.ClearField("definition")  # only what a frontend is asked tells the build apart
        request.ClearField("frontend_inputs")
        if len(self._build.bridge_requests) < _MAX_BRIDGE_SOLVES:
            self._build.bridge_requests.append(request)

    def response(self, message: Bytes) -> None:
        definitions = result_definitions(control.BridgeSolveResponse.FromString(bytes(message)).result)
        if definitions and (self._by_frontend or not self._build.bridge_definitions):
            self._build.bridge_definitions = definitions

    def ended(self, status: CallStatus) -> None:
        """An error shows again in the end of the build."""


class ReturnFollower:
    """LLBBridge/Return: the definition that the client hands back as the build's result."""

    def __init__(self, build: ObservedBuild) -> None:
        self._build = build

    def request(self, message: Bytes) -> None:
        request = control.ReturnRequest.FromString(bytes(message))
        self._build.returned = result_definitions(request.result)
        self._build.return_error = text(request.error.message)

    def response(self, message: Bytes) -> None:
        """Empty."""

    def ended(self, status: CallStatus) -> None:
        """The build's end is that of its solve."""


class WorkersFollower:
    """Control/ListWorkers: which builder answers on this connection."""

    def __init__(self, connection: ObservedConnection) -> None:
        self._connection = connection

    def request(self, message: Bytes) -> None:
        """Only a filter."""

    def response(self, message: Bytes) -> None:
        for worker in control.ListWorkersResponse.FromString(bytes(message)).record[:1]:
            self._connection.worker = text(worker.id)
            version = text(worker.buildkit_version.version)
            self._connection.buildkit_version = "" if version.startswith(_UNKNOWN_VERSION) else version
            for platform in worker.platforms[:1]:
                self._connection.platform = f"{text(platform.os)}/{text(platform.architecture)}"

    def ended(self, status: CallStatus) -> None:
        """Nothing to do."""


def result_definitions(result: control.Result) -> dict[str, ops.Definition]:
    """The definitions of a result by platform, by ``""`` when it has but one; attestations have their own
    and are left out.

    Source: moby/buildkit frontend/dockerui/build.go:Build @ v0.13.2 and v0.25.2.
    """
    refs: Iterable[tuple[str, control.Ref]] = ()
    if result.WhichOneof("result") == "ref":
        refs = (("", result.ref),)
    elif result.WhichOneof("result") == "refs":
        refs = ((text(entry.name), entry.ref) for entry in result.refs.refs)
    return {platform: ref.definition for platform, ref in refs if ref.definition.ops}
