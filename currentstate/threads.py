"""Threads of upstream about findings: those on the pages of causes, and those of `notes.toml`."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from layerfork.errors import UsageError
from layerfork.manual import page_of

_SECTION = re.compile(r"^## Threads\n+(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[([^\]]+)\]\((https://[^)]+)\)")
_NAME = re.compile(r"https://github\.com/([^/]+/[^/]+)/(?:issues|pull|discussions)/(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What is known of a finding."""

    text: str
    threads: tuple[str, ...]
    client: str = ""
    cause: str = ""
    reason: str = ""


def read_notes() -> tuple[Note, ...]:
    """In their order."""
    data = tomllib.loads(Path(__file__).with_name("notes.toml").read_text("utf-8"))
    return tuple(Note(**{**each, "threads": tuple(each["threads"])}) for each in data["note"])


def note_of_cause(client: str, codes: Sequence[str]) -> Note | None:
    """About a client's own forks."""
    stem = client.partition("@")[0]
    return next((each for each in read_notes() if each.client == stem and each.cause in codes), None)


def note_of_reason(reason: str) -> Note | None:
    """About builds that did not succeed."""
    return next((each for each in read_notes() if each.reason and each.reason in reason), None)


def threads_of_cause(code: str) -> str:
    """Links of a cause's page, in Markdown; empty where it has none."""
    try:
        section = _SECTION.search(page_of(code).text)
    except UsageError:
        return ""
    return ", ".join(f"[{name}]({address})" for name, address in _LINK.findall(section[1])) if section else ""


def links(addresses: Sequence[str]) -> str:
    """Addresses on GitHub as links that are called ``owner/name#1``."""
    return ", ".join(_links(addresses))


def _links(addresses: Sequence[str]) -> Iterator[str]:
    for address in addresses:
        named = _NAME.fullmatch(address)
        yield f"[{named[1]}#{named[2]}]({address})" if named else f"<{address}>"
