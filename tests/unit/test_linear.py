"""The measure of linear time tells what is from what is not."""

import pytest
from linear import assert_linear


def test_linear_work_passes() -> None:
    assert_linear(lambda size: sum(range(size)), 100_000)


def test_quadratic_work_does_not() -> None:
    with pytest.raises(AssertionError):
        assert_linear(lambda size: [sum(range(size)) for _ in range(size)], 200)
