from layerfork.wire.buildkit import ops_pb2 as _ops_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Timestamp(_message.Message):
    __slots__ = ("seconds", "nanos")
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    NANOS_FIELD_NUMBER: _ClassVar[int]
    seconds: int
    nanos: int
    def __init__(self, seconds: _Optional[int] = ..., nanos: _Optional[int] = ...) -> None: ...

class SolveRequest(_message.Message):
    __slots__ = ("ref", "definition", "exporter", "exporter_attrs", "session", "frontend", "frontend_attrs", "cache", "entitlements", "internal", "exporters")
    REF_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_FIELD_NUMBER: _ClassVar[int]
    EXPORTER_FIELD_NUMBER: _ClassVar[int]
    EXPORTER_ATTRS_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    FRONTEND_FIELD_NUMBER: _ClassVar[int]
    FRONTEND_ATTRS_FIELD_NUMBER: _ClassVar[int]
    CACHE_FIELD_NUMBER: _ClassVar[int]
    ENTITLEMENTS_FIELD_NUMBER: _ClassVar[int]
    INTERNAL_FIELD_NUMBER: _ClassVar[int]
    EXPORTERS_FIELD_NUMBER: _ClassVar[int]
    ref: bytes
    definition: _ops_pb2.Definition
    exporter: bytes
    exporter_attrs: _containers.RepeatedCompositeFieldContainer[_ops_pb2.Pair]
    session: bytes
    frontend: bytes
    frontend_attrs: _containers.RepeatedCompositeFieldContainer[_ops_pb2.Pair]
    cache: CacheOptions
    entitlements: _containers.RepeatedScalarFieldContainer[bytes]
    internal: bool
    exporters: _containers.RepeatedCompositeFieldContainer[Exporter]
    def __init__(self, ref: _Optional[bytes] = ..., definition: _Optional[_Union[_ops_pb2.Definition, _Mapping]] = ..., exporter: _Optional[bytes] = ..., exporter_attrs: _Optional[_Iterable[_Union[_ops_pb2.Pair, _Mapping]]] = ..., session: _Optional[bytes] = ..., frontend: _Optional[bytes] = ..., frontend_attrs: _Optional[_Iterable[_Union[_ops_pb2.Pair, _Mapping]]] = ..., cache: _Optional[_Union[CacheOptions, _Mapping]] = ..., entitlements: _Optional[_Iterable[bytes]] = ..., internal: bool = ..., exporters: _Optional[_Iterable[_Union[Exporter, _Mapping]]] = ...) -> None: ...

class CacheOptions(_message.Message):
    __slots__ = ("export_ref", "import_refs", "exports", "imports")
    EXPORT_REF_FIELD_NUMBER: _ClassVar[int]
    IMPORT_REFS_FIELD_NUMBER: _ClassVar[int]
    EXPORTS_FIELD_NUMBER: _ClassVar[int]
    IMPORTS_FIELD_NUMBER: _ClassVar[int]
    export_ref: bytes
    import_refs: _containers.RepeatedScalarFieldContainer[bytes]
    exports: _containers.RepeatedCompositeFieldContainer[CacheOptionsEntry]
    imports: _containers.RepeatedCompositeFieldContainer[CacheOptionsEntry]
    def __init__(self, export_ref: _Optional[bytes] = ..., import_refs: _Optional[_Iterable[bytes]] = ..., exports: _Optional[_Iterable[_Union[CacheOptionsEntry, _Mapping]]] = ..., imports: _Optional[_Iterable[_Union[CacheOptionsEntry, _Mapping]]] = ...) -> None: ...

class CacheOptionsEntry(_message.Message):
    __slots__ = ("type", "attrs")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    ATTRS_FIELD_NUMBER: _ClassVar[int]
    type: bytes
    attrs: _containers.RepeatedCompositeFieldContainer[_ops_pb2.Pair]
    def __init__(self, type: _Optional[bytes] = ..., attrs: _Optional[_Iterable[_Union[_ops_pb2.Pair, _Mapping]]] = ...) -> None: ...

class Exporter(_message.Message):
    __slots__ = ("type", "attrs")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    ATTRS_FIELD_NUMBER: _ClassVar[int]
    type: bytes
    attrs: _containers.RepeatedCompositeFieldContainer[_ops_pb2.Pair]
    def __init__(self, type: _Optional[bytes] = ..., attrs: _Optional[_Iterable[_Union[_ops_pb2.Pair, _Mapping]]] = ...) -> None: ...

