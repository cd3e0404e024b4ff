"""BuildKit's definition of a build, from the bytes of its ops.

Source: moby/buildkit solver/pb/ops.proto @ 73ed6825c; the digest of a vertex is the SHA-256 of its op
(client/llb/marshal.go, solver/llbsolver/vertex.go), v0.8 and later.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from types import MappingProxyType

from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet

from layerfork.record.context import Digest
from layerfork.record.llb import Definition, ExecMount, ExecOp, FileAction, LLBInput, LLBOp, SourceOp
from layerfork.record.record import Gap
from layerfork.wire.buildkit import ops_pb2 as pb
from layerfork.wire.buildkit.fields import pairs, text, texts
from layerfork.wire.buildkit.sourcemap import read_lines
from layerfork.wire.redact import Redactor

# The RUN of a definition.
#
# Source: moby/buildkit solver/pb/ops.proto (ExecOp, Meta, Mount) @ 73ed6825c.

_NETWORKS = ("sandbox", "host", "none")
_SECURITY = ("sandbox", "insecure")
_MOUNTS = ("bind", "secret", "ssh", "cache", "tmpfs")
_SHARING = ("shared", "private", "locked")


def read_exec(op: pb.ExecOp, redactor: Redactor) -> ExecOp:
    """A RUN, secrets in its arguments and variables hidden."""
    meta = op.meta
    return ExecOp(
        args=redactor.words(texts(meta.args)),
        env=tuple(_hide_variable(each, redactor) for each in texts(meta.env)),
        cwd=text(meta.cwd),
        user=text(meta.user),
        hostname=text(meta.hostname),
        extra_hosts=tuple((text(each.host), text(each.ip)) for each in meta.extra_hosts),
        ulimits=tuple(f"{text(each.name)}={each.soft}:{each.hard}" for each in meta.ulimit),
        cgroup_parent=text(meta.cgroup_parent),
        network=_named(_NETWORKS, op.network),
        security=_named(_SECURITY, op.security),
        secret_env=tuple((text(each.id), text(each.name)) for each in op.secretenv),
        optional_secret_env=tuple(text(each.name) for each in op.secretenv if each.optional),
        mounts=tuple(map(_read_mount, op.mounts)),
        valid_exit_codes=tuple(meta.valid_exit_codes),
        remove_mount_stubs_recursive=meta.remove_mount_stubs_recursive,
        proxy_env=meta.HasField("proxy_env"),
    )


def _hide_variable(variable: str, redactor: Redactor) -> str:
    name, equals, value = variable.partition("=")
    return f"{name}={redactor.hide(name, value)}" if equals else redactor.clean(variable)


def _read_mount(mount: pb.Mount) -> ExecMount:
    secret = mount.ssh if mount.HasField("ssh") else mount.secret
    has_cache = mount.HasField("cache")
    return ExecMount(
        type=_named(_MOUNTS, mount.mount_type),
        dest=text(mount.dest),
        input=mount.input,
        output=mount.output,
        selector=text(mount.selector),
        readonly=mount.readonly,
        cache_id=text(mount.cache.id),
        cache_sharing=_named(_SHARING, mount.cache.sharing) if has_cache else "",
        secret_id=text(secret.id),
        secret_mode=secret.mode,
        secret_uid=secret.uid,
        secret_gid=secret.gid,
        optional=secret.optional,
        tmpfs_size=mount.tmpfs.size,
    )


def _named(names: tuple[str, ...], number: int) -> str:
    """The name of an enum's value, or the number where a newer BuildKit has more of them."""
    return names[number] if 0 <= number < len(names) else str(number)


# The file actions of a definition: what COPY, ADD, WORKDIR and heredocs become.
#
# Source: moby/buildkit solver/pb/ops.proto (FileAction) @ 73ed6825c.


def read_action(action: pb.FileAction, redactor: Redactor) -> FileAction:
    """One action; the data of a file that it makes is digested, not kept."""
    kind = action.WhichOneof("action") or ""
    read = FileAction(
        kind=kind,
        input=action.input,
        secondary_input=action.secondary_input,
        output=action.output,
    )
    fill = _FILL.get(kind)
    return read if fill is None else fill(read, action, redactor)


