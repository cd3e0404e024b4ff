"""How many engines at once."""

from pathlib import Path

import pytest

from layerfork.app.machine import ENGINE_BYTES, engines_at_once

GIB = 1 << 30
assert ENGINE_BYTES == GIB


def machine(directory: Path, available: int, limit: str = "", used: int = 0) -> dict[str, Path]:
    (directory / "meminfo").write_text(f"MemTotal: 99999999 kB\nMemAvailable: {available >> 10} kB\n")
    if limit:
        (directory / "memory.max").write_text(f"{limit}\n")
        (directory / "memory.current").write_text(f"{used}\n")
    return {"proc": directory, "cgroup": directory}


@pytest.mark.parametrize(
    ("available", "limit", "used", "processors", "expected"),
    [
        (20 * GIB, "", 0, 4, 4),
        (3 * GIB, "", 0, 8, 3),
        (GIB // 2, "", 0, 8, 1),
        (20 * GIB, str(4 * GIB), 2 * GIB, 8, 2),
        (20 * GIB, str(GIB), 2 * GIB, 8, 1),
        (20 * GIB, "max", 2 * GIB, 8, 8),
    ],
)
def test_processors_and_memory_both_count(
    tmp_path: Path, available: int, limit: str, used: int, processors: int, expected: int
) -> None:
    assert engines_at_once(**machine(tmp_path, available, limit, used), processors=processors) == expected


def test_without_facts_one_engine_at_a_time(tmp_path: Path) -> None:
    assert engines_at_once(tmp_path, tmp_path, processors=8) == 1
