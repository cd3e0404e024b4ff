"""What BuildKit reuses differs from generation to generation: measured twice over, and as the model says."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from engines.keymodel import HandMadeContext, build_buildkit
from today import part_of_today

from layerfork.builders.engines import RunningEngine, fetch_toolchain, open_engine
from layerfork.keys import keys_of
from layerfork.record.build import Toolchain
from layerfork.record.context import EntryType
from layerfork.record.record import BuildRecord, StepStatus

pytestmark = pytest.mark.engine

BULLSEYE, BOOKWORM, TRIXIE, FORKY = ENGINES = (
    "private:20.10.5",
    "private:20.10",
    "private:26.1",
    "private:28.5",
)
"""BuildKit 0.8.2, 0.8.3 with patches, 0.13.2 and 0.25.2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Two builds of one Dockerfile, and the engines whose second build reuses its first step."""

    before: Mapping[str, str]
    """Content by path, or ``-> target``; a path that ends in ``/`` is an empty directory."""
    after: Mapping[str, str]
    dockerfile: str
    reused: tuple[str, ...]


CASES = {
    "a directory above a match is renamed": Case(
        before={"a/x.txt": "1"}, after={"b/x.txt": "1"}, dockerfile="COPY */x.txt /c1/", reused=ENGINES
    ),
    "a match is renamed": Case(
        before={"a.txt": "1"}, after={"b.txt": "1"}, dockerfile="COPY *.txt /c2/", reused=(BULLSEYE,)
    ),
    "a file below a match moves up": Case(
        before={"d/e/": "", "d/e/z": "1"},
        after={"d/e/": "", "d/z": "1"},
        dockerfile="COPY d* /c3/",
        reused=(TRIXIE, FORKY),
    ),
    "a link below a match leads to other content": Case(
        before={"d/l": "-> ../t", "t": "1"},
        after={"d/l": "-> ../t", "t": "2"},
        dockerfile="COPY d* /c4/\nCOPY t /t4/",
        reused=(BULLSEYE, BOOKWORM, FORKY),
    ),
    "content behind a link to its own directory": Case(
        before={"a": "-> .", "q.txt": "1"},
        after={"a": "-> .", "q.txt": "2"},
        dockerfile="COPY a/*.txt /c5/",
        reused=(BULLSEYE, BOOKWORM, TRIXIE),
    ),
    "a mount of all files beside one of some": Case(
        before={"a": "1", "b": "1"},
        after={"a": "2", "b": "1"},
        dockerfile="RUN --mount=target=/x --mount=source=b,target=/b true",
        reused=(BULLSEYE, BOOKWORM),
    ),
}


@pytest.fixture(scope="module")
def toolchain() -> Toolchain:
    """Engines of before 23.0 have no client that shows a definition."""
    return fetch_toolchain("26.1", os.environ, print)


@pytest.fixture(scope="module", params=part_of_today(ENGINES, 2))
def engine(request: pytest.FixtureRequest) -> Iterator[RunningEngine]:
    with open_engine(request.param).start(os.environ, print) as running:
        yield running


Build = Callable[[Mapping[str, str], str], BuildRecord]


@pytest.fixture
def build(engine: RunningEngine, toolchain: Toolchain, tmp_path: Path) -> Build:
    """Builds a directory's content by path, or a tar, and records it."""

    def of_files(files: Mapping[str, str], dockerfile: str) -> BuildRecord:
        context = lay_out(files, tmp_path / f"context{len(list(tmp_path.iterdir()))}")
        (context / "Dockerfile").write_text(f"FROM alpine\n{dockerfile}\n")
        return build_buildkit(
            engine, tmp_path / "scratch", [str(context)], export=False, toolchain=toolchain
        ).record

    return of_files


def lay_out(files: Mapping[str, str], directory: Path) -> Path:
    directory.mkdir()
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir()
        elif content.startswith("-> "):
            path.symlink_to(content[3:])
        else:
            path.write_text(content)
    return directory


def is_reused(record: BuildRecord, number: int = 1) -> bool:
    return record.steps[number].status is StepStatus.HIT


def has_equal_keys(writer: BuildRecord, reader: BuildRecord, number: int = 1) -> bool:
    keys = [keys_of(record).steps[number].key for record in (writer, reader)]
    assert not keys[0].unknown
    return keys[0].digest == keys[1].digest


@pytest.mark.parametrize("name", CASES)
def test_what_a_second_build_reuses(request: pytest.FixtureRequest, build: Build, name: str) -> None:
    case, engine_name = CASES[name], request.node.callspec.params["engine"]
    writer, reader = build(case.before, case.dockerfile), build(case.after, case.dockerfile)
    assert is_reused(reader) == (engine_name in case.reused)
    assert has_equal_keys(writer, reader) == is_reused(reader)


@pytest.mark.parametrize(
    ("before", "after", "reused"),
    [
        ("cache,id=one,target=/c", "cache,id=two,target=/c", (BULLSEYE, TRIXIE, FORKY)),
        ("tmpfs,target=/t1", "tmpfs,target=/t2", (BULLSEYE,)),
    ],
)
def test_what_of_a_mount_counts(
    request: pytest.FixtureRequest, build: Build, before: str, after: str, reused: tuple[str, ...]
) -> None:
    writer, reader = (
        build({"a": "1"}, f"RUN --mount=type={mount} echo {before}") for mount in (before, after)
    )
    assert is_reused(reader) == (request.node.callspec.params["engine"] in reused)
    assert has_equal_keys(writer, reader) == is_reused(reader)


def test_a_link_to_itself_before_a_wildcard_fails_the_build(build: Build) -> None:
    with pytest.raises(AssertionError, match="too many links"):
        build({"a": "-> a", "b": "1"}, "COPY a/*.txt /c6/")


def test_what_of_a_tar_counts(
    request: pytest.FixtureRequest, engine: RunningEngine, toolchain: Toolchain, tmp_path: Path
) -> None:
    first, owned, other_device = (
        record_tar(engine, toolchain, tmp_path / f"{number}", uid, minor)
        for number, (uid, minor) in enumerate([(0, 3), (5, 3), (0, 5)])
    )
    name = request.node.callspec.params["engine"]
    assert is_reused(owned) == (name in (BULLSEYE, BOOKWORM))
    assert is_reused(other_device) == (name in (TRIXIE, FORKY))
    for reader in (owned, other_device):
        assert has_equal_keys(first, reader) == is_reused(reader)


def record_tar(
    engine: RunningEngine, toolchain: Toolchain, directory: Path, uid: int, minor: int
) -> BuildRecord:
    context = HandMadeContext().add("d/", type=EntryType.DIRECTORY).add("d/a", b"1", uid=uid)
    context.add("d/device", type=EntryType.CHAR_DEVICE, devmajor=1, devminor=minor)
    context.add("Dockerfile", b"FROM alpine\nCOPY d /d/\n")
    directory.mkdir()
    archive = directory / "context.tar"
    archive.write_bytes(context.tar())
    scratch = directory / "scratch"
    return build_buildkit(engine, scratch, ["-"], stdin=archive, export=False, toolchain=toolchain).record
