"""A tar that the engine fetched from us, in the record of the build."""

import tarfile
from pathlib import Path

import pytest

from layerfork.builders.recording.filesondisk import fill_from_tar, read_tar
from layerfork.record.build import Builder
from layerfork.record.context import ContentSource, ContextManifest, Transport
from layerfork.record.record import BuildOutcome, BuildRecord, BuildResult

URL = "http://127.0.0.1/context.tar"


@pytest.fixture
def tar(tmp_path: Path) -> Path:
    context = tmp_path / "context"
    context.mkdir()
    for name, text in {"Dockerfile": "FROM a\n", ".dockerignore": "secret-word\n", "file": "text"}.items():
        (context / name).write_text(text)
    with tarfile.open(tmp_path / "context.tar", "w") as archive:
        archive.add(context, ".")
    return tmp_path / "context.tar"


def record(context: ContextManifest | None, builder: Builder = Builder.BUILDKIT) -> BuildRecord:
    return BuildRecord(
        id="one",
        recorded_at="2026-01-02T03:04:05Z",
        builder=builder,
        context=context,
        result=BuildResult(outcome=BuildOutcome.SUCCEEDED),
    )


REMOTE = ContextManifest(transport=Transport.REMOTE, entries=(), remote=URL)


def hide(text: str) -> str:
    return text.replace("secret", "hidden")


@pytest.mark.parametrize(
    ("builder", "excludes"),
    [(Builder.BUILDKIT, ()), (Builder.CLASSIC, ("hidden-word",)), (Builder.BUILDAH, ("hidden-word",))],
)
def test_a_fetched_context_has_the_tars_entries(
    tar: Path, builder: Builder, excludes: tuple[str, ...]
) -> None:
    """BuildKit applies no ignore file of a tar; what the others apply is shown without secrets."""
    context = fill_from_tar(record(REMOTE, builder), tar, hide).context
    assert context is not None
    assert (context.transport, context.remote, context.complete) == (Transport.TAR, URL, True)
    assert {entry.name for entry in context.entries if entry.content} == {
        "./Dockerfile",
        "./.dockerignore",
        "./file",
    }
    assert {entry.content_source for entry in context.entries if entry.content} == {ContentSource.DISK}
    assert context.excludes == excludes


def test_what_passed_the_recorder_stays_as_it_was_seen(tar: Path) -> None:
    sent = record(ContextManifest(transport=Transport.TAR, entries=()))
    assert fill_from_tar(sent, tar, hide) == sent
    assert fill_from_tar(record(None), tar, hide) == record(None)


def test_a_tar_that_is_none_leaves_a_gap(tmp_path: Path) -> None:
    (tmp_path / "context.tar").write_bytes(b"no tar at all" * 100)
    found = fill_from_tar(record(REMOTE), tmp_path / "context.tar", hide)
    assert found.context is not None
    assert not found.context.complete
    assert found.gaps


def test_the_dockerfile_is_the_one_that_was_named(tar: Path) -> None:
    assert read_tar(tar, Builder.BUILDAH, "Dockerfile", (), hide).dockerfile == "FROM a\n"
    assert read_tar(tar, Builder.BUILDAH, "other/Dockerfile", (), hide).dockerfile is None
