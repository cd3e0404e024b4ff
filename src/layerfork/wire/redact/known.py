"""Values that are known to be secret, found in texts however they are spelled there."""

import base64
import json
import re
import shlex
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

import ahocorasick

from layerfork.wire.redact.spellings import read, unwrapped
from layerfork.wire.redact.values import SHORTEST, is_plain, is_plain_word

STAND_IN = re.compile(r"hidden:[0-9a-f]{16}")

_BOUNDED = 12
"""Values of letters and digits shorter than this are replaced only where they are whole words."""
_MIXED = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])")
_MIXED_LENGTH = 8
"""Unless they have letters of both cases and digits, and are at least so long."""
_WHOLE = 160
"""Characters of what is looked for in one piece."""
_ANCHOR = 32
_ANCHORS = 256
_SHORTEST_RUN = 64
_ALIKE = 8
"""A longer value is found by pieces: up to ``_ANCHORS`` pieces of ``_ANCHOR`` characters are searched, and
the text around a hit is compared. At least ``_SHORTEST_RUN`` characters in a row have to be the same."""
_LINES = re.compile(r"[^\r\n]+")
_WORDS = re.compile(r"[^\s;&|()<>$,'\"`\\]+")
"""What a shell makes of a value that it reads again: `sh: 1: Tail55xyz: not found`."""
_IN_URL = re.compile(r"%..")
_IN_WORD = re.compile(r"[ \t\"'$\\]")
_IN_DOUBLE_QUOTES = re.compile(r"[\"$`\\]")
_ALNUM = re.compile(r"[A-Za-z0-9]")


@dataclass(frozen=True, slots=True)
class FoundSecret:
    """A place in a text, and the value that stands there."""

    start: int
    end: int
    value: str


@dataclass(frozen=True, slots=True)
class _Anchor:
    """A few characters of something long, and where they stand in it."""

    whole: str
    offset: int


