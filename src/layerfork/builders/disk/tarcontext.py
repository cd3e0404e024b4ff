"""A context that lies here as a tar and that no socket showed, read as its builder reads it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from layerfork.context.ignore.ignorefile import DOCKER_FILES, files_of_podman_service
from layerfork.record.build import Builder
from layerfork.record.context import ContentSource, ContextManifest, Transport
from layerfork.record.engine import parse_version
from layerfork.record.record import BuildRecord, Gap
from layerfork.wire.tar.stream import TarDecoder, ignore_patterns

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
