"""Digests of BuildKit's operations, byte for byte: JSON with Go's field order and omissions.

Source: moby/buildkit solver/llbsolver/ops/{exec,file,merge}.go:CacheMap and solver/pb/ops.pb.go
@ v0.13.2 and v0.32.2.
"""

import base64
import json
import posixpath
import re
from collections.abc import Mapping
from hashlib import sha256

from layerfork.record.context import Digest
from layerfork.record.llb import ExecMount, ExecOp, FileAction, LLBOp
from layerfork.releases import BuildKitRules, OwnerJson

_NETWORKS = {"sandbox": 0, "host": 1, "none": 2}
_SECURITY = {"sandbox": 0, "insecure": 1}
_MOUNT_TYPES = {"bind": 0, "secret": 1, "ssh": 2, "cache": 3, "tmpfs": 4}
_NUMBER = re.compile(r"-?[0-9]{1,20}", re.ASCII)
_SHARING = {"shared": 0, "private": 1, "locked": 2, "": 0}


class UnknownDataError(Exception):
    """An operation holds something that its record does not."""


def record_digest(digest: str, output: int = 0) -> Digest:
    """Digest of a cache record as exports list it. Content keys have output -1.

    Source: moby/buildkit solver/cachekey.go and cachemanager.go:rootKey @ v0.13.2.
    """
    return _sha256(f"{digest}@{output}".encode())


def op_digest(op: LLBOp, platform: str, rules: BuildKitRules, data: Mapping[Digest, bytes]) -> Digest:
    """The digest that BuildKit knows an exec, file or merge op by.

    ``platform`` is the worker's own, for ops that name none. ``data`` holds contents of here-documents
    by their digests.

    Raises: UnknownDataError.
    """
    if op.hides_a_value:
        raise UnknownDataError("a hidden value")
    if op.exec is not None:
        return _sha256(_exec_json(op.exec, op.platform or platform, rules))
    if op.file is not None:
        return _sha256(_file_json(op.file, len(op.inputs), rules, data))
    if op.kind == "merge":
        inputs = [_index("input", index, rules) for index in range(len(op.inputs))]
        return _sha256(_go_json({"Type": "buildkit.merge.v0", "Merge": {"inputs": inputs}}))
    raise UnknownDataError(f"a {op.kind} op has no digest of its own")


def layers_record(chain: str) -> Digest:
    """The record of an image that BuildKit finds by its layers (their chain ID).

    Source: moby/buildkit source/containerimage/pull.go:CacheKey @ v0.13.2.
    """
    return record_digest(_sha256(f"buildkit.source.v0:{chain}".encode()))


def manifest_record(manifest: str, platform: str) -> Digest:
    """The record of the same image found by its manifest, which must be the platform's, not an index.

    Images of a daemon without containerd's store have only the other one.

    Source: moby/buildkit source/containerimage/pull.go:mainManifestKey @ v0.13.2.
    """
    os_name, architecture, variant = (*platform.split("/"), "", "")[:3]
    key = {"Digest": manifest, "OS": os_name, "Arch": architecture, **_present(Variant=variant)}
    return layers_record(_sha256(_go_json(key)))


def _exec_json(exec_: ExecOp, platform: str, rules: BuildKitRules) -> bytes:
    if exec_.network not in _NETWORKS or exec_.security not in _SECURITY:
        raise UnknownDataError(f"network {exec_.network}, security {exec_.security}")
    os_name, architecture, variant = (*platform.split("/"), "", "")[:3]
    body: dict[str, object] = {"meta": _meta(exec_)}
    if counts_mounts(exec_.mounts, rules):
        body["mounts"] = [_mount(mount, rules) for mount in exec_.mounts]
    body |= _present(
        network=_NETWORKS[exec_.network],
        security=_SECURITY[exec_.security],
        secretenv=[
            {"ID": secret, "name": name, **_present(optional=name in exec_.optional_secret_env)}
            for secret, name in exec_.secret_env
        ],
    )
    top = {"Type": "buildkit.exec.v0", "Exec": body, "OS": os_name, "Arch": architecture}
    return _go_json(top | _present(Variant=variant))


def _meta(exec_: ExecOp) -> dict[str, object]:
    ulimits = []
    for text in exec_.ulimits:
        name, _, limits = text.partition("=")
        soft, _, hard = limits.partition(":")
        ulimits.append(_present(Name=name, Soft=_number(soft), Hard=_number(hard)))
    return _present(
        args=list(exec_.args),
        env=list(exec_.env),
        cwd=exec_.cwd,
        user=exec_.user,
        extraHosts=[_present(Host=host) for host, _ in exec_.extra_hosts],
        hostname=exec_.hostname,
        ulimit=ulimits,
        cgroupParent=exec_.cgroup_parent,
        removeMountStubsRecursive=exec_.remove_mount_stubs_recursive,
        validExitCodes=list(exec_.valid_exit_codes),
    )


def counts_mounts(mounts: tuple[ExecMount, ...], rules: BuildKitRules) -> bool:
    """Whether the list of mounts is in the digest: it is left out for a RUN with no mount but its root."""
    if not rules.mounts:
        return False
    if len(mounts) != 1:
        return True
    mount = mounts[0]
    return mount.dest != "/" or mount.type != "bind" or mount.readonly


def kept_cache_id(mount: ExecMount, rules: BuildKitRules) -> tuple[str, str]:
    """Id and sharing of a cache mount as far as they count: the default ones do, others are blanked."""
    _, slash, rest = mount.cache_id.partition("/")
    default = mount.cache_id == mount.dest or (bool(slash) and rest == mount.dest)
    if rules.cache_ids or (default and mount.cache_sharing in ("", "shared")):
        return mount.cache_id, mount.cache_sharing
    return "", ""


