"""Records of the builds in a transcript, as far as the wire alone makes them."""

from dataclasses import fields
from pathlib import Path

from transcripts.framed import read_transcript
from transcripts.replay import replay

from layerfork.record.build import Builder
from layerfork.record.engine import EngineInfo
from layerfork.record.record import BuildRecord
from layerfork.wire.buildkit.buildkitbuild import BuildKitParts, read_build
from layerfork.wire.buildkit.watcher import BuildKitWatcher
from layerfork.wire.redact import Redactor

FOLDER = Path(__file__).parent


def records_of(name: str) -> list[BuildRecord]:
    """The builds of ``buildkit-<name>.bin``."""
    watcher = BuildKitWatcher(clock=lambda: 0.0)
    replay(read_transcript(FOLDER / f"buildkit-{name}.bin").frames, watcher.upgraded)
    return [_record(read_build(build, Redactor(b"key"))) for build in watcher.finished()]


def _record(parts: BuildKitParts) -> BuildRecord:
    names = {each.name for each in fields(BuildRecord)} & {each.name for each in fields(BuildKitParts)}
    engine = EngineInfo(
        kind="host",
        version="",
        api_version="",
        image_store="",
        architecture="amd64",
        buildkit_version=parts.buildkit_version,
    )
    return BuildRecord(
        id=parts.ref,
        recorded_at="",
        engine=engine,
        builder=Builder.BUILDKIT,
        **{name: getattr(parts, name) for name in names},
    )
