"""Columns of the table of 2015 when clients add steps of their own."""

from dataclasses import replace

from layerfork.record.record import BuildOutcome, StepRecord, StepStatus
from layerfork.record.run import TrialBuild
from layerfork.report.text.record import identity_lines
from layerfork.report.text.run import layout_table


def row(client: str, **identities: str) -> TrialBuild:
    """A build whose steps are named by the keywords; digits after a keyword only tell steps apart."""
    steps = tuple(
        StepRecord(
            index=index,
            instruction=f"{word.rstrip('0123456789')} x",
            status=StepStatus.HIT,
            identity=letter * 12,
        )
        for index, (word, letter) in enumerate(identities.items(), start=1)
    )
    return TrialBuild(client=client, builder="classic", outcome=BuildOutcome.SUCCEEDED, steps=steps)


def test_a_step_that_one_client_adds_gets_a_column_of_its_own() -> None:
    plain = row("plain", FROM="a", RUN="b", COPY="c", RUN2="d")
    added = row("added", ARG="x", FROM="a", RUN="b", COPY="c", RUN2="d", FROM2="d")
    labelled = row("label", FROM="a", RUN="b", COPY="c", RUN2="d", LABEL="e")

    header, *lines = layout_table([plain, added, labelled])

    assert header.split() == ["ARG", "FROM", "RUN", "COPY", "RUN", "FROM", "LABEL"]
    assert [line.rstrip("]").count(",") + 1 for line in lines] == [5, 6, 7]
    for letter in "abcd":
        assert len({line.index(letter * 12) for line in lines}) == 1
    assert "e" * 12 in lines[2][header.index("LABEL") - 6 :]


def test_rows_show_what_the_engine_showed_and_else_what_was_computed() -> None:
    observed = row("observed", FROM="a", RUN="b")
    first, second = observed.steps
    half = replace(observed, client="half", steps=(first, replace(second, identity="")))
    none = replace(half, client="none", steps=(replace(first, identity=""), half.steps[1]))
    both = [replace(each, computed_identities={1: "sha256:" + "c" * 64}) for each in (observed, half, none)]

    _, *lines = layout_table(both)

    assert lines == [
        "observed: ['aaaaaaaaaaaa', 'bbbbbbbbbbbb']",
        "    half: ['aaaaaaaaaaaa', 'hit         ']",
        "    none: ['cccccccccccc', 'hit         ']",
    ]
    seen, computed = identity_lines(both)
    assert seen.startswith("identities (observed, half): image ids, observed")
    assert computed.startswith("identities (none): key digests, computed")
    assert [line.partition(":")[0] for line in identity_lines(both[:2])] == ["identities"]
    assert list(identity_lines([replace(none, computed_identities={})])) == []


def test_blocks_keep_the_columns() -> None:
    rows = [row("one", FROM="a", RUN="b"), row("two", ARG="x", FROM="a", RUN="b")]

    lines = layout_table(rows, width=22)

    assert [line.split() for line in lines if line and ":" not in line] == [["ARG"], ["FROM"], ["RUN"]]
    assert sum("a" * 12 in line for line in lines) == 2
