"""What `layerfork run` takes on its command line."""

import click
import pytest

from layerfork.cli.options import parse_pairs
from layerfork.cli.run import command
from layerfork.errors import UsageError


@pytest.mark.parametrize("builder", ["default", "classic", "buildkit"])
def test_a_builder_is_asked_for_by_its_name(builder: str) -> None:
    (option,) = (each for each in command.params if each.name == "builder")

    assert option.type.convert(builder, option, click.Context(command)) == builder


def test_a_bare_name_takes_its_value_from_the_environment_or_is_left_out_as_docker_does() -> None:
    environment = {"SET": "from there", "EMPTY": ""}

    pairs = parse_pairs(("A=1", "SET", "EMPTY", "UNSET", "B=x=y"), "--build-arg", environment)

    assert pairs == (("A", "1"), ("SET", "from there"), ("EMPTY", ""), ("B", "x=y"))


@pytest.mark.parametrize("word", ["=value", "NAME"])
def test_what_is_no_pair_is_named(word: str) -> None:
    with pytest.raises(UsageError, match="is not NAME=VALUE"):
        parse_pairs((word,), "--label")
