"""Steps of two Dockerfiles are paired as the cache looks them up."""

from layerfork.explain.align import align
from layerfork.model.record import StepRecord, StepStatus


def steps(*texts: str) -> list[StepRecord]:
    return [
        StepRecord(index=index, instruction=text, status=StepStatus.MISS)
        for index, text in enumerate(texts, start=1)
    ]


def test_a_repeated_line_is_paired_from_the_beginning() -> None:
    writer = steps("FROM a", "RUN x", "RUN 1", "RUN x", "RUN 3", "RUN last")
    reader = steps("FROM a", "RUN x", "RUN 3", "RUN last")

    assert align(writer, reader).writer_of == {1: 1, 2: 2, 3: 5, 4: 6}
    assert align(reader, writer).writer_of == {1: 1, 2: 2, 5: 3, 6: 4}