def _copy(read: FileAction, action: pb.FileAction, redactor: Redactor) -> FileAction:
    copy = action.copy
    return replace(
        read,
        src=redactor.clean(text(copy.src)),
        dest=redactor.clean(text(copy.dest)),
        owner=_owner(copy),
        mode=copy.mode,
        mode_str=text(copy.mode_str),
        follow_symlink=copy.follow_symlink,
        dir_copy_contents=copy.dir_copy_contents,
        attempt_unpack=copy.attempt_unpack,
        create_dest_path=copy.create_dest_path,
        allow_wildcard=copy.allow_wildcard,
        allow_empty_wildcard=copy.allow_empty_wildcard,
        include_patterns=texts(copy.include_patterns),
        exclude_patterns=texts(copy.exclude_patterns),
        required_paths=texts(copy.required_paths),
        always_replace=copy.always_replace,
        timestamp=copy.timestamp,
    )


def _mkfile(read: FileAction, action: pb.FileAction, redactor: Redactor) -> FileAction:
    made = action.mkfile
    return replace(
        read,
        dest=redactor.clean(text(made.path)),
        owner=_owner(made),
        mode=made.mode,
        timestamp=made.timestamp,
        data=_data_digest(made.data, redactor),
        data_size=len(made.data),
    )


def _data_digest(data: bytes, redactor: Redactor) -> Digest:
    """The data's own digest; a keyed one if they hold a secret, which their own digest would let guess."""
    digest = Digest("sha256:" + sha256(data).hexdigest())
    shown = data.decode("utf-8", "replace")
    return digest if redactor.clean(shown) == shown else redactor.keyed_digest(digest)


def _mkdir(read: FileAction, action: pb.FileAction, redactor: Redactor) -> FileAction:
    made = action.mkdir
    return replace(
        read,
        dest=redactor.clean(text(made.path)),
        owner=_owner(made),
        mode=made.mode,
        timestamp=made.timestamp,
        make_parents=made.make_parents,
    )


def _symlink(read: FileAction, action: pb.FileAction, redactor: Redactor) -> FileAction:
    made = action.symlink
    return replace(
        read,
        src=redactor.clean(text(made.oldpath)),
        dest=redactor.clean(text(made.newpath)),
        owner=_owner(made),
        timestamp=made.timestamp,
    )


def _rm(read: FileAction, action: pb.FileAction, redactor: Redactor) -> FileAction:
    dest = redactor.clean(text(action.rm.path))
    return replace(read, dest=dest, allow_wildcard=action.rm.allow_wildcard)


_FILL: dict[str, Callable[[FileAction, pb.FileAction, Redactor], FileAction]] = {
    "copy": _copy,
    "mkfile": _mkfile,
    "mkdir": _mkdir,
    "symlink": _symlink,
    "rm": _rm,
}
"""What reads the fields of each kind of action."""

_Owned = pb.FileActionCopy | pb.FileActionMkFile | pb.FileActionMkDir | pb.FileActionSymlink


def _owner(action: _Owned) -> str:
    """``uid:gid``; a name is followed by ``@`` and the input that holds its passwd or group file."""
    if not action.HasField("owner"):
        return ""
    owner = action.owner
    user = _user(owner.user) if owner.HasField("user") else ""
    group = _user(owner.group) if owner.HasField("group") else ""
    return f"{user}:{group}"


def _user(user: pb.UserOpt) -> str:
    if user.WhichOneof("user") == "by_name":
        return f"{text(user.by_name.name)}@{user.by_name.input}"
    return str(user.by_id)


_HTTP_HEADER = "http.header."


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDefinition:
    """A definition and what could not be read of it."""

    definition: Definition
    gaps: tuple[Gap, ...]


def read_definition(
    parts: Iterable[pb.Definition],
    dockerfile_name: str,
    redactor: Redactor,
    renamed: Mapping[str, str] = MappingProxyType({}),
) -> ReadDefinition:
    """One graph from the definitions of one result: several when it has several platforms.

    ``renamed`` are digests that the engine knows ops by, where these are not those of their bytes.
    """
    ops: dict[str, LLBOp] = {}
    gaps: list[Gap] = []
    for part in parts:
        metadata = {text(entry.digest): entry.metadata for entry in part.metadata}
        lines = read_lines(part.source, dockerfile_name)
        for raw in part.ops:
            own = "sha256:" + sha256(raw).hexdigest()
            digest = renamed.get(own, own)
            if digest in ops:
                continue
            try:
                op = pb.Op.FromString(raw)
            except DecodeError:
                gaps.append(Gap(where=f"llb op {digest}", what="its bytes are not an op"))
                continue
            gaps.extend(_unknown(op, digest))
            for each in op.inputs if renamed else ():
                each.digest = renamed.get(text(each.digest), text(each.digest)).encode()
            ops[digest] = _read_op(op, digest, metadata.get(own), lines.get(own, ()), redactor)
    return ReadDefinition(definition=Definition(ops=_inputs_first(ops)), gaps=tuple(gaps))


