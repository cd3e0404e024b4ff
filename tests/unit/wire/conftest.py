from collections.abc import Callable, Iterator, Sequence

import pytest

Cut = Callable[[bytes, Sequence[int]], Iterator[memoryview]]


@pytest.fixture(scope="session")
def cut() -> Cut:
    """Cuts a byte stream into pieces of these sizes, used in turn and over again."""

    def pieces(data: bytes, sizes: Sequence[int]) -> Iterator[memoryview]:
        view = memoryview(data)
        at = turn = 0
        while at < len(view):
            size = sizes[turn % len(sizes)]
            yield view[at : at + size]
            at += size
            turn += 1

    return pieces
