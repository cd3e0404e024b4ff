"""Files of a recorded context: on disk while they are as they were sent, in git, or in a tar."""

import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from layerfork.builders.commits.git import git_command
from layerfork.builders.process import ProgramMissingError, run
from layerfork.context.ignore.ignorefile import DOCKER_FILES, files_of_podman_service
from layerfork.diagnose.causes.scene import FileLook
from layerfork.record.build import Builder
from layerfork.record.context import ContentSource, ContextEntry, ContextManifest, Digest, Transport
from layerfork.record.engine import parse_version
from layerfork.record.record import BuildRecord, Gap
from layerfork.wire.tar.tarstream import TarDecoder, ignore_patterns

LARGEST_BYTES = 4 << 20
"""Larger files are unlikely to be text that a person wrote."""
_TIME = re.compile(rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?|\b1\d{9}\b")
"""A date with a time of day, or seconds since 1970."""
_MOST_TIMES = 50
_NEAR_S = 60.0


def look_at(record: BuildRecord, entry: ContextEntry) -> FileLook | None:
    """Examine the file of an entry; None when it is gone, or differs from what was sent."""
    data = _read(record.place.directory, entry)
    return None if data is None or entry.content != _digest(data) else look_in(data, entry)


def is_there(record: BuildRecord, path: str) -> bool:
    """Whether a file lies at a path of the build's directory; False when that is not known."""
    return bool(record.place.directory) and (Path(record.place.directory) / path).is_file()


def lines_of(record: BuildRecord, path: str) -> tuple[str, ...]:
    """Lines of a text file at a path of the build's directory, without ends; none where it cannot be read."""
    if not is_there(record, path):
        return ()
    try:
        data = (Path(record.place.directory) / path).read_bytes()[:LARGEST_BYTES]
    except OSError:
        return ()
    text = data.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    return tuple(line.removesuffix("\r") for line in text.split("\n"))


def look_in(data: bytes, entry: ContextEntry) -> FileLook:
    """Examine the content of an entry."""
    lf = data.replace(b"\r\n", b"\n")
    return FileLook(
        with_lf=_digest(lf),
        with_crlf=_digest(lf.replace(b"\n", b"\r\n")),
        time=_time_near(data, entry.mtime_ns / 1e9),
    )


def _read(directory: str, entry: ContextEntry) -> bytes | None:
    if not directory or not entry.size <= LARGEST_BYTES:
        return None
    try:
        handle = os.open(
            Path(directory) / os.fsdecode(entry.name_bytes), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        )
    except (OSError, ValueError):  # the last: no file has a name with a NUL in it
        return None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        return None
    with os.fdopen(handle, "rb") as file:
        return file.read(LARGEST_BYTES + 1)


def _digest(data: bytes) -> Digest:
    return Digest(f"sha256:{sha256(data).hexdigest()}")


def _time_near(data: bytes, modified_s: float) -> str:
    """The first time in a text that lies near the file's own; one without a zone is UTC or local."""
    for found in list(_TIME.finditer(data))[:_MOST_TIMES]:
        text = found.group().decode()
        if any(abs(each - modified_s) <= _NEAR_S for each in _seconds(text)):
            return text
    return ""


def _seconds(text: str) -> tuple[float, ...]:
    if text.isdigit():
        return (float(text),)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return ()
    if moment.tzinfo is not None:
        return (moment.timestamp(),)
    return (moment.timestamp(), moment.replace(tzinfo=UTC).timestamp())


# What git has of files of a recorded context: what ``git checkout -- FILE`` brings back.

_TIMEOUT_S = 5.0


def digest_in_index(record: BuildRecord, path: str) -> Digest | None:
    """Digest of a file of the context as it is in git's index; None where no git has it, or not as UTF-8.

    Filters are not run: of a file that they change, this is not what a checkout writes.
    """
    if not record.place.directory or "\0" in path:
        return None
    command = git_command("cat-file", "blob", f":./{path}", directory=Path(record.place.directory))
    try:
        done = run(command, _TIMEOUT_S, keep_bytes=LARGEST_BYTES)
    except ProgramMissingError:
        return None
    if done.timed_out or done.returncode:
        return None
    return Digest(f"sha256:{sha256(done.stdout.encode()).hexdigest()}")


# A context that lies here as a tar and that no socket showed, read as its builder reads it.

PIECE_BYTES = 1 << 20
Clean = Callable[[str], str]
"""Hides secrets in a text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TarContext:
    """What a tar holds."""

    manifest: ContextManifest
    """Contents count as read from disk."""
    dockerfile: str | None
    """Its text, secrets included; None when the tar has none."""
    gaps: tuple[Gap, ...]


def read_tar(
    tar: Path, builder: Builder, dockerfile: str, ignore_files: tuple[str, ...], clean: Clean
) -> TarContext:
    """The entries of a tar that a builder was given: as such, unpacked from its standard input, or fetched.

    ``dockerfile`` is the Dockerfile's path in it, ``ignore_files`` are the names that the builder looks for.
    podman unpacks what comes on the standard input into a directory, and applies the ignore file that it
    finds there; nothing of the directory that the tar was made from enters.
    Source: containers/buildah define/types.go:stdinToDirectory @ v1.19.6 to v1.43.2.
    """
    names = [name.format(dockerfile) for name in ignore_files]
    decoder = TarDecoder(capture=dockerfile, capture_also=names)
    with tar.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            decoder.feed(piece)
    decoder.close()
    manifest = ContextManifest(
        transport=Transport.TAR,
        entries=tuple(
            replace(entry, content_source=ContentSource.DISK)
            if entry.content_source is ContentSource.SENT
            else entry
            for entry in decoder.entries
        ),
        excludes=ignore_patterns(decoder, builder, names, clean),
        global_pax=tuple(decoder.global_pax),
        complete=decoder.complete,
    )
    text = decoder.captured
    return TarContext(
        manifest=manifest,
        dockerfile=None if text is None else text.decode("utf-8", "replace"),
        gaps=tuple(decoder.gaps),
    )


def fill_from_tar(record: BuildRecord, tar: Path, clean: Clean) -> BuildRecord:
    """The record with the entries of a tar that the engine fetched from us."""
    context = record.context
    if context is None or context.transport is not Transport.REMOTE:
        return record
    name = record.request.dockerfile_name or "Dockerfile"
    found = read_tar(tar, record.builder, name, _ignore_files(record), clean)
    manifest = replace(found.manifest, name=context.name, remote=context.remote)
    return replace(record, context=manifest, gaps=record.gaps + found.gaps)


def _ignore_files(record: BuildRecord) -> tuple[str, ...]:
    """BuildKit ignores nothing of a tar."""
    if record.builder is Builder.BUILDAH:
        return files_of_podman_service(parse_version(record.engine.version if record.engine else ""))
    return DOCKER_FILES if record.builder is Builder.CLASSIC else ()
