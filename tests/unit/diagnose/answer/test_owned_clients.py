"""What is said of two clients' owners and names: to the one whose tar a person makes, else of the files."""

from dataclasses import replace

import pytest
from unit.diagnose.answer.test_patterns import cause, entry, record

from layerfork.diagnose.answer import answer_fork
from layerfork.diagnose.causes.scene import AnswerSources
from layerfork.record.answer import Cause, Fix, Fork, MissKind, Side, Situation
from layerfork.record.context import ContextEntry

MINE = Side(name="mine", is_own=True)
TAR = Side(name="docker-context-build", takes_tar=True)
CLI, PY = Side(name="docker-build"), Side(name="docker_py-build")

OF_ROOT = "`tar --owner=0 --group=0 -cf ../context.tar $(ls -A)`"
CHOWN = "`chown -h 0:0 a` before docker_py-build builds, which sends the owners that the files have"


def fix_of(
    writer: Side, reader: Side, *causes: Cause, entries: tuple[list[ContextEntry], list[ContextEntry]]
) -> Fix:
    fork = Fork(
        writer=writer.name,
        reader=reader.name,
        step=2,
        writer_step=2,
        instruction="COPY . .",
        miss_kind=MissKind.KEY_CHANGED,
        causes=causes,
        consequences=(),
    )
    sent = [record(each) for each in entries]
    sources = AnswerSources(
        writer=sent[0], reader=sent[1], sides=(writer, reader), situation=Situation.CLIENTS
    )
    (point,) = answer_fork(fork, sources).points
    return point.fix


def owners(writer: Side, reader: Side, has: str, wants: str) -> Fix:
    sent = [[replace(entry("a"), uid=int(each), gid=int(each))] for each in (has, wants)]
    parts = (cause(code, ("a", has, wants)) for code in ("uid", "gid"))
    return fix_of(writer, reader, *parts, entries=(sent[0], sent[1]))


@pytest.mark.parametrize(
    ("writer", "reader", "has", "wants", "sentence"),
    [
        (
            CLI, MINE, "0", "1000",
            f"mine: send a tar made with {OF_ROOT}, or by `layerfork pack`",
        ),
        (
            MINE, CLI, "1000", "0",
            f"mine: send a tar made with {OF_ROOT}, or by `layerfork pack`",
        ),
        (
            TAR, MINE, "5", "1000",
            "mine: send a tar made with `tar --owner=5 --group=5 -cf ../context.tar $(ls -A)`",
        ),
        (
            TAR, CLI, "1000", "0",
            f"give docker-context-build a tar made with {OF_ROOT}",
        ),
        (PY, CLI, "1000", "0", CHOWN),
        (CLI, PY, "0", "1000", CHOWN),
        (PY, CLI, "1000", "7", "build with docker_py-build alone or docker-build alone"),
    ],
)  # fmt: skip
def test_whose_owners_are_mended(writer: Side, reader: Side, has: str, wants: str, sentence: str) -> None:
    assert owners(writer, reader, has, wants).sentence == sentence


@pytest.mark.parametrize(
    ("writer", "reader", "sentence"),
    [
        (
            CLI,
            MINE,
            "mine: send a tar without the prefix: `tar -cf ../context.tar $(ls -A)`, or by `layerfork pack`",
        ),
        (CLI, TAR, "give docker-context-build a tar without the prefix: `tar -cf ../context.tar $(ls -A)`"),
        (MINE, CLI, "mine: send a tar with the prefix: `tar -cf ../context.tar .`"),
        (CLI, PY, "build with docker-build alone or docker_py-build alone"),
    ],
)
def test_whose_names_are_mended(writer: Side, reader: Side, sentence: str) -> None:
    named = cause("entry-name", ("a", "a", "./a"))
    made = fix_of(writer, reader, named, entries=([entry("a")], [entry("./a")]))
    assert made.sentence == sentence
