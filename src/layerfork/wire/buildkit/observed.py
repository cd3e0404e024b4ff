"""What was seen of sessions and builds so far: plain facts, collected while bytes pass."""

from dataclasses import dataclass, field

from layerfork.record.record import Gap
from layerfork.wire.buildkit import control_pb2 as control
from layerfork.wire.buildkit import ops_pb2 as ops
from layerfork.wire.buildkit.fields import pairs, text
from layerfork.wire.http.grpc import CallStatus
from layerfork.wire.proxy.tap import Headers
from layerfork.wire.tar.tarstream import TarDecoder

MAX_VERTICES = 200_000
"""A build of more vertices is recorded up to here."""
MAX_VERTEX_BYTES = 256 << 20
"""So is one whose vertices have longer names, inputs, errors and statuses in all."""


@dataclass(slots=True)
class ObservedSync:
    """One directory transfer of a session (FileSync/DiffCopy)."""

    name: str
    """Which of the client's directories: ``context``, ``dockerfile`` or a named one."""
    excludes: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()
    followed: tuple[str, ...] = ()
    stats: list[bytes] = field(default_factory=list)
    """Every stat message, encoded, in order: the position is the id by which content is asked for."""
    digests: dict[int, bytes] = field(default_factory=dict)
    """SHA-256 of the contents that arrived whole."""
    cut: set[int] = field(default_factory=set)
    """Files whose content started and did not end."""
    kept: dict[int, bytes] = field(default_factory=dict)
    """Contents of files that hold a build definition; only of the ``dockerfile`` directory."""
    sent_bytes: int = 0
    listed: bool = False
    """The last stat was seen: the list is whole."""
    error: str = ""
    ended: bool = False


@dataclass(slots=True)
class ObservedUpload:
    """One stream that the client uploads through its session (Upload/Pull): a context as a tar."""

    path: str
    tar: TarDecoder
    compression: str = "identity"
    sent_bytes: int = 0
    complete: bool = False
    gaps: list[Gap] = field(default_factory=list)


@dataclass(slots=True)
class ObservedConnection:
    """One connection, or one session tunnelled through a call."""

    where: str
    headers: Headers = ()
    """Headers of the request that was upgraded."""
    gaps: list[Gap] = field(default_factory=list)
    worker: str = ""
    """Id of the worker that ListWorkers named on this connection."""
    buildkit_version: str = ""
    platform: str = ""
    """``os/architecture`` that it builds for unless asked otherwise."""


@dataclass(slots=True)
class ObservedSession:
    """A client's session, over which the engine asks for files, uploads and secrets."""

    id: str
    connection: ObservedConnection
    syncs: list[ObservedSync] = field(default_factory=list)
    uploads: dict[str, ObservedUpload] = field(default_factory=dict)
    guarded: dict[str, int] = field(default_factory=dict)
    """Calls that carry credentials: how often, by method. Nothing else of them is kept."""
    secret_ids: set[str] = field(default_factory=set)
    written: dict[str, int] = field(default_factory=dict)
    """Size of each blob that the engine wrote to a store of the client's, by its digest."""
    tarballs: list[int] = field(default_factory=list)
    """Size of each file that the engine sent to the client in one stream, such as an image to load."""
    kept_bytes: int = 0
    """About what its transfers of directories take in memory."""
    open: bool = True
    """Its connection is still there."""

    @property
    def carried_anything(self) -> bool:
        """False for sessions with which clients ask what an engine can do."""
        carried = (self.syncs, self.uploads, self.guarded, self.written, self.tarballs)
        return any(carried) or bool(self.connection.gaps)


@dataclass(slots=True)
class WorkState:
    """A status of a vertex as it was reported. Times are nanoseconds."""

    runs: dict[int, int] = field(default_factory=dict)
    """When each run began, and when it completed or was reported last: a layer may be written twice."""
    open_ns: int | None = None
    """When the run began that was reported last and not as completed."""
    current: int = 0
    total: int = 0


@dataclass(slots=True)
class VertexState:
    """A vertex as the last status that said something about it left it. Times are nanoseconds."""

    digest: str
    name: str = ""
    inputs: tuple[str, ...] = ()
    started_ns: int | None = None
    completed_ns: int | None = None
    cached: bool = False
    error: str = ""
    work: dict[str, WorkState] = field(default_factory=dict)
    """By the status's id."""


@dataclass(slots=True)
class ObservedBuild:
    """One build, by its reference."""

    ref: str
    connection: ObservedConnection | None = None
    started_at: float = 0.0
    """Clock of the recorder when the request arrived."""
    ended_at: float | None = None
    request: control.SolveRequest | None = None
    request_bytes: int = 0
    """Size of every request with this reference."""
    bridge_requests: list[control.BridgeSolveRequest] = field(default_factory=list)
    bridge_definitions: dict[str, ops.Definition] = field(default_factory=dict)
    """What the frontend returned to the client last, by platform; by ``""`` when it named none."""
    returned: dict[str, ops.Definition] | None = None
    """What the client returned as the build's result; same keys."""
    return_error: str = ""
    exporter_response: dict[str, str] = field(default_factory=dict)
    status: CallStatus | None = None
    vertices: dict[str, VertexState] = field(default_factory=dict)
    vertex_bytes: int = 0
    """Size of the messages that said something new about them."""
    followers: int = 0
    """Status streams that are open."""
    sessions: dict[str, ObservedSession] = field(default_factory=dict)
    """All sessions of the time when the build ended; definitions name theirs."""

    @property
    def session_id(self) -> str:
        return text(self.request.session) if self.request is not None else ""

    @property
    def attrs(self) -> dict[str, str]:
        """The frontend's attributes: those of the solve, then of what the client asked the frontend for."""
        attrs = pairs(self.request.frontend_attrs) if self.request is not None else {}
        for asked in self.bridge_requests:
            if asked.frontend:
                attrs.update(pairs(asked.frontend_opt))
        return attrs

    @property
    def dockerfile_name(self) -> str:
        return self.attrs.get("filename") or "Dockerfile"

    @property
    def is_build(self) -> bool:
        """False for the empty solves with which clients ask what an engine can do, and for questions
        to a frontend (``--check``, ``--call outline``), which build nothing."""
        if "requestid" in self.attrs:
            return False
        asked = self.request is not None and bool(
            self.request.frontend or self.request.frontend_attrs or self.request.HasField("definition")
        )
        return asked or bool(self.bridge_requests or self.returned or self.vertices)
