"""The classic key model computes the very strings that a real engine writes into image history."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from engines.keymodel import HandMadeContext, build_classic, created_by
from today import part_of_today

from layerfork.builders.engines import RunningEngine, open_engine
from layerfork.keys.classic.classic_keys import classic_keys
from layerfork.record.context import EntryType
from layerfork.record.record import BuildRecord, RecordedRequest

pytestmark = pytest.mark.engine
VECTORS = Path(__file__).parents[1] / "vectors" / "cache-key-vectors.json"


@pytest.fixture(
    scope="module",
    params=part_of_today(["private:26.1", "private:26.1+containerd", "private:20.10", "private:28.5"], 2),
)
def engine(request: pytest.FixtureRequest) -> Iterator[RunningEngine]:
    with open_engine(request.param).start(os.environ, print) as running:
        yield running


def assert_forms(engine: RunningEngine, record: BuildRecord) -> None:
    """Every step's computed string is the engine's; steps that nobody could compute need history."""
    keys = classic_keys(record)
    observed = {}
    for step, key in zip(record.steps, keys.steps, strict=True):
        if step.instruction.startswith("FROM") or key.always_runs:
            continue
        text = observed[step.index] = created_by(engine, step)
        assert key.key.unknown or key.key.engine_form == text, step.instruction
    complete = replace(
        record, steps=tuple(replace(s, created_by=observed.get(s.index, "")) for s in record.steps)
    )
    for step, key in zip(complete.steps, classic_keys(complete).steps, strict=True):
        if step.index in observed:
            assert key.key.engine_form == step.created_by
            assert not key.key.unknown


def context_of(vectors: list[dict[str, Any]]) -> HandMadeContext:
    context = HandMadeContext()
    types = {"0": EntryType.FILE, "1": EntryType.HARDLINK, "2": EntryType.SYMLINK, "5": EntryType.DIRECTORY}
    for vector in vectors:
        if vector["name"] != "Dockerfile":
            context.add(
                vector["name"],
                vector.get("data", "").encode(),
                type=types[vector["type"]],
                mode=vector["mode"],
                uid=vector["uid"],
                gid=vector["gid"],
                linkname=vector.get("linkname", ""),
                mtime_ns=vector["mtime"] * 10**9,
            )
    return context


def test_the_measured_context(engine: RunningEngine) -> None:
    vectors = json.loads(VECTORS.read_text())["classic"]
    dockerfile = vectors["context"][0]["data"].replace("FROM base", "FROM alpine")
    record = build_classic(engine, dockerfile, context_of(vectors["context"]))
    assert_forms(engine, record)


def test_links_and_missing_directories(engine: RunningEngine) -> None:
    context = (
        HandMadeContext()
        .add("real.txt", b"R")
        .add("link.txt", type=EntryType.SYMLINK, linkname="real.txt")
        .add("abs", type=EntryType.SYMLINK, linkname="/dir/f")
        .add("dir/", type=EntryType.DIRECTORY)
        .add("dir/f", b"F", mode=0o100644)
        .add("dir/up", type=EntryType.SYMLINK, linkname="../../../real.txt")
        .add("dir/ld", type=EntryType.SYMLINK, linkname="sub")
        .add("dir/sub/", type=EntryType.DIRECTORY)
        .add("dir/bl", type=EntryType.SYMLINK, linkname="nowhere")
        .add("dir/loop", type=EntryType.SYMLINK, linkname="loop")
        .add("nodir/a", b"A")
        .add("./dot", b"D", uname="me", gname="us")
        .add("dlink", type=EntryType.SYMLINK, linkname="dir")
        .add("hl.txt", type=EntryType.HARDLINK, linkname="real.txt")
        .add("x", b"1", xattrs=(("user.b", b"\0\xff"), ("user.a", b"1")))
        .add("d[1].txt", b"odd")
    )
    dockerfile = (
        "FROM alpine\nCOPY link.txt /1\nCOPY abs /2\nCOPY dir /3/\nCOPY nodir /4/\nCOPY d*t /5/\n"
        "COPY dlink /6/\nCOPY hl.txt /7\nCOPY x /8\nCOPY . /9/\nCOPY ./dir/../real.txt dir /10/\n"
        "COPY d[[]1].txt /11\nCOPY dlink/sub /12/\nCOPY *.txt nodir/[^b] /13/\nADD real.txt /14\n"
        'COPY ["real.txt", "dir", "/15/"]\n'
    )
    assert_forms(engine, build_classic(engine, dockerfile, context))


def test_duplicates_take_the_first_digest(engine: RunningEngine) -> None:
    context = (
        HandMadeContext()
        .add("a", b"first")
        .add("d/", type=EntryType.DIRECTORY, mode=0o700)
        .add("d/x", b"x")
        .add("a", b"second")
        .add("d", b"now a file")
        .add("e", b"was a file")
        .add("e/", type=EntryType.DIRECTORY)
        .add("e/y", b"y")
    )
    dockerfile = "FROM alpine\nCOPY a /1\nCOPY d /2\nCOPY e /3/\nCOPY . /4/\n"
    assert_forms(engine, build_classic(engine, dockerfile, context))


@pytest.mark.parametrize("ignored", ["Dockerfile", ".dockerignore", "Dockerfile\n.dockerignore\n", "other\n"])
def test_the_engine_removes_what_the_ignore_file_names(engine: RunningEngine, ignored: str) -> None:
    context = HandMadeContext().add("a", b"1").add(".dockerignore", ignored.encode())
    record = build_classic(engine, "FROM alpine\nCOPY . /\nCOPY a /b\n", context)
    assert_forms(engine, record)
    assert record.context is not None
    told = replace(record, context=replace(record.context, excludes=tuple(ignored.split())))
    assert not classic_keys(told).steps[1].key.unknown
    assert_forms(engine, told)


def test_every_instruction(engine: RunningEngine) -> None:
    dockerfile = r"""# escape=\
