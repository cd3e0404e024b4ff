"""Clients of a layerfork.toml."""

from pathlib import Path

import pytest

from layerfork.app.experiment.clientchoice import choose_clients
from layerfork.builders.clients.own import OwnCommand
from layerfork.builders.environments.installing import described_clients
from layerfork.errors import UsageError


def test_no_file_describes_no_clients(tmp_path: Path) -> None:
    assert described_clients(tmp_path) == {}


def test_a_client_is_described_by_its_command(tmp_path: Path) -> None:
    (tmp_path / "layerfork.toml").write_text('[clients.mine]\ncommand = "make {tag}"\nversion = "make -v"\n')
    described = described_clients(tmp_path)
    assert described == {"mine": OwnCommand(command="make {tag}", version="make -v")}
    ((label, client),) = choose_clients(["mine"], described)
    assert (label, client.title) == ("mine", "make {tag}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[clients", "cannot read"),
        ("[clients]\nmine = 1\n", "is not a table of strings"),
        ("[clients.mine]\ncommand = 1\n", "is not a table of strings"),
        ('[clients.mine]\nversion = "x"\n', "has no command"),
        ('[clients.mine]\ncommand = "make {tag}"\ncolour = "red"\n', "has unknown keys: colour"),
    ],
)
def test_what_is_wrong_with_the_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "layerfork.toml").write_text(text)
    with pytest.raises(UsageError, match=message):
        described_clients(tmp_path)


def test_clients_are_chosen_in_order_and_once() -> None:
    labels = [
        label for label, _ in choose_clients(["docker-build", "mine=make {tag}", "docker_py-build@4.4.4"])
    ]
    assert labels == ["docker-build", "mine", "docker_py-build@4.4.4"]
    assert len(choose_clients([])) == 5
    assert len(choose_clients(["all"])) > 40
    with pytest.raises(UsageError, match="named twice"):
        choose_clients(["docker-build", "docker-build"])
    with pytest.raises(UsageError, match="named twice"):
        choose_clients(["docker-build", "all"])