class _Search:
    """Some of what is looked for, and the automaton that finds it."""

    def __init__(self, values: Mapping[str, str]) -> None:
        """By what is looked for (a spelling, a reading, a part), the value that it belongs to."""
        self.values = values
        self._automaton: ahocorasick.Automaton | None = None
        self._anchors: dict[str, list[_Anchor]] = {}

    def matches(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Start, end and value; of those that end at one place only the longest that counts."""
        last = compared = -1
        for at, key in self._built().iter(text):
            end = at + 1
            start = end - len(key)
            if key in self._anchors and start >= compared:
                around = self._longest_around(text, start, max(compared, 0), self._anchors[key])
                if around is not None:
                    yield around
                    compared = around[1]
            if (
                end != last
                and key in self.values
                and (not _is_bounded(key) or _stands_alone(text, start, end))
            ):
                last = end
                yield start, end, self.values[key]

    def touches(self, text: str) -> bool:
        """Whether anything that is looked for stands in a text."""
        return next(self.matches(text), None) is not None

    def _longest_around(
        self, text: str, at: int, left: int, anchors: Sequence[_Anchor]
    ) -> tuple[int, int, str] | None:
        """The most of anything that stands around an anchor; nothing left of what was compared before."""
        best: tuple[int, int, str] | None = None
        for anchor in anchors:
            whole, offset = anchor.whole, anchor.offset
            before = _same_before(text, at, whole, offset, min(offset, at - left))
            after = _same_after(text, at, whole, offset)
            found = at - before, at + after, self.values[whole]
            if before + after >= _SHORTEST_RUN and (best is None or found[1] - found[0] > best[1] - best[0]):
                best = found
        return best

    def _built(self) -> ahocorasick.Automaton:
        if self._automaton is None:
            automaton = ahocorasick.Automaton()
            for looked_for in self.values:
                for key in self._keys(looked_for):
                    automaton.add_word(key, key)
            automaton.make_automaton()
            self._automaton = automaton
        return self._automaton

    def _keys(self, looked_for: str) -> Iterator[str]:
        if len(looked_for) <= _WHOLE:
            yield looked_for
            return
        stride = max(_ANCHOR, len(looked_for) // _ANCHORS)
        for offset in range(0, len(looked_for) - _ANCHOR + 1, stride):
            key = looked_for[offset : offset + _ANCHOR]
            anchors = self._anchors.setdefault(key, [])
            if len(anchors) < _ALIKE and all(each.whole != looked_for for each in anchors):
                anchors.append(_Anchor(looked_for, offset))
            yield key


def _same_before(text: str, at: int, whole: str, offset: int, most: int) -> int:
    """How many characters before two places are the same."""
    same, step = 0, _ANCHOR
    while step:
        while same + step <= most and text.endswith(
            whole[offset - same - step : offset - same], 0, at - same
        ):
            same, step = same + step, step * 2
        step //= 2
    return same


def _same_after(text: str, at: int, whole: str, offset: int) -> int:
    """How many characters from two places on are the same."""
    same, step, most = 0, _ANCHOR, min(len(text) - at, len(whole) - offset)
    while step:
        while same + step <= most and text.startswith(whole[offset + same : offset + same + step], at + same):
            same, step = same + step, step * 2
        step //= 2
    return same


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
        """Remember values; skip those too short or too common to be distinguished from other words."""
        with self._lock:
            new = {value for value in values if value not in self._values}
            if not new:
                return
            self._values |= new
            looked_for: dict[str, str] = {}
            for value in new:
                if not STAND_IN.fullmatch(value) and not is_plain(value):
                    looked_for |= dict.fromkeys(_spellings(value), value)
                    for part in _parts(value):
                        looked_for.setdefault(part, part)
            searches = list(self._searches)
            while searches and len(searches[-1].values) < 2 * len(looked_for):
                looked_for = {**looked_for, **searches.pop().values}
            if looked_for:
                self._searches = (*searches, _Search(looked_for))

    def are_in(self, text: str) -> bool:
        """Whether a text holds any of them, as they are or as JSON spells them."""
        return any(search.touches(text) for search in self._searches)

    def found(self, text: str) -> list[FoundSecret]:
        """Places of values, however they are spelled there, in no order; they may overlap. In linear time."""
        searches = self._searches
        if not searches or not text:
            return []
        found = [FoundSecret(*match) for search in searches for match in search.matches(text)]
        for reading in (read(text), unwrapped(text)):
            if reading.text != text:
                for search in searches:
                    for start, end, value in search.matches(reading.text):
                        found.append(FoundSecret(*reading.place(start, end), value))
        return found


def apart(found: Iterable[FoundSecret]) -> Iterator[FoundSecret]:
    """Merge what overlaps into one, named by its longest part; from left to right."""
    current: FoundSecret | None = None
    longest = 0
    for each in sorted(found, key=lambda each: (each.start, -each.end)):
        if current is not None and each.start == current.end and each.value == current.value:
            current = FoundSecret(current.start, each.end, each.value)
        elif current is None or each.start >= current.end:
            if current is not None:
                yield current
            current, longest = each, each.end - each.start
        else:
            value = each.value if each.end - each.start > longest else current.value
            longest = max(longest, each.end - each.start)
            current = FoundSecret(current.start, max(current.end, each.end), value)
    if current is not None:
        yield current


def _is_bounded(key: str) -> bool:
    return len(key) < _BOUNDED and key.isalnum() and not (len(key) >= _MIXED_LENGTH and _MIXED.match(key))


def _counts(text: str, start: int, end: int) -> bool:
    return not _is_bounded(text[start:end]) or _stands_alone(text, start, end)


def _stands_alone(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    return not (_ALNUM.match(before) or _ALNUM.match(after))


def _spellings(value: str) -> Iterator[str]:
    """A value itself, how it reads, and what hexadecimal digits and base64 make of it wherever it stands in
    what is encoded."""
    reading = read(value).text
    spellings = [value, json.dumps(value, ensure_ascii=False)[1:-1], reading, reading.strip()]
    if reading.strip() != value:
        spellings += _spelt(value)  # what reads as blanks or quotes would stay beside its reading
    for spelling in spellings:
        if len(spelling) >= SHORTEST and (spelling == value or not is_plain(spelling)):
            yield spelling
    octets = value.encode("utf-8", "surrogatepass")
    yield octets.hex()
    yield octets.hex().upper()
    for before in range(3):
        yield from _encoded(octets, before)


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
    """The characters of base64 that only these octets decide, with ``before`` octets before them."""
    first = -(-before * 8 // 6)
    last = (before + len(octets)) * 8 // 6
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        core = encode(bytes(before) + octets).decode()[first:last]
        if len(core) >= 8:
            yield core


def _parts(value: str) -> Iterator[str]:
    """Lines of a value and the words that a shell makes of it, unless they are plain or announce others."""
    for pattern in (_LINES, _WORDS):
        for match in pattern.finditer(value):
            part = match[0].strip()
            if part != value and not is_plain_word(part):
                yield part
                if not is_plain_word(reading := read(part).text.strip()):
                    yield reading
