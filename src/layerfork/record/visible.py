"""Text of others, made harmless for a terminal: what could not be seen, or would act on it, is written out.

Names of files, instructions, error messages of engines and record files may hold anything: sequences that
move the cursor, set the title, write to the clipboard, or turn the direction of text (CVE-2021-42574).
"""

import re

_CLASS = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069"
    "\ud800-\udfff\ufeff\ufffe\uffff"
)
UNSEEN = re.compile(f"[{_CLASS}]")
"""Controls of ASCII and of C1, marks that turn the direction of text, what UTF-8 and XML do not allow. Not
tab and line feed."""
IN_LINES = re.compile(f"[\n{_CLASS}]")
"""What a line cannot show: the same, and line feeds."""
_UNSEEN_OR_COLOR = re.compile(f"\x1b\\[[0-9;]*m|[{_CLASS}]")


def visible(text: str) -> str:
    """The text with every such character as its escape, ``\\x1b``."""
    return UNSEEN.sub(_escape, text)


def visible_line(text: str) -> str:
    """The same of one line: a line feed in it, as names of files may have, begins no line of its own."""
    return IN_LINES.sub(_escape, text)


def visible_but_colors(text: str) -> str:
    """The same of text that we coloured ourselves."""
    return _UNSEEN_OR_COLOR.sub(lambda found: found[0] if len(found[0]) > 1 else _escape(found), text)


def visible_in_json(text: str) -> str:
    """A JSON document with every such character as JSON escapes it: it means the same."""
    return UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape", "surrogatepass").decode("ascii")
