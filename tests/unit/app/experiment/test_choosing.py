"""Scenarios by name, family and folder; what is none is named."""

from pathlib import Path

import pytest

from layerfork.app.experiment.findscenarios import list_scenarios
from layerfork.errors import UsageError


def test_a_name_a_family_and_everything() -> None:
    assert [row.name for row in list_scenarios(["mode-directory"])] == ["mode-directory"]
    family = {row.name for row in list_scenarios(["modes"])}
    assert "mode-directory" in family
    assert family < {row.name for row in list_scenarios()}


def test_what_is_no_scenario_is_named(tmp_path: Path) -> None:
    for name, message, hint in [
        ("mode-directry", "no scenario, family or folder mode-directry", "did you mean mode-directory?"),
        ("zzzzzz", "no scenario, family or folder zzzzzz", "lists what there is"),
        (str(tmp_path), f"{tmp_path} has no scenario.toml", "run PATH"),
    ]:
        with pytest.raises(UsageError, match=message) as caught:
            list_scenarios([name])
        assert hint in (caught.value.hint or "")
