"""The proof of a lint rule's page: commands that build a trap, and the same once it is repaired."""

import re
from dataclasses import dataclass
from pathlib import Path

PAGES = Path(__file__).parents[2] / "docs" / "lint"
_FORM = re.compile(
    r"^## Proof\n\nIn an empty directory, in the shell of `layerfork engines run (?P<engine>[^`]+)`:\n\n"
    r"```sh\n# trap\n(?P<trap>.+?)\n# build\n(?P<build>.+?)\n# change\n(?P<change>.+?)\n"
    r"# repair\n(?P<repair>.+?)\n(?:# reused: (?P<reused>[^\n]+)\n)?# watch: (?P<watch>[^\n]+)\n```\n",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a page types, part by part."""

    engine: str
    """In whose shell it is typed, with the options of `layerfork engines run`."""
    trap: str
    """Writes the files that lint finds the trap in."""
    build: str
    change: str
    """What makes the step miss as long as the trap is there; may be done again."""
    repair: str
    reused: str | None
    """Of a trap that is a stale hit: the instruction that is reused with the trap, although it should be
    built again."""
    watch: str
    """The instruction that is built again with the trap, and not without it. Of a stale hit: the one that is
    built again instead of `reused` once the trap is repaired."""


def proof_of(page: str) -> Proof:
    """Raises: ValueError when the page has none of this form."""
    found = _FORM.search(page)
    if found is None:
        raise ValueError(f"no proof:\n{page}")
    return Proof(**found.groupdict())


def proofs() -> dict[str, Proof]:
    """Those of all pages, by rule."""
    return {path.stem: proof_of(path.read_text("utf-8")) for path in sorted(PAGES.glob("[a-z]*.md"))}
