"""The picture of the README is what the tool makes of a real run. `make golden` rewrites it too."""

from pathlib import Path

import pytest
from golden.recorded import RECORDS
from golden.test_reporters import compare

from layerfork.cli import call

TOP = Path(__file__).parents[2]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_picture_of_the_readme(theme: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = call(["report", str(RECORDS / "seed-default.run.jsonl"), "--format", "svg", "--theme", theme])

    assert code == 0
    compare(TOP / "docs" / f"fork-graph-{theme}.svg", capsys.readouterr().out)
