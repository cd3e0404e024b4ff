"""The BuildKit key model computes the very digests that a real engine exports with its cache."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from engines.keymodel import HandMadeContext, Recorded, build_buildkit
from today import engines_of_today

from layerfork.builders.engines import RunningEngine, open_engine
from layerfork.keys.buildkit.buildkit_keys import buildkit_keys
from layerfork.keys.buildkit.content_digest import Contents, content_digest
from layerfork.keys.buildkit.content_tree import content_tree
from layerfork.keys.buildkit.opdigest import record_digest
from layerfork.keys.buildkit.opparts import input_uses
from layerfork.keys.buildkit.sources import SourceParts
from layerfork.record.context import EntryType
from layerfork.record.record import BuildRecord
from layerfork.releases import buildkit_rules

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module", params=engines_of_today("private:26.1+containerd", "private:28.5+containerd"))
def engine(request: pytest.FixtureRequest) -> Iterator[RunningEngine]:
    with open_engine(request.param).start(os.environ, print) as running:
        yield running


def content_records(record: BuildRecord, contents: Contents) -> dict[str, str]:
    """Record digests of every content key of a build, by the instruction that it belongs to."""
    assert record.definition is not None
    assert record.engine is not None
    rules = buildkit_rules(record.engine.buildkit_version, record.engine.version)
    ops = {op.digest: op for op in record.definition.ops}
    sources = SourceParts(record=record, ops=ops)
    found: dict[str, str] = {}
    for step in record.steps:
        for digest in step.vertices:
            for use, source in zip(input_uses(ops[digest], rules), ops[digest].inputs, strict=True):
                manifest = sources.context_of(source.digest)
                if use.selectors and manifest is not None:
                    tree = content_tree(manifest, rules)
                    found[step.instruction] = record_digest(content_digest(tree, use.selectors, contents), -1)
    return found


def assert_exported(built: Recorded, contents: Contents) -> None:
    for instruction, digest in content_records(built.record, contents).items():
        assert digest in built.exported, f"content key of {instruction}"
    for step, key in zip(built.record.steps, buildkit_keys(built.record).steps, strict=True):
        assert not key.key.unknown, step.instruction
        assert key.key.engine_form in built.exported, f"operation of {step.instruction}"


def of_directory(context: Path) -> Contents:
    return lambda entry: [(context / entry.name).read_bytes()]


def a_context(directory: Path) -> Path:
    directory.mkdir()
    (directory / "a.txt").write_text("hello\n")
    (directory / "b.txt").write_text("bye\n")
    (directory / "b.txt").chmod(0o4755)
    (directory / "d" / "sub").mkdir(parents=True)
    (directory / "d" / "x").write_text("X")
    (directory / "d" / "x.y").write_text("")
    (directory / "d" / "sub" / "y").write_text("Y")
    (directory / "d" / "sub").chmod(0o700)
    (directory / "d" / "é").write_text("non-ASCII")
    os.link(directory / "d" / "x", directory / "d" / "hard")
    (directory / "d" / "up").symlink_to("../a.txt")
    (directory / "d" / "dangling").symlink_to("nowhere")
    (directory / "link").symlink_to("a.txt")
    (directory / "dlink").symlink_to("d")
    os.mkfifo(directory / "d" / "fifo")
    os.setxattr(directory / "d" / "x.y", "user.note", b"\0attr")
    return directory


COPIES = """\
FROM alpine
COPY a.txt /a.txt
COPY d /d/
COPY a.txt b.txt /m/
COPY *.txt /w/
COPY link /l
COPY dlink /dl
COPY dlink/sub /ds/
COPY . /all/
COPY l*k /wl/
COPY d/s* /glob/
ADD --chown=1:2 a.txt /ad
COPY --chown=0:7 --chmod=0640 ["b.txt", "/na me<&>"]
WORKDIR /work
RUN echo tail
ENV A=1
ARG B=2
USER 1:1
RUN --network=none ["/bin/sh", "-c", "true"]
USER 0
RUN --mount=type=bind,source=d,target=/mnt --mount=type=cache,target=/c --mount=type=tmpfs,target=/t true
RUN --mount=type=cache,target=/c,id=own,sharing=locked true
"""


def test_directory_context(engine: RunningEngine, tmp_path: Path) -> None:
    context = a_context(tmp_path / "context")
    (context / "Dockerfile").write_text(COPIES)
    built = build_buildkit(engine, tmp_path / "scratch", [str(context)])
    assert len(built.record.steps) == 18
    assert_exported(built, of_directory(context))


def test_link_merges_and_excludes(engine: RunningEngine, tmp_path: Path) -> None:
    context = a_context(tmp_path / "context")
    (context / ".dockerignore").write_text("d/dangling\nd/fifo\n")
    (context / "Dockerfile").write_text(
        "# syntax=docker/dockerfile\n".replace("# syntax=docker/dockerfile\n", "")
        + "FROM alpine\nCOPY --link a.txt /k\nCOPY --link --chown=5 d/sub /s/\n"
    )
    built = build_buildkit(engine, tmp_path / "scratch", [str(context)])
    assert_exported(built, of_directory(context))


def test_tar_context(engine: RunningEngine, tmp_path: Path) -> None:
    context = (
        HandMadeContext()
        .add("./", type=EntryType.DIRECTORY, mode=0o700, uid=9)
        .add("./a.txt", b"first", uid=1)
        .add("./a.txt", b"second", uid=1000, gid=1001, mode=0o100664)
        .add("d/x", b"X", xattrs=(("user.note", b"n"),))
        .add("d/hard", type=EntryType.HARDLINK, linkname="d/x")
        .add("d/l", type=EntryType.SYMLINK, linkname="x")
        .add("e", type=EntryType.DIRECTORY, mode=0o2775, gid=50)
        .add("e/dev", type=EntryType.CHAR_DEVICE, devmajor=1, devminor=3, mode=0o666)
        .add("Dockerfile", b"FROM alpine\nCOPY a.txt /\nCOPY d /d/\nCOPY e /e/\nCOPY . /all/\nRUN true\n")
    )
    archive = tmp_path / "context.tar"
    archive.write_bytes(context.tar())
    contents = {id(entry): data for entry, data in zip(context.entries, context.contents, strict=True)}
    by_digest = {entry.content: contents[id(entry)] for entry in context.entries}
    built = build_buildkit(engine, tmp_path / "scratch", ["-"], stdin=archive)
    assert_exported(built, lambda entry: [by_digest[entry.content]])


def test_stages_read_each_other_by_content(engine: RunningEngine, tmp_path: Path) -> None:
    context = a_context(tmp_path / "context")
    (context / "Dockerfile").write_text(
        "FROM alpine AS one\nRUN echo Z > /z\nCOPY a.txt /\nFROM alpine\nCOPY --from=one /z /z\n"
        "RUN --mount=from=one,target=/mnt,source=/z true\nCOPY --from=one /a.txt /\n"
    )
    built = build_buildkit(engine, tmp_path / "scratch", [str(context)])
    keys = {
        s.instruction: k for s, k in zip(built.record.steps, buildkit_keys(built.record).steps, strict=True)
    }
    last_of_one = keys["COPY a.txt /"].index
    for instruction, key in keys.items():
        if "from=one" in instruction:
            assert key.by_content == (last_of_one,), instruction
        assert key.key.engine_form in built.exported


LINKS = "FROM alpine\nCOPY --link a.txt /a\nCOPY --link b.txt /b\n"
COPIED = "FROM alpine\nCOPY a.txt /a\nCOPY b.txt /b\n"


def statuses(engine: RunningEngine, scratch: Path, context: Path, text: str, *options: str) -> list[str]:
    (context / "Dockerfile").write_text(text)
    built = build_buildkit(engine, scratch, [*options, str(context)], export=False)
    return [step.status.value for step in built.record.steps]


def test_a_linked_copy_whose_files_are_merged_later_is_a_hit(engine: RunningEngine, tmp_path: Path) -> None:
    context = a_context(tmp_path / "context")
    statuses(engine, tmp_path / "scratch", context, LINKS)

    found = statuses(engine, tmp_path / "scratch", context, LINKS + "RUN true\n")

    assert found == ["hit", "hit", "hit", "miss"]


def test_an_imported_step_whose_files_are_fetched_later_is_a_hit(
    engine: RunningEngine, tmp_path: Path
) -> None:
    context, cache = a_context(tmp_path / "context"), tmp_path / "exported"
    export, import_ = f"--cache-to=type=local,dest={cache},mode=max", f"--cache-from=type=local,src={cache}"
    statuses(engine, tmp_path / "scratch", context, COPIED, export)
    engine.reset()

    found = statuses(engine, tmp_path / "scratch", context, COPIED + "RUN true\n", import_)

    assert found == ["hit", "hit", "hit", "miss"]