class SolveResponse(_message.Message):
    __slots__ = ("exporter_response",)
    EXPORTER_RESPONSE_FIELD_NUMBER: _ClassVar[int]
    exporter_response: _containers.RepeatedCompositeFieldContainer[_ops_pb2.Pair]
    def __init__(self, exporter_response: _Optional[_Iterable[_Union[_ops_pb2.Pair, _Mapping]]] = ...) -> None: ...

class StatusRequest(_message.Message):
    __slots__ = ("ref",)
    REF_FIELD_NUMBER: _ClassVar[int]
    ref: bytes
    def __init__(self, ref: _Optional[bytes] = ...) -> None: ...

class StatusResponse(_message.Message):
    __slots__ = ("vertexes", "statuses")
    VERTEXES_FIELD_NUMBER: _ClassVar[int]
    STATUSES_FIELD_NUMBER: _ClassVar[int]
    vertexes: _containers.RepeatedCompositeFieldContainer[StatusVertex]
    statuses: _containers.RepeatedCompositeFieldContainer[VertexStatus]
    def __init__(self, vertexes: _Optional[_Iterable[_Union[StatusVertex, _Mapping]]] = ..., statuses: _Optional[_Iterable[_Union[VertexStatus, _Mapping]]] = ...) -> None: ...

class StatusVertex(_message.Message):
    __slots__ = ("digest", "inputs", "name", "cached", "started", "completed", "error")
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    CACHED_FIELD_NUMBER: _ClassVar[int]
    STARTED_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    digest: bytes
    inputs: _containers.RepeatedScalarFieldContainer[bytes]
    name: bytes
    cached: bool
    started: Timestamp
    completed: Timestamp
    error: bytes
    def __init__(self, digest: _Optional[bytes] = ..., inputs: _Optional[_Iterable[bytes]] = ..., name: _Optional[bytes] = ..., cached: bool = ..., started: _Optional[_Union[Timestamp, _Mapping]] = ..., completed: _Optional[_Union[Timestamp, _Mapping]] = ..., error: _Optional[bytes] = ...) -> None: ...

class VertexStatus(_message.Message):
    __slots__ = ("ID", "vertex", "current", "total", "timestamp", "started", "completed")
    ID_FIELD_NUMBER: _ClassVar[int]
    VERTEX_FIELD_NUMBER: _ClassVar[int]
    CURRENT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    STARTED_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_FIELD_NUMBER: _ClassVar[int]
    ID: bytes
    vertex: bytes
    current: int
    total: int
    timestamp: Timestamp
    started: Timestamp
    completed: Timestamp
    def __init__(self, ID: _Optional[bytes] = ..., vertex: _Optional[bytes] = ..., current: _Optional[int] = ..., total: _Optional[int] = ..., timestamp: _Optional[_Union[Timestamp, _Mapping]] = ..., started: _Optional[_Union[Timestamp, _Mapping]] = ..., completed: _Optional[_Union[Timestamp, _Mapping]] = ...) -> None: ...

class ListWorkersResponse(_message.Message):
    __slots__ = ("record",)
    RECORD_FIELD_NUMBER: _ClassVar[int]
    record: _containers.RepeatedCompositeFieldContainer[WorkerRecord]
    def __init__(self, record: _Optional[_Iterable[_Union[WorkerRecord, _Mapping]]] = ...) -> None: ...

class WorkerRecord(_message.Message):
    __slots__ = ("id", "labels", "platforms", "buildkit_version")
    ID_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    PLATFORMS_FIELD_NUMBER: _ClassVar[int]
    BUILDKIT_VERSION_FIELD_NUMBER: _ClassVar[int]
    id: bytes
    labels: _containers.RepeatedCompositeFieldContainer[_ops_pb2.Pair]
    platforms: _containers.RepeatedCompositeFieldContainer[_ops_pb2.Platform]
    buildkit_version: BuildkitVersion
    def __init__(self, id: _Optional[bytes] = ..., labels: _Optional[_Iterable[_Union[_ops_pb2.Pair, _Mapping]]] = ..., platforms: _Optional[_Iterable[_Union[_ops_pb2.Platform, _Mapping]]] = ..., buildkit_version: _Optional[_Union[BuildkitVersion, _Mapping]] = ...) -> None: ...

