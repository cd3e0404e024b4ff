"""Detectors of gitleaks, as data: `gitleaks/rules.json` is written by `scripts/write_rules.py`."""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from layerfork.wire.redact.tokens import Span

_RULES = Path(__file__).with_name("gitleaks") / "rules.json"
_HASH = re.compile(r"[0-9a-f]{32,}")
_NAMES_HASH = re.compile(r"(?i)(?:sha|md5|sum|digest|commit|rev|hash|version)[0-9_]*[\s\"'=:]*$")
_BEFORE = 60


@dataclass(frozen=True, slots=True)
class _Rule:
    regex: Any
    group: int
    entropy: float

    def spans(self, text: str) -> Iterator[Span]:
        whole = self.group == 0 and bool(self.regex.groupindex)  # its groups are no secrets
        for match in self.regex.finditer(text):
            group = 0 if whole else self.group or next((i for i, g in enumerate(match.groups(), 1) if g), 0)
            start, end = match.span(group)
            if _entropy(text[start:end]) > self.entropy and not _is_checksum(text, start, end):
                yield start, end


@cache
def _data() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(_RULES.read_text(encoding="utf-8"))
    return content


@cache
def plain_words() -> frozenset[str]:
    """Words that gitleaks takes for no secrets."""
    return frozenset(_data()["words"])


@cache
def _keywords() -> Any:
    """Finds the words without which no rule can match; with each, the numbers of its rules."""
    import ahocorasick

    numbers: dict[str, list[int]] = {}
    for number, rule in enumerate(_data()["rules"]):
        for keyword in rule["keywords"]:
            numbers.setdefault(keyword.lower(), []).append(number)
    automaton = ahocorasick.Automaton()
    for keyword, its in numbers.items():
        automaton.add_word(keyword, tuple(its))
    automaton.make_automaton()
    return automaton


@cache
def _rule(number: int) -> _Rule:
    import re2

    rule = _data()["rules"][number]
    return _Rule(re2.compile(rule["regex"]), rule["group"], rule["entropy"])


def detected(text: str) -> Iterator[Span]:
    """Places of what the rules take for secrets. In linear time: RE2 reads, for rules in question."""
    found = {number for _, numbers in _keywords().iter(text.lower()) for number in numbers}
    for number in sorted(found):
        yield from _rule(number).spans(text)


def _entropy(text: str) -> float:
    """Shannon's, in bits of a character."""
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)


def _is_checksum(text: str, start: int, end: int) -> bool:
    """Whether a name says that these hexadecimal digits are one."""
    if not _HASH.fullmatch(text, start, end):
        return False
    return _NAMES_HASH.search(text[max(0, start - _BEFORE) : start]) is not None
