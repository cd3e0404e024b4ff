"""The file actions of a definition: what COPY, ADD, WORKDIR and heredocs become.

Source: moby/buildkit solver/pb/ops.proto (FileAction) @ 73ed6825c.
"""

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

from layerfork.record.context import Digest
from layerfork.record.llb import FileAction
from layerfork.wire.buildkit import ops_pb2 as pb
from layerfork.wire.buildkit.plain import text, texts
from layerfork.wire.redact import Redactor


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