def _mount(mount: ExecMount, rules: BuildKitRules) -> dict[str, object]:
    body = _index("input", mount.input, rules) | _present(dest=mount.dest)
    body |= _index("output", mount.output, rules)
    if mount.type not in _MOUNT_TYPES or mount.cache_sharing not in _SHARING:
        raise UnknownDataError(f"a mount of type {mount.type}")
    body |= _present(readonly=mount.readonly, mountType=_MOUNT_TYPES[mount.type])
    if mount.type == "tmpfs" and rules.tmpfs_sizes:
        body["TmpfsOpt"] = _present(size=mount.tmpfs_size)
    if mount.type == "cache":
        identity, sharing = kept_cache_id(mount, rules)
        body["cacheOpt"] = _present(ID=identity, sharing=_SHARING[sharing])
    if mount.type in ("secret", "ssh"):
        body["secretOpt" if mount.type == "secret" else "SSHOpt"] = _present(
            ID=mount.secret_id,
            uid=mount.secret_uid,
            gid=mount.secret_gid,
            mode=mount.secret_mode,
            optional=mount.optional,
        )
    return body


def _file_json(
    actions: tuple[FileAction, ...], inputs: int, rules: BuildKitRules, data: Mapping[Digest, bytes]
) -> bytes:
    encoded = [base64.b64encode(_go_json(_action(a, inputs, rules, data))).decode() for a in actions]
    top: dict[str, object] = {"Type": "buildkit.file.v0", "Actions": encoded}
    indexes = [[action.input, action.secondary_input, action.output] for action in actions]
    if not _is_usual(indexes):
        top["indexes"] = indexes
    return _go_json(top)


def _is_usual(indexes: list[list[int]]) -> bool:
    """Whether each action builds on the one before and reads the second input: then the wiring is
    left out of the digest."""
    if not indexes:
        return False
    count = len(indexes)
    first, second, output = zip(*indexes, strict=True)
    follows = first == (0, *range(count, 2 * count - 1)) and output == (*([-1] * (count - 1)), 0)
    return follows and {-1, 1}.issuperset(second)


def _action(
    action: FileAction, inputs: int, rules: BuildKitRules, data: Mapping[Digest, bytes]
) -> dict[str, object]:
    owner = owner_json(action.owner, rules)
    if action.kind == "copy":
        from_input = 0 <= action.secondary_input < inputs
        return _present(
            src=posixpath.basename(action.src.rstrip("/")) or "/" if from_input else action.src,
            dest=action.dest,
            owner=owner,
            mode=action.mode,
            followSymlink=action.follow_symlink,
            dirCopyContents=action.dir_copy_contents,
            attemptUnpackDockerCompatibility=action.attempt_unpack,
            createDestPath=action.create_dest_path,
            allowWildcard=action.allow_wildcard,
            allowEmptyWildcard=action.allow_empty_wildcard,
            timestamp=action.timestamp,
            include_patterns=list(action.include_patterns),
            exclude_patterns=list(action.exclude_patterns),
            alwaysReplaceExistingDestPaths=action.always_replace,
            modeStr=action.mode_str,
            required_paths=list(action.required_paths),
        )
    if action.kind == "mkdir":
        return _present(
            path=action.dest,
            mode=action.mode,
            makeParents=action.make_parents,
            owner=owner,
            timestamp=action.timestamp,
        )
    if action.kind == "mkfile":
        return _present(
            path=action.dest,
            mode=action.mode,
            data=_data_of(action, data),
            owner=owner,
            timestamp=action.timestamp,
        )
    if action.kind == "symlink":
        return _present(oldpath=action.src, newpath=action.dest, owner=owner, timestamp=action.timestamp)
    raise UnknownDataError(f"a {action.kind} action is not recorded whole")


def _data_of(action: FileAction, data: Mapping[Digest, bytes]) -> str:
    if action.data_size == 0:
        return ""
    if action.data is None or action.data not in data:
        raise UnknownDataError(f"data of {action.dest}")
    return base64.b64encode(data[action.data]).decode()


def owner_json(owner: str, rules: BuildKitRules) -> dict[str, object]:
    """``ChownOpt`` of ``uid:gid``, or of names with ``@`` and the input that tells their numbers."""
    if not owner:
        return {}
    user, _, group = owner.partition(":")
    return {
        field: {"User": _user_json(text, rules)} for field, text in (("user", user), ("group", group)) if text
    }


def _user_json(text: str, rules: BuildKitRules) -> dict[str, object]:
    name, at, index = text.rpartition("@")
    untagged = rules.owner_json is OwnerJson.UNTAGGED
    if at:
        return {"ByName" if untagged else "byName": {"name": name} | _index("input", _number(index), rules)}
    number = _number(text)
    return {rules.owner_json.value: number} if number or untagged else {}


def _number(text: str) -> int:
    """Raises: UnknownDataError."""
    if not _NUMBER.fullmatch(text):
        raise UnknownDataError(f"{text!r} is no number")
    return int(text)


def _index(name: str, number: int, rules: BuildKitRules) -> dict[str, object]:
    return {name: number} if number or rules.zero_indexes else {}


def _present(**fields: object) -> dict[str, object]:
    """Fields that Go's ``omitempty`` keeps, in the given order."""
    return {name: value for name, value in fields.items() if value}


def _go_json(value: object) -> bytes:
    """JSON as Go's encoder writes it: no blanks, HTML characters escaped."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    for char, escape in (("<", r"\u003c"), (">", r"\u003e"), ("&", r"\u0026")):
        text = text.replace(char, escape)
    return text.replace("\u2028", r"\u2028").replace("\u2029", r"\u2029").encode("utf-8", "replace")


def _sha256(data: bytes) -> Digest:
    return Digest("sha256:" + sha256(data).hexdigest())
