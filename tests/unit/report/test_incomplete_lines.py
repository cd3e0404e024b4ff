"""What imported records lack is one line each, and every gap with ``-v``."""

from layerfork.record.answer import Caution
from layerfork.report.text.answer import caution_lines


def cautions(client: str, *subjects: str) -> list[Caution]:
    return [
        Caution(code="incomplete-record", client=client, subject=subject, text=f"{client} at {subject}: why")
        for subject in subjects
    ]


def lines(given: list[Caution], *, verbose: bool = False) -> list[str]:
    return [line.plain.strip() for line in caution_lines(given, verbose=verbose)]


def test_many_gaps_of_a_record_are_one_line() -> None:
    other = Caution(code="contradiction", client="a", text="a contradiction")
    shown = lines([*cautions("a.log", "engine", "context", "definition"), other, *cautions("b", "engine")])

    assert shown == [
        (
            "incomplete-record: the record of a.log lacks engine, context, definition "
            "(-v says what that means); an export (`docker buildx history export`) or a recorded build "
            "has them"
        ),
        "contradiction: a contradiction",
        "incomplete-record: b at engine: why",
    ]


def test_an_export_lacks_two_things_in_one_line() -> None:
    assert lines(cautions("a.dockerbuild", "engine", "context")) == [
        (
            "incomplete-record: the record of a.dockerbuild lacks engine, context (-v says what that means); "
            "a recorded build (`layerfork record`) has them"
        )
    ]
    assert len(lines(cautions("a recorded build", "tar entry 17", "grpc Control.Solve"))) == 2


def test_verbose_says_each() -> None:
    given = cautions("a.log", "engine", "context", "request")

    assert lines(given, verbose=True) == [f"incomplete-record: {each.text}" for each in given]
    assert len(lines(given)) == 1
