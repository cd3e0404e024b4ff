"""What real engines leave behind agrees with what a recorder saw of the same builds."""

from pathlib import Path

import pytest
from engines.running import LAYERFORK, layerfork
from imports.agreement import KEY, disagreements
from today import engines_of_today

from layerfork.builders.imports.recognition import import_file
from layerfork.record.store.recordfile import read_records

pytestmark = pytest.mark.engine

MAKE = Path(__file__).parents[1] / "imports" / "make.sh"
LEAST = {"20.10": 6, "26.1": 8, "28.5+containerd": 20}
"""How many files of one build each engine leaves behind at least."""


@pytest.mark.parametrize("engine", engines_of_today(*LEAST))
def test_every_form_agrees_with_the_record_of_the_build(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APP", str(tmp_path / "app"))
    out = tmp_path / "out"
    done = layerfork(
        "engines", "run", f"private:{engine}", "--", "sh", MAKE, LAYERFORK, out, f"engine-{engine}"
    )
    assert done.returncode == 0, done.stderr

    compared = 0
    for records in sorted(out.glob("*.records.jsonl")):
        builds = read_records(records)
        for ending in ("log", "dockerbuild", "json"):
            file = records.with_name(f"{records.name.removesuffix('.records.jsonl')}.{ending}")
            if len(builds) == 1 and file.exists():
                (imported,) = import_file(file, KEY)
                assert disagreements(imported, builds[0]) == [], file.name
                compared += 1
    assert compared >= LEAST[engine]
