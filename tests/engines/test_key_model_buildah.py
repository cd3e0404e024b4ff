"""The buildah key model computes the very strings that real podman engines write into image history."""

import json
import os
import posixpath
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from engines.keymodel import HandMadeContext, post_build
from today import part_of_today

from layerfork.builders.engines import open_engine
from layerfork.builders.engines.podman import RunningPodmanEngine
from layerfork.context.ignore.containers_storage import storage_matcher
from layerfork.dockerfile import parse_dockerfile
from layerfork.keys import keys_of
from layerfork.keys.buildah.content import CopyOptions, added_summary
from layerfork.keys.buildah.copier import SourceFinder
from layerfork.keys.unpacked import unpack
from layerfork.record.build import Builder
from layerfork.record.context import ContextEntry, EntryType
from layerfork.record.record import (
    BuildOutcome,
    BuildRecord,
    BuildResult,
    RecordedRequest,
    StepRecord,
    StepStatus,
)
from layerfork.releases import buildah_rules
from research.published.buildah import Histories
from research.published.files import find_published

pytestmark = pytest.mark.engine
TAG = "test/keys"
NOP = "/bin/sh -c #(nop) "


@pytest.fixture(scope="module", params=part_of_today(["podman:5.4", "podman:4.3", "podman:5.8"], 2))
def engine(request: pytest.FixtureRequest) -> Iterator[RunningPodmanEngine]:
    with open_engine(request.param).start(os.environ, print) as running:
        assert isinstance(running, RunningPodmanEngine)
        yield running


def rich_context() -> HandMadeContext:
    context = HandMadeContext()
    context.add("a.txt", b"hello\n", uid=1000, gid=1000, mtime_ns=10**18)
    context.add("b.txt", b"bye\n", mode=0o4755)
    context.add("d/", type=EntryType.DIRECTORY, mode=0o750, uid=1000)
    context.add("d/x", b"X", mode=0o600)
    context.add("d/hard", type=EntryType.HARDLINK, linkname="d/x", mode=0o600)
    context.add("d/link", type=EntryType.SYMLINK, linkname="nowhere")
    context.add("d/sub/", type=EntryType.DIRECTORY, mode=0o2775)
    context.add("d/sub/é", b"umlaut")
    context.add("d/" + "n" * 120, b"long name")
    context.add("implied/by/file", b"f")
    context.add("empty", b"")
    context.add("to-a", type=EntryType.SYMLINK, linkname="a.txt")
    context.add("to-d", type=EntryType.SYMLINK, linkname="d/sub")
    return context


def build(
    engine: RunningPodmanEngine, lines: list[str], context: HandMadeContext, **args: str
) -> tuple[BuildRecord, list[str]]:
    """The record of a build and what history says of its steps after FROM."""
    dockerfile = "\n".join(["FROM alpine", *lines, ""])
    context.add("Dockerfile", dockerfile.encode())
    query = {"t": TAG, "layers": "1", "buildargs": json.dumps(args)}
    answer = post_build(engine.socket, query, context.tar())
    assert not [line for line in answer if "error" in line], answer
    base, built = (engine.image_facts(name) for name in ("alpine", TAG))
    steps = tuple(
        StepRecord(index=index, instruction=each.text, status=StepStatus.MISS)
        for index, each in enumerate(parse_dockerfile(dockerfile).instructions, start=1)
    )
    record = BuildRecord(
        id="build",
        recorded_at="2026-01-01T00:00:00Z",
        builder=Builder.BUILDAH,
        engine=engine.info,
        request=RecordedRequest(dockerfile=dockerfile, build_args=tuple(sorted(args.items()))),
        context=context.manifest(),
        steps=steps,
        base_images=(("alpine", base),),
        result=BuildResult(outcome=BuildOutcome.SUCCEEDED),
    )
    return record, [row.created_by for row in built.history[len(base.history) :]]


COPIES = (
    ("a.txt", "/x"),
    ("a.txt", "/y/"),
    ("b.txt", "/b"),
    ("d", "/d"),
    ("d/", "/e/"),
    (".", "/all"),
    ("implied", "/i"),
    ("empty", "/empty"),
    ("a.txt", "b.txt", "/two/"),
    ("*.txt", "/glob/"),
    ("d/sub", "a.txt", "/mixed/"),
    ("to-a", "/link"),
    ("to-d", "/dirlink"),
    ("./d/../a.txt", "/clean"),
)


def test_copied_files(engine: RunningPodmanEngine) -> None:
    engine.reset()
    context = rich_context()
    lines = ["COPY " + " ".join(words) for words in COPIES]
    record, written = build(engine, lines, context)
    assert engine.info is not None
    rules = buildah_rules(engine.info)
    data = {id(entry): piece for entry, piece in zip(context.entries, context.contents, strict=True)}

    def contents(entry: ContextEntry) -> list[bytes]:
        return [data[id(entry)]]

    finder = SourceFinder(tree=unpack(context.entries), excludes=storage_matcher(()), rules=rules)
    computed = []
    for *sources, destination in COPIES:
        found = finder.find(sources, CopyOptions())
        if len(found) == 1 and not found[0].is_directory and not destination.endswith("/"):
            found = finder.find(sources, CopyOptions(rename=posixpath.basename(destination)))
        computed.append(f"{NOP}COPY {added_summary(found, contents)} in {destination} {rules.copy_ends}")
    assert computed == written
    assert not [key.key.unknown for key in keys_of(record).steps if key.key.unknown]


OWNERS = (
    (0, 0, ""),
    (0, 1000, "somebody"),
    (1000, 0, "root"),
    (1000, 1000, ""),
    (1001, 1001, "somebody"),
)
"""Uid, gid and name as sent; the first two are root's."""


