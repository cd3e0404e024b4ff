"""The key models predict, and the explainer names, what random mutations do on real engines.

One or two of the builders are drawn by the date.
"""

import json
import os
import sys
from pathlib import Path

import pytest
from today import part_of_today

from layerfork.builders.process import run
from layerfork.record.build import Builder, Command

pytestmark = pytest.mark.engine
ROOT = Path(__file__).parents[2]
CASES = {Builder.CLASSIC: 36, Builder.BUILDKIT: 20, Builder.BUILDAH: 12}
"""A case of buildah takes two seconds and more."""
SEED = 20264


@pytest.mark.parametrize("builder", part_of_today(Builder, 2))
def test_every_case_is_predicted_and_explained(builder: Builder, tmp_path: Path) -> None:
    report_file, cases = tmp_path / "report.json", CASES[builder]
    arguments = ("--builder", builder.value, "-n", str(cases), "--seed", str(SEED))
    argv = (sys.executable, "-m", "research.mutations", *arguments, "--json", str(report_file))
    done = run(Command(argv=argv, env=dict(os.environ), cwd=ROOT), timeout_s=280)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(report_file.read_text())
    assert report["agreed"]
    assert report["cases"] == cases
    assert report["relevant"] >= cases // 4
    assert report["cases"] - report["relevant"] >= cases // 4
    assert report["inert"] >= cases // 6
    assert report["half_inert"] >= cases // 10
    assert report["partial"] >= cases // 12
    assert report["labels_checked"] >= cases // 10
    assert report["hits"]
    assert report["misses"]
    assert set(report["deliveries"]) == {"tar", "directory"}
    if builder is Builder.CLASSIC:
        assert report["strings"] > cases
