"""Where a build was asked for, by buildx's notes or by what command lines name."""

import json
from pathlib import Path

import pytest

from layerfork.harness.recording.buildplace import find_place
from layerfork.harness.recording.clientprocess import ClientProcess
from layerfork.model.build import Builder
from layerfork.model.context import ContextEntry, ContextManifest, EntryType, Transport
from layerfork.model.record import BuildOutcome, BuildPlace, BuildRecord, BuildResult, RecordedRequest

REF = "l3m4d28vttdd1h6ix3wihaq0f"
TEXT = "FROM alpine\nCOPY file /\n"


def record(
    size: int = 4,
    name: str = "",
    dockerfile: str = "Dockerfile",
    builder: Builder = Builder.CLASSIC,
    ref: str = "",
    remote: str = "",
) -> BuildRecord:
    entry = ContextEntry(name="./file", type=EntryType.FILE, mode=0o644, size=size)
    return BuildRecord(
        id="r",
        recorded_at="2026-01-02T03:04:05Z",
        builder=builder,
        ref=ref,
        request=RecordedRequest(dockerfile=TEXT, dockerfile_name=dockerfile),
        context=ContextManifest(
            transport=Transport.TAR, entries=(entry,), directory_name=name, remote=remote
        ),
        result=BuildResult(outcome=BuildOutcome.SUCCEEDED),
    )


def project(directory: Path, text: str = TEXT, content: str = "four") -> Path:
    directory.mkdir(parents=True)
    (directory / "Dockerfile").write_text(text)
    (directory / "file").write_text(content)
    return directory


def place(build: BuildRecord, directory: Path, *argv: str, **environment: str) -> BuildPlace:
    process = ClientProcess(directory=directory, argv=argv)
    return find_place(build, (process,), environment, lambda text: text.replace("s3cret", "hidden"))


def note(config: Path, ref: str, **facts: str) -> None:
    path = config / "refs" / "builder" / "node" / ref
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(facts))


@pytest.mark.parametrize("word", [".", "../p", "{}"])
def test_a_directory_that_the_command_line_names(tmp_path: Path, word: str) -> None:
    directory = project(tmp_path / "p")
    project(tmp_path / "p" / "copy")
    found = place(record(), directory, "docker", "build", word.format(directory))
    assert found == BuildPlace(directory=str(directory))


def test_one_that_nobody_names_is_found_below(tmp_path: Path) -> None:
    directory = project(tmp_path / "deep" / "p")
    project(tmp_path / "other", content="longer")
    project(tmp_path / "another", text="FROM other\n")
    assert place(record(), tmp_path, "make", "image").directory == str(directory)
    assert place(record(name="q"), tmp_path, "make", "image").directory == ""


def test_of_two_that_would_do_there_is_none(tmp_path: Path) -> None:
    one = project(tmp_path / "one")
    project(tmp_path / "two")
    assert place(record(), tmp_path, "make", "image").directory == ""
    assert place(record(name="one"), tmp_path, "make", "image").directory == str(one)


def test_another_text_or_size_is_another_build(tmp_path: Path) -> None:
    project(tmp_path / "p", content="longer")
    assert place(record(), tmp_path, "docker", "build", "p").directory == ""
    assert place(record(size=6), tmp_path, "docker", "build", "p").directory == str(tmp_path / "p")


def test_a_dockerfile_from_elsewhere_proves_nothing(tmp_path: Path) -> None:
    directory = project(tmp_path / "p", text="FROM another\n")
    made_up = record(dockerfile=".dockerfile.0a1b2c3d4e5f60718293")
    assert place(made_up, tmp_path, "docker", "build", "p").directory == str(directory)
    (directory / "Dockerfile").unlink()
    assert place(record(), tmp_path, "docker", "build", "p").directory == ""
    apart = record(builder=Builder.BUILDKIT)
    assert place(apart, tmp_path, "docker", "build", "p").directory == str(directory)


def test_a_remote_context_lies_nowhere(tmp_path: Path) -> None:
    project(tmp_path / "p")
    assert place(record(remote="https://x/y.git"), tmp_path / "p", "docker", "build", ".").directory == ""


@pytest.mark.parametrize("variable", ["BUILDX_CONFIG", "DOCKER_CONFIG", "HOME"])
def test_buildx_knows_it_wherever_its_configuration_lies(tmp_path: Path, variable: str) -> None:
    inside = {"BUILDX_CONFIG": "", "DOCKER_CONFIG": "buildx", "HOME": ".docker/buildx"}[variable]
    note(
        tmp_path / inside,
        REF,
        Target="web",
        LocalPath=str(tmp_path / "s3cret"),
        DockerfilePath=str(tmp_path / "s3cret" / "d" / "Dockerfile"),
    )
    found = place(record(ref=REF), tmp_path, "docker", "buildx", "bake", **{variable: str(tmp_path)})
    assert found == BuildPlace(
        directory=f"{tmp_path}/hidden", dockerfile=f"{tmp_path}/hidden/d/Dockerfile", name="web"
    )


def test_a_plain_build_has_no_name_and_a_url_is_no_directory(tmp_path: Path) -> None:
    note(tmp_path, REF, Target="default", LocalPath="https://x/y.git", DockerfilePath="Dockerfile")
    assert place(record(ref=REF), tmp_path, BUILDX_CONFIG=str(tmp_path)) == BuildPlace()


@pytest.mark.parametrize("ref", ["../../../../x/y", "*", REF])
def test_what_is_no_note_is_passed_over(tmp_path: Path, ref: str) -> None:
    directory = project(tmp_path / "p")
    (tmp_path / "refs" / "b" / "n").mkdir(parents=True)
    (tmp_path / "refs" / "b" / "n" / REF).write_text("{no json")
    found = place(record(ref=ref), tmp_path, "docker", "build", "p", BUILDX_CONFIG=str(tmp_path))
    assert found.directory == str(directory)
