"""Values that are known to be secret, found in texts however they are spelled there."""

import base64
import json
import re
import shlex
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

import ahocorasick

from layerfork.wire.redact.spellings import read

STAND_IN = re.compile(r"hidden:[0-9a-f]{16}")

_BOUNDED = 12
"""Values of letters and digits shorter than this are replaced only where they are whole words."""
_LONGEST = 2_000
"""Characters that are looked for in one piece."""
_SHORTEST = 4
_SHORTEST_PART = 6
_LINES = re.compile(r"[^\r\n]+")
_WORDS = re.compile(r"[^\s;&|()<>$,'\"`\\]+")
"""What a shell makes of a value that it reads again: `sh: 1: Tail55xyz: not found`."""
_PLAIN_WORD = re.compile(r"[A-Za-z]?[a-z]*|[A-Z]*")
_IN_URL = re.compile(r"%..")
_IN_WORD = re.compile(r"[ \t\"'$\\]")
_IN_DOUBLE_QUOTES = re.compile(r"[\"$`\\]")
_ALNUM = re.compile(r"[A-Za-z0-9]")


@dataclass(frozen=True, slots=True)
class _Found:
    start: int
    end: int
    value: str


class _Search:
    """Some of what is looked for, and the automaton that finds it."""

    def __init__(self, values: Mapping[str, str]) -> None:
        """By what is looked for (a spelling, a reading, a part), the value that it belongs to."""
        self.values = values
        self._automaton: ahocorasick.Automaton | None = None

    def matches(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Start, end and value; of those that end at one place only the longest that counts."""
        last = -1
        for at, key in self._built().iter(text):
            end = at + 1
            start = end - len(key)
            if end != last and (not _is_bounded(key) or _stands_alone(text, start, end)):
                last = end
                yield start, end, self.values[key]

    def touches(self, text: str) -> bool:
        """Whether anything that is looked for stands in a text."""
        return next(self.matches(text), None) is not None

    def _built(self) -> ahocorasick.Automaton:
        if self._automaton is None:
            automaton = ahocorasick.Automaton()
            for key in self.values:
                automaton.add_word(key, key)
            automaton.make_automaton()
            self._automaton = automaton
        return self._automaton


class KnownValues:
    """Remembers secret values. Safe to share between threads.

    Looking for many takes hardly longer than for one, and adding one does not start all over: there are few
    searches, each for at least twice as much as the next.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: set[str] = set()
        self._searches: tuple[_Search, ...] = ()

    def __len__(self) -> int:
        return len(self._values)

    def add(self, values: Iterable[str]) -> None:
        """Remember values; one that is too short or too plain to be told from other words is passed over."""
        with self._lock:
            new = {value for value in values if value not in self._values}
            if not new:
                return
            self._values |= new
            looked_for: dict[str, str] = {}
            for value in new:
                if not STAND_IN.fullmatch(value) and value.lower() != "hidden":
                    for spelling in _spellings(value):
                        looked_for |= dict.fromkeys(_pieces(spelling), value)
                    for part in _parts(value):
                        for piece in _pieces(part):
                            looked_for.setdefault(piece, part)
            searches = list(self._searches)
            while searches and len(searches[-1].values) < 2 * len(looked_for):
                looked_for = {**looked_for, **searches.pop().values}
            if looked_for:
                self._searches = (*searches, _Search(looked_for))

    def replace(self, text: str, stand_in: Callable[[str], str]) -> str:
        """The text with a stand-in for every value, however it is spelled there. In linear time."""
        spans = self._spans(text)
        if not spans:
            return text
        pieces: list[str] = []
        done = 0
        for found in spans:
            pieces += (text[done : found.start], stand_in(found.value))
            done = found.end
        return "".join((*pieces, text[done:]))

    def are_in(self, text: str) -> bool:
        """Whether a text holds any of them, as they are or as JSON spells them."""
        return any(search.touches(text) for search in self._searches)

    def _spans(self, text: str) -> list[_Found]:
        """Places of values, none within another, from left to right."""
        searches = self._searches
        if not searches or not text:
            return []
        found = [_Found(*match) for search in searches for match in search.matches(text)]
        reading = read(text)
        if reading.text != text:
            for search in searches:
                for start, end, value in search.matches(reading.text):
                    found.append(_Found(*reading.place(start, end), value))
        if not found:
            return []
        hidden = [match.span() for match in STAND_IN.finditer(text)] if "hidden:" in text else []
        return list(_apart(found, hidden, text))


def _is_bounded(key: str) -> bool:
    return len(key) < _SHORTEST_PART or (len(key) < _BOUNDED and key.isalnum())


def _stands_alone(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    return not (_ALNUM.match(before) or _ALNUM.match(after))


def _apart(found: list[_Found], hidden: list[tuple[int, int]], text: str) -> Iterator[_Found]:
    """Merge what overlaps into one, named by its longest part, and pieces of one value. Stand-ins stay."""
    stand_ins = iter([*hidden, (len(text) + 1, len(text) + 1)])
    hidden_start, hidden_end = next(stand_ins)
    current: _Found | None = None
    for each in sorted(found, key=lambda each: (each.start, -each.end)):
        while hidden_end <= each.start:
            hidden_start, hidden_end = next(stand_ins)
        if each.end > hidden_start:
            continue
        if current is not None and each.start == current.end and each.value == current.value:
            current = _Found(current.start, each.end, each.value)
        elif current is None or each.start >= current.end:
            if current is not None:
                yield current
            current = each
        elif each.end > current.end:
            longer = max(current, each, key=lambda one: one.end - one.start)
            current = _Found(current.start, each.end, longer.value)
    if current is not None:
        yield current


def _spellings(value: str) -> Iterator[str]:
    """A value itself, how it reads, and what base64 makes of it wherever it stands in what is encoded."""
    reading = read(value).text
    spellings = [value, json.dumps(value, ensure_ascii=False)[1:-1], reading, reading.strip()]
    if reading.strip() != value and len(value) >= _SHORTEST_PART:
        spellings += _spelt(value)  # what reads as blanks or quotes would stay beside its reading
    yield from filter(_is_findable, spellings)
    octets = value.encode("utf-8", "surrogatepass")
    if len(octets) >= _SHORTEST_PART:
        for before in range(3):
            yield from _encoded(octets, before)


def _pieces(text: str) -> Iterator[str]:
    """A text in pieces that are short enough: the automaton's memory is released by functions that call
    themselves, one within another for each character."""
    count = -(-len(text) // _LONGEST)
    size = -(-len(text) // max(count, 1))
    yield from (text[at : at + size] for at in range(0, len(text), size))


def _spelt(value: str) -> Iterator[str]:
    """A value in a URL, in JSON and quoted for a shell, also within one another; and in a form, a word of a
    Dockerfile and double quotes.
    """
    ways = (partial(quote, safe="", errors="surrogatepass"), lambda text: json.dumps(text)[1:-1], shlex.quote)
    for outer in ways:
        yield outer(value)
        yield from (outer(inner(value)) for inner in ways)
    in_url = quote(value, safe="", errors="surrogatepass")
    yield _IN_URL.sub(lambda found: found[0].lower(), in_url)
    yield in_url.replace("%20", "+")
    yield from (special.sub(r"\\\g<0>", value) for special in (_IN_WORD, _IN_DOUBLE_QUOTES))


def _encoded(octets: bytes, before: int) -> Iterator[str]:
    """The characters of base64 that only these octets decide, with so many before them."""
    first = -(-before * 8 // 6)
    last = (before + len(octets)) * 8 // 6
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        core = encode(bytes(before) + octets).decode()[first:last]
        if len(core) >= 8:
            yield core


def _parts(value: str) -> Iterator[str]:
    """Lines of a value and the words that a shell would make of it, unless they are plain words."""
    for pattern in (_LINES, _WORDS):
        for match in pattern.finditer(value):
            part = match[0].strip()
            if len(part) >= _SHORTEST_PART and part != value and not _PLAIN_WORD.fullmatch(part):
                yield part
                if len(reading := read(part).text.strip()) >= _SHORTEST_PART:
                    yield reading


def _is_findable(value: str) -> bool:
    """Whether a value is distinctive enough to be looked for in other texts."""
    return len(value) >= _SHORTEST_PART or (len(value) >= _SHORTEST and not value.isalpha())
