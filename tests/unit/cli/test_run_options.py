"""What `layerfork run` takes on its command line."""

import click
import pytest

from layerfork.cli.run import command


@pytest.mark.parametrize("builder", ["default", "classic", "buildkit"])
def test_a_builder_is_asked_for_by_its_name(builder: str) -> None:
    (option,) = (each for each in command.params if each.name == "builder")

    assert option.type.convert(builder, option, click.Context(command)) == builder
