"""The measures of the source: the counts on a small tree, and the table of docs/ARCHITECTURE.md."""

import ast
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

TOP = Path(__file__).parents[2]
SCRIPT = TOP / "scripts" / "measures.py"
MAY_DIFFER = 0.25
"""The table is written by hand: it may lag behind by a quarter."""
SAMPLE = '''"""A docstring
of two lines."""

# A comment of its own.
import os  # a comment beside code, which is a line of code


def choose(names):
    import json

    if names and os.name and json:
        return [each for each in names if each]
    return "a" if names else """b
# no comment, a string"""
'''


@pytest.fixture(scope="module")
def measures() -> ModuleType:
    spec = importlib.util.spec_from_file_location("measures", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_counts_of_a_file(measures: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "sample.py").write_text(SAMPLE)

    found = measures.measure(tmp_path / "sample.py")

    assert (found.lines, found.code, found.comments) == (14, 7, 1)
    assert found.branches == 6  # if, and, and, for, its if, the conditional expression
    assert found.late_imports == 1


def test_generated_files_and_programs_are_left_out(measures: ModuleType, tmp_path: Path) -> None:
    for name in ("one/lines.py", "two/lines.py", "two/own.py", "ops_pb2.py", "shims/lines.py", "__init__.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x = 1\n")

    table = measures.table(list(measures.modules(tmp_path)))

    assert table["modules"] == "4"
    assert table["folders"] == "3"
    assert table["modules whose name another has"] == "2"


def test_the_page_has_the_measures_of_today(measures: ModuleType) -> None:
    page = (TOP / "docs" / "ARCHITECTURE.md").read_text("utf-8")
    for name, measured in measures.table(list(measures.modules())).items():
        row = re.search(rf"^\| {re.escape(name)} \| [^|]+ \| ([^|]+) \|$", page, re.MULTILINE)
        assert row is not None, name
        for written, now in zip(row[1].split(" / "), measured.split(" / "), strict=True):
            assert number(written) == pytest.approx(number(now), rel=MAY_DIFFER), f"{name}: make measures"


def number(text: str) -> float:
    return float(text.strip().removesuffix("%").replace(",", ""))


def test_an_import_inside_a_function_says_why(measures: ModuleType) -> None:
    """CONTRIBUTING: ``# late: REASON``; what the module imports anyway is imported at its top."""
    for path in measures.SOURCE.rglob("*.py"):
        if path.name.endswith("_pb2.py") or "shims" in path.parts:
            continue
        text = path.read_text("utf-8")
        tree = ast.parse(text)
        lines = text.splitlines()
        at_top = {each.module for each in tree.body if isinstance(each, ast.ImportFrom)}
        for statement in measures.late_imports(tree):
            where = f"{path.relative_to(TOP)}:{statement.lineno}"
            assert "# late: " in lines[statement.lineno - 1], f"{where} has no reason"
            module = statement.module if isinstance(statement, ast.ImportFrom) else ""
            assert module not in at_top, f"{where}: the top of the module imports {module} already"