def read_known_ops(
    ops: Mapping[str, pb.Op], source: pb.Source, dockerfile_name: str, redactor: Redactor
) -> ReadDefinition:
    """One graph from ops whose bytes are not at hand, by the digests that their builder gave them."""
    lines = read_lines(source, dockerfile_name)
    gaps = tuple(gap for digest, op in ops.items() for gap in _unknown(op, digest))
    read = {digest: _read_op(op, digest, None, lines.get(digest, ()), redactor) for digest, op in ops.items()}
    return ReadDefinition(definition=Definition(ops=_inputs_first(read)), gaps=gaps)


def _read_op(
    op: pb.Op, digest: str, metadata: pb.OpMetadata | None, lines: tuple[int, ...], redactor: Redactor
) -> LLBOp:
    which = op.WhichOneof("op")
    description = pairs(metadata.description) if metadata is not None else {}
    return LLBOp(
        digest=Digest(digest),
        kind=which or "return",
        inputs=tuple(LLBInput(digest=Digest(text(each.digest)), index=each.index) for each in op.inputs),
        exec=read_exec(op.exec, redactor) if which == "exec" else None,
        file=tuple(read_action(each, redactor) for each in op.file.actions) if which == "file" else None,
        source=_read_source(op.source, redactor) if which == "source" else None,
        platform=read_platform(op.platform) if op.HasField("platform") else "",
        constraints=texts(op.constraints.filter),
        description=tuple(sorted((key, redactor.clean(value)) for key, value in description.items())),
        ignore_cache=metadata is not None and metadata.ignore_cache,
        lines=lines,
    )


def _read_source(source: pb.SourceOp, redactor: Redactor) -> SourceOp:
    attrs = pairs(source.attrs)
    return SourceOp(
        identifier=redactor.clean(text(source.identifier)),
        attrs=tuple(
            sorted(
                (key, redactor.secret(value) if _is_credential(key) else redactor.clean(value))
                for key, value in attrs.items()
            )
        ),
    )


def _is_credential(attribute: str) -> bool:
    """A request header of an HTTP source, unless it is one of the two that say nothing secret."""
    header = attribute.lower().removeprefix(_HTTP_HEADER)
    return header != attribute.lower() and header not in {"accept", "user-agent"}


def read_platform(platform: pb.Platform) -> str:
    """``linux/arm64/v8``, as Docker's command line writes it."""
    return "/".join(filter(None, texts((platform.os, platform.architecture, platform.variant))))


def _unknown(op: pb.Op, digest: str) -> Iterable[Gap]:
    """A field that we do not know may be part of the key: the record must not look complete."""
    unknown = sorted(set(unknown_fields(op)))
    if unknown:
        yield Gap(where=f"llb op {digest}", what="unknown fields: " + ", ".join(unknown))


def unknown_fields(message: Message, path: str = "") -> Iterable[str]:
    """Where a message holds fields that its definition does not name: ``exec.meta.14``."""
    unknown = UnknownFieldSet(message)
    for position in range(len(unknown)):
        yield f"{path}{unknown[position].field_number}"
    for descriptor, value in message.ListFields():
        if descriptor.message_type is None:
            continue
        for each in value if descriptor.is_repeated else (value,):
            yield from unknown_fields(each, f"{path}{descriptor.name}.")


def _inputs_first(ops: dict[str, LLBOp]) -> tuple[LLBOp, ...]:
    """The order in which they were sent, unless an op comes before one of its inputs."""
    placed: dict[str, LLBOp] = {}
    for op in ops.values():
        _place(op, ops, placed)
    return tuple(placed.values())


def _place(op: LLBOp, ops: dict[str, LLBOp], placed: dict[str, LLBOp]) -> None:
    waiting = [op]
    on_the_way: set[str] = set()
    while waiting:
        current = waiting[-1]
        missing = [
            ops[each.digest]
            for each in current.inputs
            if each.digest in ops and each.digest not in placed and each.digest not in on_the_way
        ]
        if missing and current.digest not in placed:
            on_the_way.add(current.digest)
            waiting.append(missing[0])
            continue
        placed.setdefault(current.digest, current)
        waiting.pop()
