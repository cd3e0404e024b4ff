"""Threads of upstream about findings: those on the pages of causes, and those of `notes.toml`."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from layerfork.app.explain import page_of
from layerfork.errors import UsageError
from layerfork.report.markdown.words import code, prose

_SECTION = re.compile(r"^## Threads\n+(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[([^\]]+)\]\((https://[^)]+)\)")
_NAME = re.compile(r"https://github\.com/([^/]+/[^/]+)/(?:issues|pull|discussions)/(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What is known of a finding."""

    text: str
    threads: tuple[str, ...]
    """Addresses of those that were read; empty where none was found."""
    sources: tuple[str, ...] = ()
    """Repository, file and versions that it was read in."""
    chance: bool = False
    """Whether it happens is chance: two engines that differ in it need not differ."""
    client: str = ""
    """How the client's id begins."""
    cause: str = ""
    reason: str = ""


def read_notes() -> tuple[Note, ...]:
    """In their order."""
    data = tomllib.loads(Path(__file__).with_name("notes.toml").read_text("utf-8"))
    return tuple(
        Note(**{**each, "threads": tuple(each["threads"]), "sources": tuple(each.get("sources", ()))})
        for each in data["note"]
    )


def notes_of_client(client: str) -> tuple[Note, ...]:
    """About a client's own misses."""
    stem = client.partition("@")[0]
    return tuple(each for each in read_notes() if each.client == stem and each.cause)


def note_of_cause(client: str, codes: Sequence[str]) -> Note | None:
    """About a client's own misses of these causes; where no cause was found, of any."""
    return next((each for each in notes_of_client(client) if each.cause in codes or not codes), None)


def note_of_reason(clients: Sequence[str], reason: str) -> Note | None:
    """About builds of these clients that did not succeed."""
    return next(
        (
            each
            for each in read_notes()
            if each.reason and each.reason in reason and all(name.startswith(each.client) for name in clients)
        ),
        None,
    )


def threads_of_cause(cause: str) -> str:
    """Links of a cause's page, in Markdown; empty where it has none."""
    try:
        section = _SECTION.search(page_of(cause).text)
    except UsageError:
        return ""
    return ", ".join(f"[{name}]({address})" for name, address in _LINK.findall(section[1])) if section else ""


def known_of(note: Note | None) -> str:
    """What is known, its sources and the upstream threads, in Markdown."""
    if note is None:
        return "Not investigated yet."
    read = f" Read in {', '.join(map(code, note.sources))}." if note.sources else ""
    threads = f"Upstream: {links(note.threads)}." if note.threads else "No upstream thread was found."
    return f"{prose(note.text)}.{read} {threads}"


def links(addresses: Sequence[str]) -> str:
    """Addresses on GitHub as links that are called ``owner/name#1``."""
    return ", ".join(_links(addresses))


def _links(addresses: Sequence[str]) -> Iterator[str]:
    for address in addresses:
        named = _NAME.fullmatch(address)
        yield f"[{named[1]}#{named[2]}]({address})" if named else f"<{address}>"
