"""Holds a short list of words that must not come back: a reader would have to translate them."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

TOP = Path(__file__).parents[1]
WORDS = re.compile(
    r"\b(told|likewise|nobody|of\s+which|whatever\s+becomes|what\s+becomes\s+of|taken\s+for\s+granted|all\s+the\s+same"
    r"|a\s+python\s+that\s+plays|held\s+against|for\s+want\s+of|tinted|taken\s+to\s+be|so\s+many)\b",
    re.IGNORECASE,
)
READ = ("README.md", "CONTRIBUTING.md", "docs", "src/layerfork", "integrations", "scripts", "action.yml")
SUFFIXES = (".md", ".py", ".yml", ".sh", ".j2", ".html", ".js", ".toml")
USERS = ("src/layerfork/builders/engines/baseimage.py", "src/layerfork/wire/redact/values.py")
"""Files that name the user ``nobody`` of Unix."""


def find() -> Iterator[str]:
    """Where the words occur: file, line, word."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", *READ],
        cwd=TOP,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in sorted(listed.stdout.splitlines()):
        path = TOP / name
        if path.suffix not in SUFFIXES or path == Path(__file__) or not path.is_file():
            continue
        text = path.read_text("utf-8")
        for match in WORDS.finditer(text):
            if not (name in USERS and match[0] == "nobody"):
                line = text.count("\n", 0, match.start()) + 1
                yield f"{name}:{line}: {' '.join(match[0].split())}"


def main() -> int:
    """Exit code 1 when there is one of the words."""
    found = list(find())
    for line in found:
        print(line, file=sys.stderr)
    if found:
        print(
            "hint: subject first, active voice, terms of the field; scripts/words.py has the list",
            file=sys.stderr,
        )
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
