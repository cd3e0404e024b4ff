"""Tokens and private keys that are known by their shape: our patterns, and the rules of gitleaks."""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import ahocorasick

# Tokens and private keys that are known by their shape, whatever they are called.
#
# The shapes are those that the issuers document, for scanners to find.

Span = tuple[int, int]

_TOKEN = re.compile(
    r"\b(?:"
    r"gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|gl[a-z]{2,6}-[\w-]{20,}|ATBB[\w-]{24,}|ATATT3[\w-]{30,}"
    r"|(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}\b|AIza[\w-]{35}|ya29\.[\w-]{20,}|GOCSPX-[\w-]{20,}|1//0[\w-]{30,}"
    r"|xox[abceoprs](?:\.xox[bp])?-[\w-]{10,}|xapp-[\w-]{10,}|[0-9]{8,10}:AA[\w-]{33}"
    r"|npm_[A-Za-z0-9]{30,}|pypi-[\w-]{40,}|rubygems_[0-9a-f]{40,}|cio[A-Za-z0-9]{32}\b|oy2[a-z0-9]{43}\b"
    r"|dckr_[a-z]{3}_[\w-]{20,}|hf_[A-Za-z0-9]{30,}|AKCp[A-Za-z0-9]{60,}"
    r"|(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}|whsec_[\w+/=-]{24,}|sk-[\w-]{20,}"
    r"|SG\.[\w-]{16,64}\.[\w-]{16,}|SK[0-9a-f]{32}\b|key-[0-9a-f]{32}\b|gsk_[A-Za-z0-9]{30,}|xai-[\w-]{30,}|r8_\w{30,}"
    r"|hv[sbr]\.[\w-]{20,}|[A-Za-z0-9]{14}\.atlasv1\.[\w-]{40,}|pul-[0-9a-f]{40}\b|tskey-[\w-]{16,}"
    r"|do[opr]_v1_[0-9a-f]{40,}|dp\.[a-z]{2,5}\.[\w.-]{30,}|dapi[0-9a-f]{32}\b|lin_api_\w{30,}|ntn_\w{30,}"
    r"|PMAK-[\w-]{40,}|shp(?:at|ca|pa|ss|tka)_[0-9A-Fa-f]{32}\b|gl(?:sa|c)_[\w=+/-]{24,}|sntry[su]_[\w=+/-]{24,}"
    r"|sbp_[0-9a-f]{40}\b|figd_[\w-]{30,}|nfp_\w{30,}|pscale_(?:tkn|pw|oauth)_[\w.-]{30,}|fm2_[\w+/=-]{30,}"
    r"|CCIPAT_\w{30,}|AGE-SECRET-KEY-1[0-9A-Z]{50,}"
    r")"
    r"|(?<![\w-])eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*"
    r"|\bhooks\.slack\.com/(?:services|workflows)/[\w/]{20,}|\bdiscord(?:app)?\.com/api/webhooks/[\w/-]{40,}"
)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY[A-Z ]{0,40}-----"
    r"(?:(?:[^-]|-(?!----))*+-----END [A-Z ]{0,40}-----|[A-Za-z0-9+/=\\\s]*+)"
)
_BEARER = re.compile(r"(?i)\b(?:bearer|basic) ++([\w.~+/-]{12,}=*)")
_MIDDLE = re.compile(r":(?://|\\/\\/)(?P<rest>(?:(?!://)[^\s\"'<>`])*+)")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*$")
_LONGEST_SCHEME = 30
_PORT = re.compile(r"[0-9]*")


def tokens(text: str) -> Iterator[Span]:
    """Places of tokens and private keys."""
    for pattern in (_TOKEN, _PRIVATE_KEY):
        yield from (match.span() for match in pattern.finditer(text))
    yield from (match.span(1) for match in _BEARER.finditer(text))


def userinfo(text: str) -> Iterator[tuple[int, int, int]]:
    """Places of what stands before the ``@`` of a URL that is a secret: its start, its end, the start of
    the password, or the end where there is none.

    What stands before the last ``@`` of the authority belongs to it (RFC 3986, 3.2), though a password that
    is not encoded may hold characters that end an authority.
    """
    for match in _MIDDLE.finditer(text):
        start, rest = match.start("rest"), match["rest"]
        authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
        at = authority.rfind("@")
        if at < 0 and not _PORT.fullmatch(authority.partition(":")[2]):
            at = rest.rfind("@")  # neither a port nor the end of a password
        user, colon, _ = rest[: max(at, 0)].partition(":")
        scheme = _SCHEME.search(text, max(0, match.start() - _LONGEST_SCHEME), match.start())
        if at <= 0 or scheme is None or (not colon and scheme[0].lower() not in ("http", "https")):
            continue
        yield start, start + at, start + min(len(user) + 1, at)


# Detectors of gitleaks, as data: `gitleaks/rules.json` is written by `scripts/write_rules.py`.

_RULES = Path(__file__).with_name("gitleaks") / "rules.json"
_HASH = re.compile(r"[0-9a-f]{32,}")
_NAMES_HASH = re.compile(r"(?i)(?:sha|md5|sum|digest|commit|rev|hash|version)[0-9_]*[\s\"'=:]*$")
_BEFORE = 60


@dataclass(frozen=True, slots=True)
class _SecretRule:
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
def _rule(number: int) -> _SecretRule:
    import re2  # late: start-up

    rule = _data()["rules"][number]
    return _SecretRule(re2.compile(rule["regex"]), rule["group"], rule["entropy"])


def detected(text: str) -> Iterator[Span]:
    """Places of secrets that the rules find. In linear time: RE2 runs only the rules whose keywords occur."""
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
