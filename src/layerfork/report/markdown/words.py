"""Text for Markdown, as GitHub and GitLab read it: nothing of it becomes markup, a mention or a link."""

import re
from collections.abc import Iterable, Sequence

from layerfork.record.visible import visible

_SPECIAL = re.compile(r"([\\`*\[\]|~$^]|(?<![A-Za-z0-9_])_|_(?![A-Za-z0-9_]))")
_MENTION = re.compile(r"[@#!%](?=\w)|\bGH-(?=\d)", re.IGNORECASE)
"""Of people, issues, merge requests and milestones, in another repository too (``owner/name#1``); and what
GitHub takes for an address of mail, such as ``client@4.4.4``."""
_LINK = re.compile(r"://|www\.", re.IGNORECASE)


def escaped(text: str) -> str:
    """Text on one line; a comment breaks up mentions of people and issues, and links."""
    line = " ".join(visible(text).splitlines())
    safe = _SPECIAL.sub(r"\\\1", line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
    return _LINK.sub(
        lambda found: f"{found[0][0]}<!-- -->{found[0][1:]}", _MENTION.sub(r"\g<0><!-- -->", safe)
    )


def code(text: str) -> str:
    """A code span, whatever backticks are in it; also inside a table."""
    line = " ".join(visible(text).splitlines()).replace("|", "\\|")
    if not line.strip():
        return "(empty)"
    fence = "`" * (_longest(line) + 1)
    edge = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{edge}{line}{edge}{fence}"


def prose(text: str) -> str:
    """A sentence whose words between backticks are code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escaped(text)
    return "".join(code(part) if place % 2 else escaped(part) for place, part in enumerate(parts))


def block(lines: Sequence[str], language: str = "") -> str:
    """A block of code."""
    body = "\n".join(visible(line) for line in lines)
    fence = "`" * max(3, _longest(body) + 1)
    return f"{fence}{language}\n{body}\n{fence}\n"


def _longest(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


def folded(title: str, lines: Iterable[str]) -> str:
    """Lines that are shown when a person opens them."""
    body = "\n".join(lines)
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>\n"
