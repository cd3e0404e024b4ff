"""The RUN of a definition.

Source: moby/buildkit solver/pb/ops.proto (ExecOp, Meta, Mount) @ 73ed6825c.
"""

from layerfork.record.llb import ExecMount, ExecOp
from layerfork.wire.buildkit import ops_pb2 as pb
from layerfork.wire.buildkit.plain import text, texts
from layerfork.wire.redact import Redactor

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
