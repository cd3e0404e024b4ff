"""The example of a cause's page: commands that a person types, and the answer that they end with."""

import re
from dataclasses import dataclass
from pathlib import Path

PAGES = Path(__file__).parents[2] / "docs" / "causes"
_FORM = re.compile(
    r"In an empty directory, (?:as root|in the shell of `layerfork engines run (?P<engine>\S+)`):\n\n"
    r"```sh\n(?P<script>.+?)\n# (?P<status>PROVEN|SUSPECTED|UNEXPLAINED|warning) (?P<code>[a-z-]+)"
    r"(?:, reported as (?P<told>[a-z_-]+))?\n```\n",
    re.DOTALL,
)
_NONE = re.compile(r"None that runs here: (?P<reason>.+)\.\n", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """What a page shows."""

    engine: str
    """In whose shell it is typed; empty for any: it opens engines itself."""
    script: str
    """The commands; the last one gives the answer."""
    status: str
    """Of the cause that the answer names; ``warning`` for that of a wrong hit or of a wider build."""
    code: str
    told: str
    """What the answer calls it: the code, or a pattern."""


def section(page: str, name: str) -> str:
    """The text of a section of a page; empty when there is none."""
    found = re.search(rf"^## {name}\n\n(.*?)(?=\n## |\Z)", page, re.DOTALL | re.MULTILINE)
    return found[1] if found else ""


def example_of(page: str) -> Example | str:
    """The example of a page, or why there is none. Raises: ValueError when it has another form."""
    text = section(page, "Example")
    if found := _FORM.fullmatch(text):
        return Example(
            engine=found["engine"] or "",
            script=found["script"],
            status=found["status"],
            code=found["code"],
            told=found["told"] or found["code"],
        )
    if found := _NONE.fullmatch(text):
        return found["reason"].replace("\n", " ")
    raise ValueError(f"no example:\n{text}")


def examples() -> dict[str, Example]:
    """Those of all pages that have one, by code."""
    pages = {path.stem: example_of(path.read_text("utf-8")) for path in sorted(PAGES.glob("[a-z]*.md"))}
    return {code: each for code, each in pages.items() if isinstance(each, Example)}
