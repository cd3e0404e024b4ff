"""The keeper runs without the package, and starts within milliseconds: it may import next to nothing."""

import ast
from pathlib import Path

import pytest

from layerfork.builders.namespace import keeper

CHEAP = {"collections.abc", "ctypes", "os", "select", "signal", "sys", "time"}
LATE = {"init", "shutil"}
"""Imported inside functions: after the fork, and at the end."""
SIBLING = {"keeper"}
"""What ran it, or what it shares a function with."""


def imports(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("name", ["keeper.py", "init.py", "enter.py"])
def test_keeper_imports_little(name: str) -> None:
    tree = ast.parse(Path(keeper.__file__).with_name(name).read_text())
    at_start = set().union(*(imports(node) for node in tree.body if not isinstance(node, ast.FunctionDef)))
    assert at_start <= CHEAP | SIBLING
    assert imports(tree) - at_start <= LATE


def test_first_process_imports_nothing_after_the_pivot() -> None:
    """Its file system has no Python then."""
    tree = ast.parse(Path(keeper.__file__).with_name("init.py").read_text())
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert functions
    assert not any(imports(function) for function in functions)
