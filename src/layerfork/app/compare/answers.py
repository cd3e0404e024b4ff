"""Answers to the forks of a report: what the two builds are called, and whose they are.

What makes answers is imported where there is something to answer: most builds of `why` have no fork.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import PurePath

from layerfork.errors import UsageError
from layerfork.record.answer import Answer, Judgement, Side, Situation
from layerfork.record.record import BuildRecord
from layerfork.record.run import AGAIN, TrialBuild

BEFORE, NOW = "before", "now"


def sides_again(writer: BuildRecord, reader: BuildRecord) -> tuple[Side, Side]:
    """Of two builds that one person made, one after the other."""
    return Side(name=BEFORE, sent_by=_program(writer)), Side(name=NOW, sent_by=_program(reader))


def sides_of_files(
    writer: BuildRecord, reader: BuildRecord, writer_name: str, reader_name: str
) -> tuple[Side, Side]:
    """Called by the names of their files: ``ci`` of ``../ci.jsonl#1`` where that tells them apart."""
    names = [_stem(name) for name in (writer_name, reader_name)]
    if names[0] == names[1]:
        names = [f"{_stem(name)}#{name.rpartition('#')[2]}" for name in (writer_name, reader_name)]
    if names[0] == names[1]:
        names = [writer_name, reader_name]
    sides = zip(names, (writer, reader), strict=True)
    first, second = (_side(name, _program(record), record.client.id) for name, record in sides)
    return first, second


def _side(name: str, program: str, client_id: str) -> Side:
    """``client_id`` is empty for what is no client of a relay."""
    if not client_id:
        return Side(name=name, sent_by=program)
    from layerfork.builders.clients import ContextForm, find_client  # late: only forks need it

    try:
        form = find_client(client_id).context_form
    except UsageError:
        return Side(name=name, sent_by=program, is_own=True)
    return Side(name=name, sent_by=program, takes_tar=form is ContextForm.TAR)


def _stem(name: str) -> str:
    path, mark, number = name.rpartition("#")
    stem = PurePath(path if mark and number.isdecimal() else name).name
    return stem.removesuffix(".zst").removesuffix(".jsonl") or stem


def situation_of_files(writer: BuildRecord, reader: BuildRecord) -> Situation:
    """Whose builds two records are: those of one engine were made on one machine."""
    engines = [record.engine.instance if record.engine is not None else "" for record in (writer, reader)]
    if not engines[0] or engines[0] != engines[1]:
        return Situation.MACHINES
    if writer.client.id and reader.client.id and writer.client.id != reader.client.id:
        return Situation.CLIENTS
    return Situation.AGAIN


def answers_of_pair(
    judgement: Judgement,
    writer: BuildRecord,
    reader: BuildRecord,
    sides: tuple[Side, Side],
    situation: Situation,
    whole_reader: Callable[[], BuildRecord],
) -> tuple[tuple[Answer, ...], tuple[Answer, ...]]:
    """One for each fork, and one for each warning about steps that only the reader was asked for.

    ``whole_reader`` gives the reader's record with every file: ``reader`` need not list all.
    """
    if not (judgement.forks or judgement.warnings):
        return (), ()
    from layerfork.builders.recording import filesondisk as filelook  # late: only forks need it
    from layerfork.builders.recording import filesondisk as gitindex  # late: only forks need it
    from layerfork.diagnose.answer import answer_added, answer_fork  # late: only forks need it
    from layerfork.diagnose.causes.scene import AnswerSources  # late: only forks need it
    from layerfork.diagnose.compare.entries import first_by_path  # late: only forks need it

    sources = AnswerSources(
        writer=writer,
        reader=reader,
        sides=sides,
        situation=situation,
        look=filelook.look_at,
        there=filelook.is_there,
        index=gitindex.digest_in_index,
        lines=filelook.lines_of,
        all_entries=cache(lambda: first_by_path(whole_reader())),
    )
    asked = (answer_added(caution, sources) for caution in judgement.warnings)
    return tuple(answer_fork(fork, sources) for fork in judgement.forks), tuple(filter(None, asked))


def answers_of_rows(judgement: Judgement, rows: Sequence[TrialBuild]) -> tuple[Answer, ...]:
    """One for each fork of a relay."""
    if not judgement.forks:
        return ()
    from layerfork.builders.recording import filesondisk as filelook  # late: only forks need it
    from layerfork.builders.recording import filesondisk as gitindex  # late: only forks need it
    from layerfork.diagnose.answer import answer_fork  # late: only forks need it
    from layerfork.diagnose.causes.scene import AnswerSources  # late: only forks need it

    builds = _by_name(rows)
    answers = []
    for fork in judgement.forks:
        (writer, writer_side), (reader, reader_side) = builds[fork.writer], builds[fork.reader]
        again = fork.reader == AGAIN.format(fork.writer)
        sources = AnswerSources(
            writer=writer,
            reader=reader,
            sides=(writer_side, reader_side),
            situation=Situation.AGAIN if again else Situation.CLIENTS,
            look=filelook.look_at,
            there=filelook.is_there,
            index=gitindex.digest_in_index,
            lines=filelook.lines_of,
        )
        answers.append(answer_fork(fork, sources))
    return tuple(answers)


def _by_name(rows: Sequence[TrialBuild]) -> Mapping[str, tuple[BuildRecord, Side]]:
    found = {}
    for row in rows:
        program = f"{row.client} {row.version}".rstrip()
        if row.record is not None:
            found[row.client] = row.record, _side(row.client, program, row.client)
        if row.control_record is not None:
            name = AGAIN.format(row.client)
            found[name] = row.control_record, Side(name=name, sent_by=program)
    return found


def _program(record: BuildRecord) -> str:
    """The client that sent it, or the program of its command line; empty when neither is known."""
    client = record.client
    if client.id:
        return f"{client.id} {client.version}".rstrip()
    return PurePath(client.argv[0]).name if client.argv else ""
