"""The operation of a RUN.

Source: moby/buildkit frontend/dockerfile/dockerfile2llb/{convert,convert_runmount,convert_secrets,
convert_ssh}.go and client/llb/exec.go @ v0.11.6 to v0.32.2.
"""

import posixpath
from collections.abc import Iterator
from dataclasses import replace

from layerfork.dockerfile.definition.evaluate import Evaluated
from layerfork.dockerfile.definition.fields import SHARED_MEMORY, data_fields, program_of
from layerfork.dockerfile.definition.mounts import Mount
from layerfork.dockerfile.definition.operation import (
    MAIN_CONTEXT,
    InputList,
    Place,
    file_operation,
    named,
    written_file,
)
from layerfork.dockerfile.definition.unsure import NotModelledError
from layerfork.record.context import Digest
from layerfork.record.llb import ExecMount, ExecOp, FileAction, LLBOp

SHARED_MEMORY_PLACE = "/dev/shm"
_ROOT = "/"
_PROGRAMS = "/dev/pipes/"
_PROGRAM_MODE = 0o755
_SECRET_MODE = 0o400
_CACHE = "/cache"
_CACHE_MODE = 0o755


def runs(evaluated: Evaluated, place: Place) -> Digest:
    """What a stage is after a RUN. Raises: NotModelledError."""
    assert evaluated.run is not None
    fields = dict(evaluated.run)
    memory = fields.pop(SHARED_MEMORY, 0)
    inputs = InputList()
    files = list(_files(evaluated, place, str(fields["cwd"])))
    if memory:
        files.append((None, ExecMount(type="tmpfs", dest=SHARED_MEMORY_PLACE, tmpfs_size=int(str(memory)))))
    if any(mount.type == "ssh" for mount in evaluated.mounts):
        raise NotModelledError("SSH_AUTH_SOCK of a mount of type ssh, which records hide")
    variables = [each for each in evaluated.mounts if each.type == "secret" and each.env is not None]
    exec_ = ExecOp(
        **fields,  # type: ignore[arg-type]
        mounts=(*_sorted(files, inputs, place), *_secrets(evaluated, place)),
        secret_env=tuple((_secret_id(each), each.env or "") for each in variables),
        optional_secret_env=tuple(each.env or "" for each in variables if not each.required),
        remove_mount_stubs_recursive=True,
    )
    op = LLBOp(digest=Digest(""), kind="exec", inputs=inputs.listed(), exec=exec_, platform=place.platform)
    return place.put(named(op))


def _sorted(
    files: list[tuple[Digest | None, ExecMount]], inputs: InputList, place: Place
) -> Iterator[ExecMount]:
    """The root and the mounts of files by their places, each with its number among inputs and outputs."""
    outputs = 0
    root = (place.built_on, ExecMount(type="bind", dest=_ROOT, output=0))
    for source, mount in sorted((root, *files), key=lambda each: each[1].dest.encode()):
        has_output = mount.output >= 0
        yield replace(mount, input=inputs.index(source), output=outputs if has_output else -1)
        outputs += has_output


def _files(evaluated: Evaluated, place: Place, directory: str) -> Iterator[tuple[Digest | None, ExecMount]]:
    """What is mounted and read, in written order."""
    program = program_of(evaluated.instruction)
    if program is not None:
        written = written_file(program.name, data_fields(program.data.encode()), _PROGRAM_MODE)
        yield place.put(written), ExecMount(type="bind", dest=_PROGRAMS, selector="/", readonly=True)
    for mount in evaluated.mounts:
        if mount.type in ("secret", "ssh"):
            continue
        dest = posixpath.normpath(mount.target) if mount.target else "."
        if dest.startswith("/"):
            dest = mount.target
        else:
            dest = posixpath.normpath(posixpath.join("/", directory, mount.target))
        if dest == "/":
            raise NotModelledError("a mount over everything")
        source, selector = _source(mount, place)
        is_output = mount.type == "bind" and not mount.readonly and place.rules.writable_mounts_are_kept
        kept = ExecMount(
            type=mount.type,
            dest=dest,
            selector=selector,
            readonly=mount.readonly,
            output=0 if is_output else -1,
            tmpfs_size=mount.size if mount.type == "tmpfs" else 0,
        )
        if mount.type == "cache":
            identity = mount.identity or posixpath.normpath(mount.target)
            kept = replace(kept, cache_id=f"/{identity}", cache_sharing=mount.sharing or "shared")
        yield source, kept


def _source(mount: Mount, place: Place) -> tuple[Digest | None, str]:
    """What a mount reads, and which part of it."""
    if mount.type == "tmpfs" or (mount.type == "cache" and not mount.origin):
        source = None
    elif mount.origin.isdecimal():
        raise NotModelledError("a mount from a stage by its number")
    else:
        source = place.find(mount.origin or MAIN_CONTEXT)
    selector = posixpath.normpath(posixpath.join("/", mount.source))
    if selector != "/":
        return source, selector
    if not mount.is_owned:
        return source, ""
    inputs = InputList()
    made = FileAction(
        kind="mkdir",
        input=inputs.index(source),
        output=0,
        dest=_CACHE,
        mode=(_CACHE_MODE if mount.mode is None else mount.mode) & 0o777,
        owner=f"{mount.uid or 0}:{mount.gid or 0}",
    )
    return place.put(file_operation((made,), inputs)), _CACHE


def _secrets(evaluated: Evaluated, place: Place) -> Iterator[ExecMount]:
    no_input = -1 if place.rules.scratch_secrets else 0
    for mount in evaluated.mounts:
        if mount.type != "secret" or not (mount.target or mount.env is None):
            continue
        identity = _secret_id(mount)
        yield ExecMount(
            type="secret",
            dest=mount.target or f"/run/secrets/{posixpath.basename(identity)}",
            input=no_input,
            output=0,
            secret_id=identity,
            secret_mode=_SECRET_MODE if mount.mode is None else mount.mode,
            secret_uid=mount.uid or 0,
            secret_gid=mount.gid or 0,
            optional=not mount.required,
        )


def _secret_id(mount: Mount) -> str:
    return mount.source or mount.identity or posixpath.basename(mount.target)