ARG V=latest
ARG W=${V}x
FROM alpine:$V AS one
MAINTAINER me  <m@x>
ENV A=1 B="two  words" C=\$x
ENV  OLD style  value
ENV D=${A}_${NONE:-dflt}_${A:+set} A=3
LABEL a=b "c d"="e f" g=$A
ARG FOO
ARG BAR=2 BAZ="x y"
ARG W
EXPOSE 9000 80/tcp $A
EXPOSE ${NONE:-8000}-${NONE:-8010} 80${NONE:-81} "${NONE:-82}" ${A:+9}${A:+7} $A-$A
USER nobody:$A
WORKDIR rel
WORKDIR sub/../other
WORKDIR /abs/$BAR
VOLUME /v $A
VOLUME ["/a b", "/c"]
CMD echo  "hi" \
   there
CMD ["a", "b\"c", "tab	é"]
CMD ["a"] b
ENTRYPOINT exec  top
ENTRYPOINT []
STOPSIGNAL SIG${STOP:-TERM}
HEALTHCHECK --interval=1m30s --timeout=2500ms --retries=3 --start-period=1h CMD curl -f "x"
HEALTHCHECK CMD ["a", "b"]
HEALTHCHECK --retries=2000000000 --timeout= CMD x
HEALTHCHECK --retries=55296 CMD x
HEALTHCHECK NONE
ONBUILD RUN  echo  "x"BLANKS
ONBUILD COPY a b
USER root
RUN true  "$A"   x
RUN ["/bin/sh", "-c", "true"]
SHELL ["/bin/sh", "-e", "-c"]
RUN true
CMD x
FROM alpine
ARG BAR=3
RUN true
COPY --chown=$BAR:1 Dockerfile /$BAR
""".replace("BLANKS", "  ")
    request = RecordedRequest(
        build_args=(("FOO", "given"), ("UNUSED", "1"), ("http_proxy", "http://p")),
        labels=(("z", "1"), ("b", "x y")),
    )
    assert_forms(engine, build_classic(engine, dockerfile, HandMadeContext(), request))


@pytest.mark.parametrize(
    ("build_args", "declared"),
    [
        ((), ""),
        ((("HTTP_PROXY", "p"),), ""),
        ((("HTTP_PROXY", "p"), ("X", "1")), "ARG X"),
        ((("http_proxy", "p"),), "ARG http_proxy"),
        ((("PATH", "p"),), "ARG PATH"),
        ((("X", ""),), "ARG X=5"),
        ((("ALL_PROXY", "p"),), "ARG Y"),
    ],
)
def test_arguments_of_run(
    engine: RunningEngine, build_args: tuple[tuple[str, str], ...], declared: str
) -> None:
    dockerfile = f"FROM alpine\n{declared}\nRUN true $X\n"
    request = RecordedRequest(build_args=build_args)
    assert_forms(engine, build_classic(engine, dockerfile, HandMadeContext(), request))


def test_copies_between_stages_are_known_from_history(engine: RunningEngine) -> None:
    dockerfile = "FROM alpine AS s\nRUN echo Z > /w\nFROM alpine\nCOPY --from=s /w /w\nCOPY --from=0 /w /x\n"
    record = build_classic(engine, dockerfile, HandMadeContext())
    unobserved = classic_keys(record)
    assert unobserved.steps[3].parents == (3, 2)
    assert unobserved.steps[3].key.unknown == ("content of /w in s",)
    assert_forms(engine, record)


def test_target_cuts_the_steps_and_labels_follow(engine: RunningEngine) -> None:
    dockerfile = "FROM alpine AS a\nENV X=1\nFROM alpine AS b\nENV Y=1\n"
    request = RecordedRequest(target="A", labels=(("k", "v=w"),))
    record = build_classic(engine, dockerfile, HandMadeContext(), request)
    assert [step.instruction for step in record.steps][-1] == "LABEL k=v=w"
    assert_forms(engine, record)


def test_onbuild_triggers_belong_to_from(engine: RunningEngine) -> None:
    base = "FROM alpine\nONBUILD COPY a /onbuild\nONBUILD RUN true\n"
    first = build_classic(engine, base, HandMadeContext())
    facts = engine.image_facts(first.steps[-1].identity)
    assert facts.onbuild == ("COPY a /onbuild", "RUN true")
    name = first.steps[-1].identity
    context = HandMadeContext().add("a", b"1")
    record = build_classic(engine, f"FROM {name}\nENV X=1\n", context, base=name)
    key = classic_keys(record).steps[0]
    assert not key.always_runs
    own = {part.field for part in key.key.all_parts if not part.places}
    assert own - {"platform"} == {"id"}
    assert {place for part in key.key.all_parts for place in part.places} == {("trigger", 1), ("trigger", 2)}
    assert_forms(engine, record)
