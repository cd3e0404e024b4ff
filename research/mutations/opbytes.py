"""An operation as the bytes that BuildKit gives a digest to.

Source: moby/buildkit solver/pb/ops.proto @ 73ed6825c. Fields stand in the order of their numbers; since 0.17,
which left gogo's protobuf for Google's, what an operation does comes last.
"""

from collections.abc import Mapping
from hashlib import sha256

from layerfork.record.engine import Release
from layerfork.record.llb import ExecMount, ExecOp, FileAction, LLBOp
from layerfork.wire.buildkit import ops_pb2 as pb

NETWORKS = {"sandbox": 0, "host": 1, "none": 2}
SECURITY = {"sandbox": 0, "insecure": 1}
MOUNTS = {"bind": 0, "secret": 1, "ssh": 2, "cache": 3, "tmpfs": 4}
SHARING = {"shared": 0, "private": 1, "locked": 2}


class NotAtHandError(Exception):
    """The record does not hold what the bytes are made of."""


def vertex_digest(op: LLBOp, data: Mapping[str, bytes], release: Release) -> str:
    """The digest of an operation's bytes. ``data``: contents of here-documents by digest; ``release`` that
    of the BuildKit.

    Raises: NotAtHandError.
    """
    made, does = pb.Op(), pb.Op()
    for each in op.inputs:
        made.inputs.add(digest=each.digest.encode(), index=each.index)
    if op.platform:
        system, architecture, variant = (*op.platform.split("/"), "")[:3]
        made.platform.os = system.encode()
        made.platform.architecture = architecture.encode()
        made.platform.variant = variant.encode()
    if op.exec is not None:
        _exec(does.exec, op.exec)
    for action in op.file or ():
        _action(does.file.actions.add(), action, data)
    if op.source is not None:
        does.source.identifier = op.source.identifier.encode()
        for name, value in sorted(op.source.attrs):
            does.source.attrs.add(key=name.encode(), value=value.encode())
    if op.kind == "merge":
        for index in range(len(op.inputs)):
            does.merge.inputs.add(input=index)
    made.constraints.SetInParent()
    raw = made.SerializeToString() + does.SerializeToString()
    if release < (0, 17, 0):
        raw = pb.Op.FromString(raw).SerializeToString()
    return "sha256:" + sha256(raw).hexdigest()


def _exec(made: pb.ExecOp, exec_: ExecOp) -> None:
    if exec_.proxy_env:
        raise NotAtHandError("values of proxies")
    meta = made.meta
    meta.args.extend(each.encode() for each in exec_.args)
    meta.env.extend(each.encode() for each in exec_.env)
    meta.cwd = exec_.cwd.encode()
    meta.user = exec_.user.encode()
    meta.hostname = exec_.hostname.encode()
    meta.cgroup_parent = exec_.cgroup_parent.encode()
    meta.remove_mount_stubs_recursive = exec_.remove_mount_stubs_recursive
    for host, address in exec_.extra_hosts:
        meta.extra_hosts.add(host=host.encode(), ip=address.encode())
    for limit in exec_.ulimits:
        name, _, values = limit.partition("=")
        soft, _, hard = values.partition(":")
        meta.ulimit.add(name=name.encode(), soft=int(soft), hard=int(hard))
    made.network = NETWORKS[exec_.network]
    made.security = SECURITY[exec_.security]
    for identity, name in exec_.secret_env:
        optional = name in exec_.optional_secret_env
        made.secretenv.add(id=identity.encode(), name=name.encode(), optional=optional)
    for mount in exec_.mounts:
        _mount(made.mounts.add(), mount)


def _mount(made: pb.Mount, mount: ExecMount) -> None:
    made.input, made.output = mount.input, mount.output
    made.selector, made.dest = mount.selector.encode(), mount.dest.encode()
    made.readonly, made.mount_type = mount.readonly, MOUNTS[mount.type]
    if mount.type == "cache":
        made.cache.id, made.cache.sharing = mount.cache_id.encode(), SHARING[mount.cache_sharing]
        made.cache.SetInParent()
    if mount.type == "tmpfs":
        made.tmpfs.size = mount.tmpfs_size
        made.tmpfs.SetInParent()
    if mount.type in ("secret", "ssh"):
        given = made.secret if mount.type == "secret" else made.ssh
        given.id, given.uid, given.gid = mount.secret_id.encode(), mount.secret_uid, mount.secret_gid
        given.mode, given.optional = mount.secret_mode, mount.optional
        given.SetInParent()


def _action(made: pb.FileAction, action: FileAction, data: Mapping[str, bytes]) -> None:
    made.input, made.secondary_input = action.input, action.secondary_input
    made.output = action.output
    if action.kind == "copy":
        _copy(made.copy, action)
    elif action.kind == "mkdir":
        made.mkdir.path, made.mkdir.mode = action.dest.encode(), action.mode
        made.mkdir.make_parents, made.mkdir.timestamp = action.make_parents, action.timestamp
        _own(made.mkdir, action.owner)
    elif action.kind == "mkfile":
        if action.data is None or action.data not in data:
            raise NotAtHandError("the text of a here-document")
        made.mkfile.path, made.mkfile.mode = action.dest.encode(), action.mode
        made.mkfile.data, made.mkfile.timestamp = data[action.data], action.timestamp
        _own(made.mkfile, action.owner)
    else:
        raise NotAtHandError(action.kind)


def _copy(made: pb.FileActionCopy, action: FileAction) -> None:
    made.src, made.dest = action.src.encode(), action.dest.encode()
    made.mode, made.mode_str = action.mode, action.mode_str.encode()
    made.follow_symlink, made.dir_copy_contents = action.follow_symlink, action.dir_copy_contents
    made.attempt_unpack, made.create_dest_path = action.attempt_unpack, action.create_dest_path
    made.allow_wildcard, made.allow_empty_wildcard = action.allow_wildcard, action.allow_empty_wildcard
    made.timestamp, made.always_replace = action.timestamp, action.always_replace
    made.include_patterns.extend(each.encode() for each in action.include_patterns)
    made.exclude_patterns.extend(each.encode() for each in action.exclude_patterns)
    made.required_paths.extend(each.encode() for each in action.required_paths)
    _own(made, action.owner)


def _own(made: pb.FileActionCopy | pb.FileActionMkDir | pb.FileActionMkFile, owner: str) -> None:
    if not owner:
        return
    user, _, group = owner.partition(":")
    for text, field in ((user, made.owner.user), (group, made.owner.group)):
        name, at, index = text.rpartition("@")
        if at:
            field.by_name.name, field.by_name.input = name.encode(), int(index)
        elif text:
            field.by_id = int(text)
