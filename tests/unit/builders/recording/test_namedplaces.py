"""Which directories named contexts were sent from."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from layerfork.builders.recording.contextplaces import ClientProcess
from layerfork.builders.recording.namedplaces import add_named_places
from layerfork.builders.recording.projects import Projects
from layerfork.record.build import Builder
from layerfork.record.context import ContextEntry, ContextManifest, EntryType, Transport
from layerfork.record.record import BuildOutcome, BuildPlace, BuildRecord, BuildResult, RecordedRequest


@pytest.fixture
def here(tmp_path: Path) -> Path:
    for name in ("main", "lib", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / "lib" / "f").write_text("text")
    (tmp_path / "other" / "f").write_text("another text")
    return tmp_path


def found(
    here: Path, *argvs: Sequence[str], name: str = "lib", local: str = "lib", projects: Projects | None = None
) -> tuple[tuple[str, str], ...]:
    """Of a build that sent ``lib/f``."""
    status = (here / "lib" / "f").stat()
    entry = ContextEntry(
        name="f", type=EntryType.FILE, mode=status.st_mode & 0o7777, size=4, mtime_ns=status.st_mtime_ns
    )
    record = BuildRecord(
        id="r",
        recorded_at="2026-01-02T03:04:05Z",
        builder=Builder.BUILDKIT,
        place=BuildPlace(directory=str(here / "main"), name="web" if projects else ""),
        named_contexts=(ContextManifest(name=name, transport=Transport.FILE_SYNC, entries=(entry,)),),
        request=RecordedRequest(options=((f"context:{name}", f"local:{local}"),)),
        result=BuildResult(outcome=BuildOutcome.SUCCEEDED),
    )
    processes = [ClientProcess(directory=here, argv=tuple(argv)) for argv in argvs]
    place = add_named_places(record, processes, projects or Projects({}), str).place
    return tuple((each, str(Path(path).relative_to(here))) for each, path in place.named_contexts)


BUILD = ("docker", "buildx", "build")


@pytest.mark.parametrize(
    "words",
    [
        ("--build-context", "lib=lib", "main"),
        ("--build-context=lib=./lib", "main"),
        ("--build-context=lib:latest=lib", "main"),
        ("--build-context", "lib=lib", "--build-context", "docs=other", "main"),
    ],
)
def test_a_command_line_names_it(here: Path, words: tuple[str, ...]) -> None:
    assert found(here, (*BUILD, *words), ("docker-buildx", "build", *words)) == (("lib", "lib"),)


def test_buildctl_names_what_it_sends(here: Path) -> None:
    words = ("buildctl", "build", "--local", "x=lib", "--local=context=main", "--opt=context:lib=local:x")
    assert found(here, words, local="x") == (("lib", "lib"),)


@pytest.mark.parametrize(
    "words",
    [
        ("main",),
        ("--build-context", "docs=lib", "main"),
        ("--build-context", "lib=other", "main"),
        ("--build-context", "lib=nowhere", "main"),
        ("--build-context", "lib=docker-image://alpine", "main"),
        ("main", "--build-context"),
    ],
)
def test_no_other_directory_is_taken_for_it(here: Path, words: tuple[str, ...]) -> None:
    assert found(here, (*BUILD, *words)) == ()


def test_of_two_builds_only_what_lies_there_as_it_was_sent(here: Path) -> None:
    one, two = (*BUILD, "--build-context=lib=other", "main"), (*BUILD, "--build-context=lib=lib", "main")
    assert found(here, one, two) == (("lib", "lib"),)


def test_a_compose_file_names_it(here: Path) -> None:
    services = '{"services":{"web":{"build":{"context":"main","additional_contexts":{"lib":"lib"}}}}}'
    program = here / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho '{services}'\n")
    program.chmod(0o755)
    projects = Projects({"PATH": f"{here}/bin:/usr/bin:/bin"})
    assert found(here, ("docker", "compose", "build"), projects=projects) == (("lib", "lib"),)
