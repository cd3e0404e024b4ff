"""Of what BuildKit's client was not asked for the other build's word is taken, and of nothing else."""

import json
from dataclasses import replace

import pytest
from corpus.make import RECORDS
from unit.diagnose.makers import digest
from unit.diagnose.rebuilt import judged

from layerfork.diagnose import explain_pair
from layerfork.diagnose.answer import answer_fork
from layerfork.diagnose.causes.scene import AnswerSources, FileLook
from layerfork.diagnose.proof.unasked import informed_by
from layerfork.record.answer import Cause, Side, Situation
from layerfork.record.context import ContextEntry, EntryType, Transport
from layerfork.record.record import BuildRecord
from layerfork.record.store.recordfile import read_records


def records(name: str = "buildkit-instruction-source") -> tuple[BuildRecord, BuildRecord]:
    """``COPY a /x`` is ``COPY d/x /x`` in the second."""
    writer, reader = read_records(RECORDS / f"{name}.jsonl")
    return writer, reader


def asking(record: BuildRecord, *paths: str, included: str = "") -> BuildRecord:
    """The record as if its client had been asked for these paths; for everything where there are none."""
    assert record.definition is not None
    ops = []
    for op in record.definition.ops:
        if op.source is not None and op.source.identifier == "local://context":
            attrs = {name: value for name, value in op.source.attrs if name != "local.followpaths"}
            attrs |= {"local.followpaths": json.dumps(paths)} if paths else {}
            attrs |= {"local.includepattern": json.dumps([included])} if included else {}
            op = replace(op, source=replace(op.source, attrs=tuple(sorted(attrs.items()))))
        ops.append(op)
    return replace(record, definition=replace(record.definition, ops=tuple(ops)))


def with_context(record: BuildRecord, **values: object) -> BuildRecord:
    assert record.context is not None
    return replace(record, context=replace(record.context, **values))  # type: ignore[arg-type]


def in_directory(record: BuildRecord, directory: str) -> BuildRecord:
    return replace(record, place=replace(record.place, directory=directory))


def taken(writer: BuildRecord, reader: BuildRecord) -> set[str]:
    return set(informed_by(writer, reader).taken)


def cause(writer: BuildRecord, reader: BuildRecord) -> Cause:
    (fork,) = explain_pair(judged("one", writer), judged("two", reader))
    (found,) = fork.causes
    return found


def test_what_no_step_reads_is_taken_as_the_other_was_sent_it() -> None:
    writer, reader = records()
    assert taken(writer, reader) == {"a"}
    found = cause(writer, reader)
    assert (found.code, found.status) == ("instruction", "PROVEN")
    unasked = "two did not ask its client for a, which none of its steps reads"
    assert f"{unasked}: assumed to be what one sent" in found.evidence


@pytest.mark.parametrize(
    ("lies_there", "as_sent", "back"),
    [(True, True, ""), (True, False, ", and restore a"), (False, False, "")],
    ids=["as it was", "changed since", "not at hand"],
)
def test_the_way_back_needs_the_file_as_it_was(lies_there: bool, as_sent: bool, back: str) -> None:
    writer, reader = records()
    (fork,) = explain_pair(judged("one", writer), judged("two", reader))
    seen = FileLook(with_lf=digest("one"), with_crlf=digest("one"))
    sources = AnswerSources(
        writer=writer,
        reader=reader,
        sides=(Side(name="before"), Side(name="now")),
        situation=Situation.AGAIN,
        look=lambda record, entry: seen if as_sent and (record, entry.name) == (writer, "a") else None,
        there=lambda record, path: lies_there,
    )
    fix = answer_fork(fork, sources).fix
    assert fix.sentence == f"expected after that edit; to undo it, write `COPY a /x`{back}"


def test_evidence_speaks_only_of_what_the_step_reads() -> None:
    writer, reader = records("buildkit-instruction-destination")
    assert not any("did not ask" in line for line in cause(writer, reader).evidence)


@pytest.mark.parametrize(
    ("paths", "included"),
    [
        ((), ""),
        (("a",), ""),
        (("d", "a"), ""),
        (("*",), ""),
        (("d/x", "?"), ""),
        (("d/x", "."), ""),
        (("d/x",), "*.t"),
    ],
    ids=["everything", "it", "it too", "any", "any in a pattern", "the root", "by patterns"],
)
def test_what_was_asked_for_and_is_not_there_is_not_there(paths: tuple[str, ...], included: str) -> None:
    writer, reader = records()
    assert taken(writer, asking(reader, *paths, included=included)) == set()
    assert cause(writer, asking(reader, *paths, included=included)).status == "SUSPECTED"


def test_patterns_that_leave_it_out_count() -> None:
    writer, reader = records()
    assert taken(writer, with_context(reader, excludes=("a",))) == set()
    assert taken(writer, with_context(reader, excludes=("b",))) == {"a"}


def test_tars_hold_all_there_is() -> None:
    writer, reader = records()
    assert taken(writer, with_context(reader, transport=Transport.TAR)) == set()
    assert taken(with_context(writer, transport=Transport.TAR), reader) == set()


def test_two_directories_are_two_contexts() -> None:
    writer, reader = records()
    assert taken(in_directory(writer, "/one"), in_directory(reader, "/two")) == set()
    assert taken(in_directory(writer, "/one"), in_directory(reader, "/one")) == {"a"}
    assert taken(in_directory(writer, "/one"), reader) == {"a"}
    found = cause(in_directory(writer, "/one"), in_directory(reader, "/two"))
    assert found.status == "SUSPECTED"


def test_what_links_lead_to_was_asked_for() -> None:
    writer, reader = records()
    assert reader.context is not None
    link = ContextEntry(name="l", type=EntryType.SYMLINK, linkname="a", mode=0o777)
    linked = with_context(reader, entries=(*reader.context.entries, link))
    assert taken(writer, asking(linked, "l", "d/x")) == set()


def test_nothing_is_put_below_what_is_no_directory() -> None:
    writer, reader = records()
    assert writer.context is not None
    below = ContextEntry(name="d/x/y", type=EntryType.FILE, mode=0o644, content=digest("one"))
    assert taken(with_context(writer, entries=(*writer.context.entries, below)), asking(reader, "q")) == {"a"}


def test_what_the_reader_was_sent_stays_as_it_is() -> None:
    writer, reader = records("buildkit-instruction-source-read-below")
    informed = informed_by(writer, reader)
    assert reader.context is not None
    assert informed.record.context is not None
    assert informed.record.context.entries[: len(reader.context.entries)] == reader.context.entries
