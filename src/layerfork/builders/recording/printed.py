"""Records of builds that no socket saw: podman and buildah working in the storage itself.

Their output tells the steps; request and context are read where the builder reads them, after the build:
in the directory, or in the tar that it had on its standard input.
"""

import time
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from layerfork.builders.recording.filesondisk import read_tar
from layerfork.builders.recording.recorder import Recorder
from layerfork.context.clientrules import find_rules
from layerfork.context.hashing.digestcache import cache_file, load_cache, save_cache
from layerfork.context.ignore.ignorefile import files_of_buildah
from layerfork.context.manifest import read_context
from layerfork.errors import UsageError
from layerfork.record.build import Builder, BuildRequest, Completed
from layerfork.record.context import ContextManifest, Digest
from layerfork.record.engine import parse_version
from layerfork.record.record import (
    BuildOutcome,
    BuildRecord,
    BuildResult,
    ClientInfo,
    Gap,
    RecordedRequest,
)
from layerfork.userdirs import cache_directory
from layerfork.wire.printed.logs import PrintedBuild, read_output
from layerfork.wire.redact import Redactor

OUTPUT_BYTES = 1 << 26
"""How much of the output is read: the steps stand between what the commands print."""

OCI = "application/vnd.oci.image.manifest.v1+json"
"""The format that podman's and buildah's own programs write by default; a cached image
of another format is passed over. Source: containers/buildah docs/buildah-build.1.md, ``--format``;
imagebuildah/stage_executor.go:intermediateImageExists @ v1.39.3."""


def read_printed_build(
    recorder: Recorder,
    request: BuildRequest,
    client: ClientInfo,
    completed: Completed,
    tar: Path | None = None,
) -> BuildRecord | None:
    """The record of a build that printed its steps; None when it printed none.

    The recorder saw nothing of it, but knows the engine and hides secrets. ``tar`` is what the builder read
    instead of the context's directory.
    """
    cached = uses_layers(completed.argv)
    printed = read_output(completed.stdout, completed.stderr, layers=cached)
    if not printed.steps:
        return None
    redactor = recorder.redactor
    build_args = redactor.pairs(request.build_args)  # first: what they hold is then hidden everywhere
    blank = recorder.blank_record(time.monotonic() - completed.seconds, client)
    files = files_of_buildah(parse_version(blank.engine.version if blank.engine else ""))
    name = _dockerfile_name(request)
    sent = None if tar is None else read_tar(tar, Builder.BUILDAH, name, files, redactor.clean)
    text = _dockerfile_text(request) if sent is None else sent.dockerfile
    shown = replace(_asked(redactor, request, text, cached=cached), build_args=build_args)
    context, gaps = _read_context(request, files) if sent is None else (sent.manifest, sent.gaps)
    if not printed.whole:
        gaps = (*gaps, Gap(where="output", what="the output was too long: its beginning is missing"))
    steps = tuple(
        replace(step, instruction=redactor.clean(step.instruction), error=redactor.clean(step.error))
        for step in printed.steps
    )
    return replace(
        blank,
        builder=Builder.BUILDAH,
        request=shown,
        context=context,
        steps=steps,
        result=_result(printed, completed, redactor.clean(printed.error)),
        seconds=completed.seconds,
        gaps=gaps,
    )


def uses_layers(argv: tuple[str, ...]) -> bool:
    """Whether a build has a cache: podman's always, buildah's only with ``--layers``.

    Source: containers/buildah docs/buildah-build.1.md and containers/podman podman-build.1.md,
    ``--layers``, v1.19.6 to v1.43.2 and v3.0.1 to v5.8.6.
    """
    return "bud" not in argv or "--layers" in argv


def _dockerfile_name(request: BuildRequest) -> str:
    return request.dockerfile_in_context or request.dockerfile.name


def _dockerfile_text(request: BuildRequest) -> str | None:
    try:
        return request.dockerfile.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def _asked(
    redactor: Redactor, request: BuildRequest, dockerfile: str | None, *, cached: bool
) -> RecordedRequest:
    """All but the build arguments."""
    text = None if dockerfile is None else redactor.clean(dockerfile)
    return RecordedRequest(
        dockerfile_name=_dockerfile_name(request),
        dockerfile=text,
        dockerfile_lines_sha256=_digest(text) if text is not None else None,
        labels=redactor.pairs(request.labels),
        target=request.target,
        platform=request.platform,
        no_cache=request.no_cache or not cached,
        tags=(request.tag,),
        options=(("layers", "true" if cached else "false"), ("outputformat", OCI)),
    )


def _read_context(
    request: BuildRequest, ignore_files: tuple[str, ...]
) -> tuple[ContextManifest | None, tuple[Gap, ...]]:
    name = _dockerfile_name(request)
    try:
        place = cache_file(cache_directory(), request.context)
        cache = load_cache(place)
        rules = replace(find_rules("buildah"), ignore_files=ignore_files)
        found = read_context(request.context, rules, dockerfile=name, cache=cache)
        save_cache(cache, place)
    except UsageError as error:
        return None, (Gap(where="context", what=error.message),)
    gaps = tuple(Gap(where=f"context {each.path}", what=each.reason) for each in found.problems)
    return found.manifest, gaps


def _result(printed: PrintedBuild, completed: Completed, error: str) -> BuildResult:
    if completed.ok and printed.image_id:
        return BuildResult(outcome=BuildOutcome.SUCCEEDED, image_id=printed.image_id)
    cut = completed.timed_out or completed.returncode < 0
    return BuildResult(outcome=BuildOutcome.CUT if cut else BuildOutcome.FAILED, error=error)


def _digest(text: str) -> Digest:
    """Of the text as recorded, as everywhere: a digest of the original would let a secret be guessed."""
    return Digest("sha256:" + sha256(text.encode("utf-8", "surrogatepass")).hexdigest())