class BuildkitVersion(_message.Message):
    __slots__ = ("package", "version", "revision")
    PACKAGE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    package: bytes
    version: bytes
    revision: bytes
    def __init__(self, package: _Optional[bytes] = ..., version: _Optional[bytes] = ..., revision: _Optional[bytes] = ...) -> None: ...

class DiskUsageRequest(_message.Message):
    __slots__ = ("filter",)
    FILTER_FIELD_NUMBER: _ClassVar[int]
    filter: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, filter: _Optional[_Iterable[bytes]] = ...) -> None: ...

class DiskUsageResponse(_message.Message):
    __slots__ = ("record",)
    RECORD_FIELD_NUMBER: _ClassVar[int]
    record: _containers.RepeatedCompositeFieldContainer[UsageRecord]
    def __init__(self, record: _Optional[_Iterable[_Union[UsageRecord, _Mapping]]] = ...) -> None: ...

class UsageRecord(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: bytes
    def __init__(self, id: _Optional[bytes] = ...) -> None: ...

class PruneRequest(_message.Message):
    __slots__ = ("filter", "all")
    FILTER_FIELD_NUMBER: _ClassVar[int]
    ALL_FIELD_NUMBER: _ClassVar[int]
    filter: _containers.RepeatedScalarFieldContainer[bytes]
    all: bool
    def __init__(self, filter: _Optional[_Iterable[bytes]] = ..., all: bool = ...) -> None: ...

class BytesMessage(_message.Message):
    __slots__ = ("data",)
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    def __init__(self, data: _Optional[bytes] = ...) -> None: ...

class WriteContentResponse(_message.Message):
    __slots__ = ("action", "offset", "digest")
    ACTION_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    action: int
    offset: int
    digest: bytes
    def __init__(self, action: _Optional[int] = ..., offset: _Optional[int] = ..., digest: _Optional[bytes] = ...) -> None: ...

class BridgeSolveRequest(_message.Message):
    __slots__ = ("definition", "frontend", "frontend_opt", "allow_result_return", "allow_result_array_ref", "cache_imports", "frontend_inputs")
    DEFINITION_FIELD_NUMBER: _ClassVar[int]
    FRONTEND_FIELD_NUMBER: _ClassVar[int]
    FRONTEND_OPT_FIELD_NUMBER: _ClassVar[int]
    ALLOW_RESULT_RETURN_FIELD_NUMBER: _ClassVar[int]
    ALLOW_RESULT_ARRAY_REF_FIELD_NUMBER: _ClassVar[int]
    CACHE_IMPORTS_FIELD_NUMBER: _ClassVar[int]
    FRONTEND_INPUTS_FIELD_NUMBER: _ClassVar[int]
    definition: _ops_pb2.Definition
    frontend: bytes
    frontend_opt: _containers.RepeatedCompositeFieldContainer[_ops_pb2.Pair]
    allow_result_return: bool
    allow_result_array_ref: bool
    cache_imports: _containers.RepeatedCompositeFieldContainer[CacheOptionsEntry]
    frontend_inputs: _containers.RepeatedCompositeFieldContainer[InputEntry]
    def __init__(self, definition: _Optional[_Union[_ops_pb2.Definition, _Mapping]] = ..., frontend: _Optional[bytes] = ..., frontend_opt: _Optional[_Iterable[_Union[_ops_pb2.Pair, _Mapping]]] = ..., allow_result_return: bool = ..., allow_result_array_ref: bool = ..., cache_imports: _Optional[_Iterable[_Union[CacheOptionsEntry, _Mapping]]] = ..., frontend_inputs: _Optional[_Iterable[_Union[InputEntry, _Mapping]]] = ...) -> None: ...

class InputEntry(_message.Message):
    __slots__ = ("name", "definition")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_FIELD_NUMBER: _ClassVar[int]
    name: bytes
    definition: _ops_pb2.Definition
    def __init__(self, name: _Optional[bytes] = ..., definition: _Optional[_Union[_ops_pb2.Definition, _Mapping]] = ...) -> None: ...

class BridgeSolveResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: Result
    def __init__(self, result: _Optional[_Union[Result, _Mapping]] = ...) -> None: ...

class ReturnRequest(_message.Message):
    __slots__ = ("result", "error")
    RESULT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    result: Result
    error: RpcStatus
    def __init__(self, result: _Optional[_Union[Result, _Mapping]] = ..., error: _Optional[_Union[RpcStatus, _Mapping]] = ...) -> None: ...

class RpcStatus(_message.Message):
    __slots__ = ("code", "message")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    code: int
    message: bytes
    def __init__(self, code: _Optional[int] = ..., message: _Optional[bytes] = ...) -> None: ...

class Result(_message.Message):
    __slots__ = ("ref_deprecated", "refs_deprecated", "ref", "refs", "metadata")
    REF_DEPRECATED_FIELD_NUMBER: _ClassVar[int]
    REFS_DEPRECATED_FIELD_NUMBER: _ClassVar[int]
    REF_FIELD_NUMBER: _ClassVar[int]
    REFS_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    ref_deprecated: bytes
    refs_deprecated: Empty
    ref: Ref
    refs: RefMap
    metadata: _containers.RepeatedCompositeFieldContainer[_ops_pb2.Pair]
    def __init__(self, ref_deprecated: _Optional[bytes] = ..., refs_deprecated: _Optional[_Union[Empty, _Mapping]] = ..., ref: _Optional[_Union[Ref, _Mapping]] = ..., refs: _Optional[_Union[RefMap, _Mapping]] = ..., metadata: _Optional[_Iterable[_Union[_ops_pb2.Pair, _Mapping]]] = ...) -> None: ...

class Empty(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Ref(_message.Message):
    __slots__ = ("id", "definition")
    ID_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_FIELD_NUMBER: _ClassVar[int]
    id: bytes
    definition: _ops_pb2.Definition
    def __init__(self, id: _Optional[bytes] = ..., definition: _Optional[_Union[_ops_pb2.Definition, _Mapping]] = ...) -> None: ...

class RefMap(_message.Message):
    __slots__ = ("refs",)
    REFS_FIELD_NUMBER: _ClassVar[int]
    refs: _containers.RepeatedCompositeFieldContainer[RefEntry]
    def __init__(self, refs: _Optional[_Iterable[_Union[RefEntry, _Mapping]]] = ...) -> None: ...

class RefEntry(_message.Message):
    __slots__ = ("name", "ref")
    NAME_FIELD_NUMBER: _ClassVar[int]
    REF_FIELD_NUMBER: _ClassVar[int]
    name: bytes
    ref: Ref
    def __init__(self, name: _Optional[bytes] = ..., ref: _Optional[_Union[Ref, _Mapping]] = ...) -> None: ...

class GetSecretRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: bytes
    def __init__(self, id: _Optional[bytes] = ...) -> None: ...

class Packet(_message.Message):
    __slots__ = ("type", "stat", "id", "data")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    STAT_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    type: int
    stat: Stat
    id: int
    data: bytes
    def __init__(self, type: _Optional[int] = ..., stat: _Optional[_Union[Stat, _Mapping]] = ..., id: _Optional[int] = ..., data: _Optional[bytes] = ...) -> None: ...

class Stat(_message.Message):
    __slots__ = ("path", "mode", "uid", "gid", "size", "mod_time", "linkname", "devmajor", "devminor", "xattrs")
    PATH_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    UID_FIELD_NUMBER: _ClassVar[int]
    GID_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    MOD_TIME_FIELD_NUMBER: _ClassVar[int]
    LINKNAME_FIELD_NUMBER: _ClassVar[int]
    DEVMAJOR_FIELD_NUMBER: _ClassVar[int]
    DEVMINOR_FIELD_NUMBER: _ClassVar[int]
    XATTRS_FIELD_NUMBER: _ClassVar[int]
    path: bytes
    mode: int
    uid: int
    gid: int
    size: int
    mod_time: int
    linkname: bytes
    devmajor: int
    devminor: int
    xattrs: _containers.RepeatedCompositeFieldContainer[_ops_pb2.Pair]
    def __init__(self, path: _Optional[bytes] = ..., mode: _Optional[int] = ..., uid: _Optional[int] = ..., gid: _Optional[int] = ..., size: _Optional[int] = ..., mod_time: _Optional[int] = ..., linkname: _Optional[bytes] = ..., devmajor: _Optional[int] = ..., devminor: _Optional[int] = ..., xattrs: _Optional[_Iterable[_Union[_ops_pb2.Pair, _Mapping]]] = ...) -> None: ...

class BuildHistoryRequest(_message.Message):
    __slots__ = ("ref", "early_exit")
    REF_FIELD_NUMBER: _ClassVar[int]
    EARLY_EXIT_FIELD_NUMBER: _ClassVar[int]
    ref: bytes
    early_exit: bool
    def __init__(self, ref: _Optional[bytes] = ..., early_exit: bool = ...) -> None: ...

class BuildHistoryEvent(_message.Message):
    __slots__ = ("type", "record")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    type: int
    record: BuildHistoryRecord
    def __init__(self, type: _Optional[int] = ..., record: _Optional[_Union[BuildHistoryRecord, _Mapping]] = ...) -> None: ...

class BuildHistoryRecord(_message.Message):
    __slots__ = ("ref", "frontend", "frontend_attrs", "error", "created_at", "completed_at", "logs", "exporter_response", "result", "results")
    REF_FIELD_NUMBER: _ClassVar[int]
    FRONTEND_FIELD_NUMBER: _ClassVar[int]
    FRONTEND_ATTRS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_AT_FIELD_NUMBER: _ClassVar[int]
    LOGS_FIELD_NUMBER: _ClassVar[int]
    EXPORTER_RESPONSE_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    ref: bytes
    frontend: bytes
    frontend_attrs: _containers.RepeatedCompositeFieldContainer[_ops_pb2.Pair]
    error: RpcStatus
    created_at: Timestamp
    completed_at: Timestamp
    logs: ContentDescriptor
    exporter_response: _containers.RepeatedCompositeFieldContainer[_ops_pb2.Pair]
    result: BuildResultInfo
    results: _containers.RepeatedCompositeFieldContainer[PlatformResult]
    def __init__(self, ref: _Optional[bytes] = ..., frontend: _Optional[bytes] = ..., frontend_attrs: _Optional[_Iterable[_Union[_ops_pb2.Pair, _Mapping]]] = ..., error: _Optional[_Union[RpcStatus, _Mapping]] = ..., created_at: _Optional[_Union[Timestamp, _Mapping]] = ..., completed_at: _Optional[_Union[Timestamp, _Mapping]] = ..., logs: _Optional[_Union[ContentDescriptor, _Mapping]] = ..., exporter_response: _Optional[_Iterable[_Union[_ops_pb2.Pair, _Mapping]]] = ..., result: _Optional[_Union[BuildResultInfo, _Mapping]] = ..., results: _Optional[_Iterable[_Union[PlatformResult, _Mapping]]] = ...) -> None: ...

class PlatformResult(_message.Message):
    __slots__ = ("key", "value")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    key: bytes
    value: BuildResultInfo
    def __init__(self, key: _Optional[bytes] = ..., value: _Optional[_Union[BuildResultInfo, _Mapping]] = ...) -> None: ...

class BuildResultInfo(_message.Message):
    __slots__ = ("attestations", "results")
    ATTESTATIONS_FIELD_NUMBER: _ClassVar[int]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    attestations: _containers.RepeatedCompositeFieldContainer[ContentDescriptor]
    results: _containers.RepeatedCompositeFieldContainer[NumberedResult]
    def __init__(self, attestations: _Optional[_Iterable[_Union[ContentDescriptor, _Mapping]]] = ..., results: _Optional[_Iterable[_Union[NumberedResult, _Mapping]]] = ...) -> None: ...

class NumberedResult(_message.Message):
    __slots__ = ("key", "value")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    key: int
    value: ContentDescriptor
    def __init__(self, key: _Optional[int] = ..., value: _Optional[_Union[ContentDescriptor, _Mapping]] = ...) -> None: ...

class ContentDescriptor(_message.Message):
    __slots__ = ("media_type", "digest", "size")
    MEDIA_TYPE_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    media_type: bytes
    digest: bytes
    size: int
    def __init__(self, media_type: _Optional[bytes] = ..., digest: _Optional[bytes] = ..., size: _Optional[int] = ...) -> None: ...

class ReadContentRequest(_message.Message):
    __slots__ = ("digest", "offset", "size")
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    digest: bytes
    offset: int
    size: int
    def __init__(self, digest: _Optional[bytes] = ..., offset: _Optional[int] = ..., size: _Optional[int] = ...) -> None: ...

class ReadContentResponse(_message.Message):
    __slots__ = ("offset", "data")
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    offset: int
    data: bytes
    def __init__(self, offset: _Optional[int] = ..., data: _Optional[bytes] = ...) -> None: ...
