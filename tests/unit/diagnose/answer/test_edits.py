"""Edits and commands mean what they say, whatever a path is called."""

import shlex
import subprocess
from pathlib import Path

import pytest
from fixing import edited

from layerfork.context.ignore.ignorefile import read_docker_ignorefile
from layerfork.context.ignore.moby import moby_matcher
from layerfork.diagnose.causes.edits import ignore_file, pattern_of, quoted
from layerfork.diagnose.causes.scene import AnswerSources, set_scene
from layerfork.record.answer import Edit, Fork, MissKind, Side, Situation
from layerfork.record.build import Builder
from layerfork.record.context import ContextEntry, ContextManifest, EntryType, Transport
from layerfork.record.record import BuildOutcome, BuildRecord, BuildResult, ClientInfo, RecordedRequest

ODD = ("a", "d/x", "#a", "!a", "a*", "a?b", "[a]", "a\\b", "a b", "-rf", "$(id)", "'a'", ".git")


@pytest.mark.parametrize("path", ODD)
def test_a_pattern_leaves_out_its_path_alone(path: str) -> None:
    matcher = moby_matcher(read_docker_ignorefile(f"{pattern_of(path)}\n"))
    assert matcher.excludes(path)
    assert [other for other in ODD if matcher.excludes(other)] == [path]


@pytest.mark.parametrize("path", ["a\nb", "a\r", " a", "a "])
def test_no_line_means_some_paths(path: str) -> None:
    assert pattern_of(path) == ""


@pytest.mark.parametrize("path", ODD)
def test_a_command_touches_its_path_alone(path: str, tmp_path: Path) -> None:
    for each in ODD:
        (tmp_path / each).parent.mkdir(exist_ok=True)
        (tmp_path / each).write_text("")
    done = subprocess.run(["sh", "-c", f"chmod 0600 {quoted([path])}"], cwd=tmp_path, capture_output=True)
    assert done.returncode == 0, done.stderr
    changed = [each for each in ODD if (tmp_path / each).stat().st_mode & 0o777 == 0o600]
    assert changed == [path]
    assert shlex.split(quoted([path])) in ([path], [f"./{path}"])


def test_edits_are_numbered_as_before_the_first() -> None:
    """Two lines swapped, and one added at the end."""
    edits = (
        Edit(file="Dockerfile", line=2, before=("b",)),
        Edit(file="Dockerfile", line=4, after=("b",)),
        Edit(file="Dockerfile", after=("z",)),
    )
    assert edited("a\nb\nc\nd\n", edits) == "a\nc\nb\nd\nz\n"


OWN, CONTAINER, COMMON = "Dockerfile.dockerignore", ".containerignore", ".dockerignore"


@pytest.mark.parametrize(
    ("builder", "transport", "agent", "there", "counts"),
    [
        (Builder.BUILDKIT, Transport.FILE_SYNC, "", {OWN, COMMON}, OWN),
        (Builder.BUILDKIT, Transport.FILE_SYNC, "", {CONTAINER}, COMMON),
        (Builder.BUILDKIT, Transport.FILE_SYNC, "", set(), COMMON),
        (Builder.CLASSIC, Transport.TAR, "Docker-Client/26.1.5 (linux)", {OWN}, COMMON),
        (Builder.BUILDAH, Transport.DISK, "", {CONTAINER, COMMON}, CONTAINER),
        (Builder.BUILDAH, Transport.DISK, "", {OWN, CONTAINER}, OWN),
    ],
)
def test_lines_go_into_the_ignore_file_that_the_client_reads(
    builder: Builder, transport: Transport, agent: str, there: set[str], counts: str
) -> None:
    record = BuildRecord(
        id="r",
        recorded_at="2026-01-01T00:00:00Z",
        builder=builder,
        client=ClientInfo(user_agent=agent),
        request=RecordedRequest(dockerfile_name="Dockerfile", dockerfile="FROM a\n"),
        context=ContextManifest(
            transport=transport, entries=(ContextEntry(name="a", type=EntryType.FILE, mode=0o644),)
        ),
        result=BuildResult(outcome=BuildOutcome.SUCCEEDED),
    )
    sources = AnswerSources(
        writer=record,
        reader=record,
        sides=(Side(name="before"), Side(name="now")),
        situation=Situation.AGAIN,
        there=lambda record, path: path in there,
    )
    fork = Fork(writer="w", reader="r", step=1, instruction="COPY", miss_kind=MissKind.KEY_CHANGED, causes=())
    assert ignore_file(set_scene(fork, sources)) == counts