def test_nothing_but_whether_root_owns_a_file_counts(engine: RunningPodmanEngine) -> None:
    """Up to buildah 1.41.1; then nothing of an owner does. Names that are sent never count."""
    engine.reset()
    written = []
    for uid, gid, name in OWNERS:
        context = HandMadeContext()
        context.add("a", b"a", uid=uid, gid=gid, uname=name, gname=name)
        written.append(build(engine, ["COPY a /"], context)[1])
    assert engine.info is not None
    roots, others = written[:2], written[2:]
    assert all(each == roots[0] for each in roots)
    assert all(each == others[0] for each in others)
    assert (roots[0] != others[0]) is not engine.info.version.startswith("5.8")


def test_every_other_instruction(engine: RunningPodmanEngine) -> None:
    engine.reset()
    lines = [
        "ARG FOO=1",
        "ARG  BAR",
        "ENV A=1  B=two",
        "ENV C $FOO",
        "LABEL l=1",
        "label  m=$FOO",
        "WORKDIR /w",
        "USER 0",
        "EXPOSE 80/tcp",
        "VOLUME /v",
        'CMD ["x",  "y"]',
        "ENTRYPOINT x",
        "STOPSIGNAL 9",
        'SHELL ["/bin/sh", "-c"]',
        "MAINTAINER someone",
        "HEALTHCHECK NONE",
        "RUN  echo $FOO",
        "RUN echo \\\n  tail",
    ]
    assert engine.info is not None
    if not engine.info.version.startswith("4."):  # it knows no here-documents
        lines = ["RUN <<EOF\necho first\nEOF", *lines, "RUN <<EOF\necho last\nEOF"]
    record, written = build(engine, lines, HandMadeContext(), FOO="2")
    keys = keys_of(record).steps[1:]
    assert [key.key.engine_form for key in keys] == written
    assert not [key.key.unknown for key in keys if key.key.unknown]


def test_arguments(engine: RunningPodmanEngine) -> None:
    """Kept, hidden by the environment, proxies and the builder's own."""
    engine.reset()
    lines = [
        "ARG Y=1",
        "ARG Y",
        "RUN echo y",
        "ARG C=${C:-k} HTTP_PROXY=http://d",
        "ARG X D=$X$C PATH=/bin:/sbin",
        "RUN echo $D",
        "ARG Z=$X TARGETARCH HTTP_PROXY",
        "RUN echo $Z",
        "ENV C=env HTTP_PROXY=e",
        "ARG C=other",
        "ARG N=$C",
        "RUN echo $N",
    ]
    record, written = build(engine, lines, HandMadeContext(), X="given", FTP_PROXY="f")
    keys = keys_of(record).steps[1:]
    assert [key.key.engine_form for key in keys] == written
    assert not [key.key.unknown for key in keys if key.key.unknown]


def test_published_dockerfiles_are_compared(
    engine: RunningPodmanEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `make published` does it. It can fail: files of another digest are a difference."""
    engine.reset()
    text = "FROM some/where:1 AS a\nARG V=1\nENV E=$V\nCOPY b /b\n"
    text += "FROM a\nCOPY --from=a b c\nRUN true $V\nADD . .\n"
    (tmp_path / "Dockerfile").write_text(text)
    (tmp_path / "b").write_text("data")
    (tmp_path / "Dockerfile.none").write_text("FROM some/where:1\nCOPY none .\n")
    (tmp_path / "Dockerfile.false").write_text("FROM some/where:1\nRUN false\n")
    (tmp_path / "x_test.go").write_text('"FROM alpine"')
    with TemporaryDirectory(prefix="lf") as place:
        histories = Histories(engine=engine, place=Path(place))
        for each in find_published([tmp_path], 0).texts.values():
            histories.add(each)
        assert (histories.built, histories.digests, histories.is_good) == (1, 2, True), histories.wrong
        assert histories.exact == {"ARG": 1, "ENV": 1, "COPY": 2, "RUN": 1, "ADD": 1}
        assert histories.passed_over == {
            "a file that is not in the context": 1,
            "a command that fails here": 1,
            "a text of a program, which has no context": 1,
        }
        monkeypatch.setattr("research.published.buildah.added_summary", lambda *_: "file:0")
        histories.add(find_published([tmp_path], 0).texts[text])
        assert (len(histories.wrong), histories.is_good) == (2, False)


def test_equal_keys_hit_and_other_keys_miss(engine: RunningPodmanEngine) -> None:
    """What is no part hits; a part misses, from the step on that has it."""
    engine.reset()
    lines = ["COPY d /d", "COPY a.txt /a", "COPY . /all"]
    first, _ = build(engine, lines, rich_context())
    layers = engine.image_facts(TAG).diff_ids
    later = rich_context()
    later.entries = [replace(entry, mtime_ns=5, gname="someone") for entry in later.entries]
    again, _ = build(engine, lines, later)
    assert [key.key.digest for key in keys_of(first).steps] == [
        key.key.digest for key in keys_of(again).steps
    ]
    assert engine.image_facts(TAG).diff_ids == layers
    changed = rich_context()
    changed.entries = [
        replace(entry, mode=0o640) if entry.name == "a.txt" else entry for entry in changed.entries
    ]
    other, _ = build(engine, lines, changed)
    same = [
        mine.key.digest == theirs.key.digest
        for mine, theirs in zip(keys_of(first).steps, keys_of(other).steps, strict=True)
    ]
    assert same == [True, True, False, False]
    kept = len(layers) - 2
    found = engine.image_facts(TAG).diff_ids
    assert (found[:kept] == layers[:kept], found[kept] == layers[kept]) == (True, False)
