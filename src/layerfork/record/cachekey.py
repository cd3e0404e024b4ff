"""A step's cache key, with the named parts that it is made from. A digest never travels alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from layerfork.record.context import Digest


class KeyPlace(NamedTuple):
    """Which one of several alike a part belongs to: the second source of a COPY …"""

    kind: str
    """``source``, ``action``, ``op``, ``hidden op`` or ``trigger`` (of ONBUILD)."""
    number: int
    """From 1, in the order of the key. The first source, action or operation needs no place."""

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"


class KeyPart(NamedTuple):
    """One named input of a key. Two keys are equal exactly when all their parts are."""

    cause: str
    """Cause code that a difference in this part has: ``uid``, ``content``, ``build-arg`` …"""
    path: str = ""
    """Context path (normalised, no ``./``), name of an argument, or empty."""
    field: str = ""
    """What the part is called in its source: ``uid``, ``linkname``, ``Cmd``."""
    value: str = ""
    """Canonical text of the value; hidden values stay hidden."""
    places: tuple[KeyPlace, ...] = ()
    """Innermost first; empty for what is there once, and for the first of several."""

    def within(self, place: KeyPlace) -> "KeyPart":
        """The part as one of a larger thing."""
        return self._replace(places=(*self.places, place))


Row = tuple[str, str, str]
"""Cause, field and value of a part."""


class EntryParts(NamedTuple):
    """All parts of one context entry in one object: it stands for a `KeyPart` for each of its rows.

    Keys of large contexts are made, kept and compared faster so; only entries that differ are taken apart.
    """

    path: str
    usual: tuple[Row, ...]
    """What many entries have alike; they may share the tuple."""
    own: tuple[Row, ...] = ()
    places: tuple[KeyPlace, ...] = ()
    """As those of a `KeyPart`."""

    @property
    def parts(self) -> tuple[KeyPart, ...]:
        """The parts that it stands for."""
        path, places = self.path, self.places
        return tuple(
            KeyPart(cause, path, field, value, places) for cause, field, value in (*self.usual, *self.own)
        )

    def within(self, place: KeyPlace) -> "EntryParts":
        """The same as one of a larger thing."""
        return self._replace(places=(*self.places, place))


Part = KeyPart | EntryParts


class HeldName(NamedTuple):
    """The part of a path that a key holds, where it does not hold the whole path."""

    path: str
    held: str
    places: tuple[KeyPlace, ...] = ()
    """As those of the parts: one path may be there for two sources."""

    def within(self, place: KeyPlace) -> "HeldName":
        """The same as one of a larger thing."""
        return self._replace(places=(*self.places, place))


def expand_parts(parts: Iterable[Part]) -> tuple[KeyPart, ...]:
    """Every single part, those of entries taken apart."""
    return tuple(
        single for part in parts for single in (part.parts if isinstance(part, EntryParts) else (part,))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheKey:
    """What decides whether one step is reused, apart from the steps it builds on."""

    parts: tuple[Part, ...]
    """Order does not matter unless the builder's source says so; then it is a part's value."""
    engine_form: str = ""
    """The very string or digest that the engine computes, when the model can compute it
    (classic: ``/bin/sh -c #(nop) COPY file:… in / ``). Empty when it cannot."""
    unknown: tuple[str, ...] = ()
    """What the record did not hold and the key needs. Not empty: the key proves nothing."""
    held_names: tuple[HeldName, ...] = ()
    """Paths that the key holds only in part."""
    origins: tuple[KeyPart, ...] = ()
    """Where values of the parts came from, finer than the parts: variables that were replaced in the
    text (cause ``build-arg`` or ``env``, the path is the name). Not compared: different origins may
    give equal parts."""
    _digest: Digest | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def all_parts(self) -> tuple[KeyPart, ...]:
        """The parts, those of entries taken apart."""
        return expand_parts(self.parts)

    @property
    def digest(self) -> Digest:
        """Digest over the parts, as far as the key holds their paths: equal for two keys exactly when the
        builder would call them equal. Made once: there may be very many parts."""
        if self._digest is None:
            object.__setattr__(self, "_digest", self._made_digest())
        assert self._digest is not None
        return self._digest

    def _made_digest(self) -> Digest:
        held = {(name.path, name.places): name.held for name in self.held_names}
        texts = [
            _text_of(part, held.get((part.path, part.places), part.path) if held else part.path)
            for part in self.parts
        ]
        texts.sort()
        digest = sha256()
        for start in range(0, len(texts), _TEXTS):
            piece = "\x1e".join(["", *texts[start : start + _TEXTS]] if start else texts[:_TEXTS])
            digest.update(piece.encode("utf-8", "surrogatepass"))
        return Digest("sha256:" + digest.hexdigest())


_TEXTS = 1 << 12
"""At most this many are hashed at once: all of very many together would double what a key needs of memory."""


def _text_of(part: Part, path: str) -> str:
    """A part as text, under the path that the key holds; that of an entry holds all of its rows."""
    places = "".join([f"\x1d{place}" for place in part.places]) if part.places else ""
    if isinstance(part, EntryParts):
        return f"{path}\x1f{_usual_text(part.usual)}\x1f{_rows_text(part.own)}{places}"
    return f"{path}\x1f{part.cause}\x1f{part.field}\x1f{part.value}{places}"


@lru_cache(maxsize=256)
def _usual_text(rows: tuple[Row, ...]) -> str:
    return _rows_text(rows)


def _rows_text(rows: tuple[Row, ...]) -> str:
    return "\x1f".join(["\x1f".join(row) for row in rows])


@dataclass(frozen=True, slots=True, kw_only=True)
class StepKey:
    """A step's own key and the steps whose results it builds on."""

    index: int
    """The step's index in the record, from 1."""
    key: CacheKey
    parents: tuple[int, ...]
    """Indexes of the steps whose results enter: the previous step of the stage, a ``--from`` stage."""
    by_content: tuple[int, ...] = ()
    """Parents that enter only by some of their files: when the key of such a parent differs, the files may
    still be the same, which only the engine knows."""
    always_runs: bool = False
    """The step has no cache of its own (FROM of an image, an ARG before FROM)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildKeys:
    """Keys of every step of one record, in step order."""

    rules: str
    """Which rule set: ``classic``, ``buildkit``, ``buildah``, with the version range it holds for."""
    steps: tuple[StepKey, ...]
    ruled_out: Iterable[KeyPart] = ()
    """Facts that differ between clients but enter no key (mtime, entry order, compression)."""

    def parents_first(self) -> tuple[StepKey, ...]:
        """The steps, each after those that it builds on: a stage may begin with a FROM that is listed in a
        later stage."""
        indexes = {step.index for step in self.steps}
        found: dict[int, StepKey] = {}
        waiting, seen = self.steps, -1
        while len(found) != seen:
            seen = len(found)
            for step in waiting:
                if found.keys() >= indexes.intersection(step.parents):
                    found[step.index] = step
            waiting = tuple(step for step in waiting if step.index not in found)
        return (*found.values(), *waiting)

    def chain_digests(self) -> Mapping[int, Digest]:
        """Step index to a digest over its own key and those of all steps that it builds on.

        Equal for two steps exactly when all these keys are equal. Steps with unknown parts, or above which
        something is unknown, are left out.
        """
        known: dict[int, Digest] = {}
        for step in self.parents_first():
            above = [known.get(parent) for parent in step.parents]
            if step.key.unknown or None in above:
                continue
            text = "\n".join([step.key.digest, *(digest for digest in above if digest)])
            known[step.index] = Digest("sha256:" + sha256(text.encode()).hexdigest())
        return known
