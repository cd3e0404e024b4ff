"""How large and how dense the source is: `make measures` prints the table of docs/ARCHITECTURE.md.

Generated files and the programs of client libraries are left out. A line of code has neither only white space
nor only a comment, and is no part of a docstring. A branch is a place where control may go either way.
"""

import ast
import io
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

TOP = Path(__file__).parents[1]
SOURCE = TOP / "src" / "layerfork"
GENERATED = "_pb2.py"
PROGRAMS = "shims"
WORTH_READING = 40
"""Lines of code below which a share says little."""
BRANCHES = (ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.match_case)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """The measures of one file."""

    path: Path
    lines: int
    code: int
    comments: int
    """Lines that hold only a comment."""
    branches: int
    late_imports: int
    """Import statements inside functions."""


def modules(source: Path = SOURCE) -> Iterator[Module]:
    """Every module that people edit, by path."""
    for path in sorted(source.rglob("*.py")):
        if not path.name.endswith(GENERATED) and PROGRAMS not in path.parts:
            yield measure(path)


def measure(path: Path) -> Module:
    """The measures of a file."""
    text = path.read_text("utf-8")
    tree = ast.parse(text)
    comments = comment_lines(text)
    empty = {number for number, line in enumerate(text.splitlines(), 1) if not line.strip()}
    lines = len(text.splitlines())
    return Module(
        path=path,
        lines=lines,
        code=lines - len(empty | comments | documented_lines(tree)),
        comments=len(comments),
        branches=sum(map(branches_at, ast.walk(tree))),
        late_imports=len([*late_imports(tree)]),
    )


def comment_lines(text: str) -> set[int]:
    """The numbers of lines that hold only a comment."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return {
        token.start[0]
        for token in tokens
        if token.type == tokenize.COMMENT and not token.line[: token.start[1]].strip()
    }


def documented_lines(tree: ast.AST) -> set[int]:
    """The numbers of lines of statements that are only a string: docstrings of anything."""
    numbers: set[int] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str())):
                numbers.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return numbers


def branches_at(node: ast.AST) -> int:
    """How many branches a node adds by itself."""
    if isinstance(node, BRANCHES):
        return 1
    if isinstance(node, ast.BoolOp):
        return len(node.values) - 1
    if isinstance(node, ast.comprehension):
        return 1 + len(node.ifs)
    return 0


def late_imports(tree: ast.AST, *, inside: bool = False) -> Iterator[ast.Import | ast.ImportFrom]:
    """Import statements inside functions."""
    for node in ast.iter_child_nodes(tree):
        if inside and isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        yield from late_imports(node, inside=inside or isinstance(node, FUNCTIONS))


def equal_names(found: list[Module]) -> int:
    """How many modules share their file's name with another; each package has an ``__init__``."""
    names = Counter(module.path.name for module in found if module.path.name != "__init__.py")
    return sum(count for count in names.values() if count > 1)


def table(found: list[Module]) -> dict[str, str]:
    """The rows of docs/ARCHITECTURE.md, in order."""
    sizes = [module.lines for module in found]
    code = sum(module.code for module in found)
    lines = sum(sizes)
    tenth = quantiles(sizes, n=10)[-1]
    return {
        "modules": str(len(found)),
        "folders": str(len({module.path.parent for module in found})),
        "lines": f"{lines:,}",
        "lines of a module: median / 90th percentile / longest": (
            f"{median(sizes):.0f} / {tenth:.0f} / {max(sizes)}"
        ),
        "branches per line of code": f"{sum(module.branches for module in found) / code:.3f}",
        "comment lines": f"{sum(module.comments for module in found) / lines:.2%}".replace("%", " %"),
        "modules whose name another has": str(equal_names(found)),
        "imports inside functions": str(sum(module.late_imports for module in found)),
    }


def densest(found: list[Module]) -> list[str]:
    """The files with most branches per line of code, which are the ones to unfold."""
    large = [module for module in found if module.code >= WORTH_READING]
    large.sort(key=lambda module: module.branches / module.code, reverse=True)
    return [f"{module.branches / module.code:.2f}  {module.code:4}  {module.path}" for module in large[:30]]


def main() -> int:
    """Print the table, then the densest files; of another directory than the source, if one is named."""
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else SOURCE
    found = list(modules(source))
    if not found:
        print(f"no modules in {source}", file=sys.stderr)
        return 2
    for name, value in table(found).items():
        print(f"| {name} | {value} |")
    print("\nbranches per line of code, lines of code, module")
    print("\n".join(densest(found)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
