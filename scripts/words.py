"""Holds a short list of words that must not come back, room by room: a reader would have to translate them.

usage: words.py [ROOM...]    without rooms all are checked; with them their lines are printed as well
"""

import re
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).parents[1]
WORDS = re.compile(
    r"\b(told|likewise|nobody|of\s+which|whatever\s+becomes|what\s+becomes\s+of|taken\s+for\s+granted|all\s+the\s+same"
    r"|a\s+python\s+that\s+plays)\b",
    re.IGNORECASE,
)
READ = ("README.md", "CONTRIBUTING.md", "docs", "src/layerfork", "integrations", "scripts", "action.yml")
SUFFIXES = (".md", ".py", ".yml", ".sh", ".j2", ".html", ".js", ".toml")
USERS = ("src/layerfork/builders/engines/baseimage.py", "src/layerfork/wire/redact/values.py")
"""Files that name the user ``nobody`` of Unix."""
REWRITTEN_LATER = frozenset({"layerfork/builders", "layerfork/wire"})
"""Rooms that still have some of the words: they are counted, and do not fail."""


def room_of(path: Path) -> str:
    """A folder or module of the package, or what lies on the first floor of the repository."""
    parts = path.parts
    return f"layerfork/{parts[2].removesuffix('.py')}" if parts[0] == "src" else parts[0]


def find() -> dict[str, list[str]]:
    """Where the words occur, by room."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", *READ],
        cwd=TOP,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, list[str]] = {}
    for name in sorted(listed.stdout.splitlines()):
        path = TOP / name
        if path.suffix not in SUFFIXES or path == Path(__file__) or not path.is_file():
            continue
        text = path.read_text("utf-8")
        for match in WORDS.finditer(text):
            if name in USERS and match[0] == "nobody":
                continue
            line = text.count("\n", 0, match.start()) + 1
            found.setdefault(room_of(Path(name)), []).append(f"{name}:{line}: {' '.join(match[0].split())}")
    return found


def main(rooms: list[str]) -> int:
    """Exit code 1 when a room has one of the words and is not rewritten later."""
    found = find()
    failed = False
    for room, lines in sorted(found.items()):
        fails = room not in REWRITTEN_LATER
        failed = failed or fails
        print(f"{room}: {len(lines)} words to avoid", file=sys.stderr if fails else sys.stdout)
        if fails or room in rooms:
            print("\n".join(f"  {line}" for line in lines), file=sys.stderr)
    for room in sorted(REWRITTEN_LATER - set(found)):
        print(f"{room}: none of the words is left; take it out of REWRITTEN_LATER")
    if failed:
        print(
            "hint: subject first, active voice, terms of the field; scripts/words.py has the list",
            file=sys.stderr,
        )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
