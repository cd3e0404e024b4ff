"""Hides secret values, and remembers them so that they are hidden wherever else they turn up."""

import hmac
import re
from collections.abc import Iterable, Iterator

from layerfork.model.context import Digest
from layerfork.wire.redact.known import STAND_IN, KnownValues
from layerfork.wire.redact.names import hides
from layerfork.wire.redact.spoken import in_commands, named
from layerfork.wire.redact.tokens import Span, tokens, userinfo

_SHELL_ENDS = re.compile(r"[;&|,)]")
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

        Remembered values go first, whole: what only looks like the end of one is no end. In linear time.
        """
        text = self.clean_of_known(text)
        spans = sorted(self._spans(text))
        if not spans:
            return text
        pieces: list[str] = []
        done = 0
        for start, end in _merged(spans):
            value = text[start:end]
            pieces += (text[done:start], self.stand_in(value))
            done = end
        text = "".join((*pieces, text[done:]))
        return self.clean_of_known(text)

    def clean_of_known(self, text: str) -> str:
        """The text without remembered values."""
        return self._known.replace(text, self.stand_in)

    @property
    def knows_any(self) -> bool:
        """Whether there is anything to hide."""
        return len(self._known) > 0

    def knows_of_any_in(self, text: str) -> bool:
        """Whether a long text may hold a remembered value, spelled as it is or as JSON."""
        return self._known.are_in(text)

    def _spans(self, text: str) -> Iterator[Span]:
        """Places of what looks secret; remembers it, and what it may be part of or hold."""
        new: set[str] = set()
        for start, end in (*tokens(text), *named(text), *in_commands(text)):
            value = text[start:end]
            new.update((value, _CONTINUED.sub("", value), _SHELL_ENDS.split(value, maxsplit=1)[0]))
            yield start, end
        for start, end, password in userinfo(text):
            if not STAND_IN.fullmatch(text, start, end):
                new.update((text[start:end], text[password:end]))
                yield start, end
        self._known.add(new)


def _merged(spans: Iterable[Span]) -> Iterator[Span]:
    """Spans in order, those that overlap as one."""
    current: Span | None = None
    for start, end in spans:
        if current is not None and start < current[1]:
            current = (current[0], max(current[1], end))
            continue
        if current is not None:
            yield current
        current = (start, end)
    if current is not None:
        yield current
