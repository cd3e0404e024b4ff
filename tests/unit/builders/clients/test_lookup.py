"""Names of clients that there are not."""

import pytest

from layerfork.builders.clients import find_client
from layerfork.errors import UsageError


@pytest.mark.parametrize(
    ("typed", "near"), [("docker-biuld", "docker-build"), ("dockerod", "dockerode-build")]
)
def test_the_three_nearest_are_suggested(typed: str, near: str) -> None:
    with pytest.raises(UsageError, match=typed) as caught:
        find_client(typed)
    names = (
        caught.value.hint.partition("?")[0].removeprefix("did you mean ").replace(" or ", ", ").split(", ")
    )
    assert len(names) == 3
    assert near in names


def test_a_name_like_none_gets_three_as_well() -> None:
    with pytest.raises(UsageError) as caught:
        find_client("zzz")
    assert caught.value.hint.count(",") == 1
