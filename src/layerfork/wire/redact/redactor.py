"""Hides secret values, and remembers them so that they are hidden wherever else they turn up."""

import hmac
import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from layerfork.record.context import Digest
from layerfork.wire.redact.assignments import named
from layerfork.wire.redact.commands import in_commands
from layerfork.wire.redact.known import STAND_IN, FoundSecret, KnownValues, apart
from layerfork.wire.redact.tokens import detected, tokens, userinfo
from layerfork.wire.redact.values import hides

_SHELL_ENDS = re.compile(r"[;&|,)]")
_CLOSES = "\"'\\;&|,)]}"
_CONTINUED = re.compile(r"\\\r?\n")


class Redactor:
    """Hides secret values, and remembers them so that they are hidden wherever else they turn up.

    Two equal values get equal stand-ins under one key, so records still compare. Safe to share
    between threads.
    """

    def __init__(self, key: bytes) -> None:
        """``key`` is the secret of a record store: without it a stand-in cannot be guessed at."""
        self._key = key
        self._known = KnownValues()

    def stand_in(self, value: str) -> str:
        """``hidden:`` and 16 hexadecimal digits of the keyed digest of a value."""
        digest = hmac.digest(self._key, value.encode("utf-8", "surrogatepass"), "sha256")
        return "hidden:" + digest.hex()[:16]

    def keyed_digest(self, digest: Digest) -> Digest:
        """What stands for a digest whose data hold a secret: equal digests still compare, guesses do not."""
        return Digest(self.stand_in(digest))

    def hide(self, name: str, value: str) -> str:
        """The value of a build argument, label or variable as it may be recorded."""
        if hides(name, value):
            return self.secret(value)
        return self.clean(value)

    def secret(self, value: str) -> str:
        """The stand-in of a value that is known to be secret; remembers the value."""
        if STAND_IN.fullmatch(value):
            return value
        self._known.add([value])
        return self.stand_in(value)

    def pairs(self, pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """Names and values as they may be recorded, sorted by name. Of one another's secrets none stays."""
        pairs = list(pairs)
        self._known.add(value for name, value in pairs if hides(name, value))
        shown = [(name, self.hide(name, value)) for name, value in pairs]
        return tuple(sorted((self.clean_of_known(name), self.clean_of_known(value)) for name, value in shown))

    def clean(self, text: str) -> str:
        """The text without remembered values, known token shapes, URL credentials and values whose name
        looks secret: ``NAME=value``, ``"name": "value"``, ``X-Name: v``, ``ENV NAME value``, ``--name v``.

        All of them are found in the text as it is: what is replaced hides no name and no shape.
        In linear time.
        """
        known = self._known.found(text)
        by_start = _longest_at(known)
        shown: list[FoundSecret] = []
        new: set[str] = set()
        for start, end, password in _short(text) if len(text) <= _SHORT else _spoken(text):
            found = FoundSecret(start, end, text[start:end])
            same = by_start.get(start)
            if same is not None and not text[same.end : end].strip(_CLOSES):
                continue  # the value is known, and what closes it is no part of it
            shown.append(found)
            new.update(_values(text, found, password))
        if new:
            self._known.add(new)
            known = self._known.found(text)
        return self._replaced(text, [*_outside_stand_ins(known, text), *shown])

    def words(self, words: Iterable[str]) -> tuple[str, ...]:
        """The words of a command line; an option may say that the next word is a secret."""
        words = tuple(words)
        alone = tuple(map(self.clean, words))
        together = _as_list(self.clean(json.dumps(words, ensure_ascii=False)))
        if len(together) != len(words):
            return alone
        return tuple(
            self.clean(one if one != word else other)
            for word, one, other in zip(words, alone, together, strict=True)
        )

    def clean_of_known(self, text: str) -> str:
        """The text without remembered values."""
        return self._replaced(text, _outside_stand_ins(self._known.found(text), text))

    def _replaced(self, text: str, found: Sequence[FoundSecret]) -> str:
        """With a stand-in for each; of two that are the same place the first has its name."""
        if not found:
            return text
        pieces: list[str] = []
        done = 0
        for each in apart(found):
            pieces += (text[done : each.start], self.stand_in(each.value))
            done = each.end
        return "".join((*pieces, text[done:]))

    @property
    def knows_any(self) -> bool:
        """Whether there is anything to hide."""
        return len(self._known) > 0

    def knows_of_any_in(self, text: str) -> bool:
        """Whether a long text may hold a remembered value, spelled as it is or as JSON."""
        return self._known.are_in(text)


def _as_list(text: str) -> list[str]:
    """A list of words in JSON; empty where a stand-in broke it."""
    try:
        words = json.loads(text)
    except ValueError:
        return []
    return words if isinstance(words, list) and all(isinstance(word, str) for word in words) else []


_SHORT = 500


@lru_cache(maxsize=2_000)
def _short(text: str) -> tuple[tuple[int, int, int], ...]:
    """The places of a short text: builds of one project have most of their texts in common."""
    return tuple(_spoken(text))


def _spoken(text: str) -> Iterator[tuple[int, int, int]]:
    """Places of what looks secret, and where in it a password begins."""
    for start, end in (*tokens(text), *named(text), *in_commands(text)):
        yield start, end, end
    for start, end in detected(text):
        if not (text.endswith("hidden:", 0, start) or STAND_IN.search(text, start, end)):
            yield start, end, end
    for start, end, password in userinfo(text):
        if not STAND_IN.fullmatch(text, start, end):
            yield start, end, password


def _values(text: str, found: FoundSecret, password: int) -> Iterator[str]:
    """What is remembered of a place: what it is, what it may be part of, what it may hold."""
    yield found.value
    yield _CONTINUED.sub("", found.value)
    yield _SHELL_ENDS.split(found.value, maxsplit=1)[0]
    yield text[password : found.end]


def _longest_at(known: Iterable[FoundSecret]) -> dict[int, FoundSecret]:
    longest: dict[int, FoundSecret] = {}
    for each in known:
        if each.start not in longest or each.end > longest[each.start].end:
            longest[each.start] = each
    return longest


def _outside_stand_ins(found: Sequence[FoundSecret], text: str) -> list[FoundSecret]:
    """Without what touches a stand-in: those stay."""
    if not found or "hidden:" not in text:
        return list(found)
    hidden = [match.span() for match in STAND_IN.finditer(text)]
    ends = [end for _, end in hidden]
    kept = []
    for each in found:
        following = bisect_right(ends, each.start)
        if following == len(hidden) or each.end <= hidden[following][0]:
            kept.append(each)
    return kept
