"""Keeps secrets out of records: what looks secret becomes a stand-in that still compares equal."""

import hmac
import json
import re
import threading
from collections.abc import Iterable

from layerfork.model.secrets import looks_secret

_BOUNDED = 12
"""Alphabetic values shorter than this are replaced only where they are whole words."""

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_MORE_SECRET_NAMES = re.compile(
    r"(?i)(?:^|[_.-])(?:pass|oauth|bearer|jwt|sig|signature|[a-z]*tokens|[a-z]*keys?)(?:[_.-]|$)"
)
_PUBLIC_NAMES = re.compile(r"(?i)(?:^|[_.-])(?:pub|public|gpgkey|monkey|turkey)(?:[_.-]|$)")
_FINGERPRINT = re.compile(r"(?:0x)?[0-9A-Fa-f]{8,40}(?:\s+(?:0x)?[0-9A-Fa-f]{8,40})*")
_TRIVIAL = re.compile(r"(?i)|\d{1,3}|true|false|yes|no|on|off|none|null|auto|default|basic|bearer")

_STAND_IN = re.compile(r"hidden:[0-9a-f]{16}")
_TOKEN = re.compile(
    r"\b(?:"
    r"gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|gl[a-z]{2,5}-[\w-]{20,}"
    r"|(?:AKIA|ASIA)[0-9A-Z]{16}\b|AIza[\w-]{35}|ya29\.[\w-]{20,}"
    r"|xox[abeoprs]-[\w-]{10,}|xapp-[\w-]{10,}"
    r"|npm_[A-Za-z0-9]{30,}|pypi-[\w-]{40,}|dckr_[a-z]{3}_[\w-]{20,}|hf_[A-Za-z0-9]{30,}"
    r"|[sr]k_(?:live|test)_[A-Za-z0-9]{16,}|sk-[\w-]{20,}|SG\.[\w-]{16,}\.[\w-]{16,}"
    r"|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*"
    r")"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY[A-Z ]*-----(?:[^-]*-----END [A-Z ]*PRIVATE KEY[A-Z ]*-----)?"
)
_COMMAND_LINES = tuple(
    re.compile(pattern)
    for pattern in (
        (
            r"(?i)(?<![\w-])--?[\w-]*(?:password|passwd|passphrase|token|secret|api-?key|access-?key)\s+"
            r"(?P<secret>\"[^\"\n]*\"|'[^'\n]*'|[^\s;&|\"'\\]+)"
        ),
        r"\blogin\b[^\n;&|]*?\s-p\s*(?P<secret>[^\s;&|\"']+)",
        r"\b(?:mysql|mariadb|mysqldump|mysqladmin)\b[^\n;&|]*?\s-p(?P<secret>[^\s;&|\"']+)",
        r"\bsshpass\s+-p\s*(?P<secret>[^\s;&|]+)",
        r"(?<!\S)(?:-u|--user|--proxy-user)[\s=]+[^\s:;&|]+:(?P<secret>[^\s;&|\"']+)",
        r"(?i)\bauthorization:\s*(?:[a-z]+\s+)?(?P<secret>[^\s;&|\"']+)",
        r"(?i)\bmachine\s+\S+\s+login\s+\S+\s+password\s+(?P<secret>[^\s;&|\"']+)",
    )
)
"""Secrets as command lines spell them: after a flag, after a user, in a header, in a netrc line."""
_BEARER = re.compile(r"(?i)\b(Bearer|Basic)( +)([\w.~+/-]{12,}=*)")
_USERINFO = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*)://([^\s/?#@'\"]+)@")
_ASSIGNMENT = re.compile(
    r"""(?<![\w.-])(-{0,2}"?)([A-Za-z_][\w.-]*)(=|"[ \t]*:[ \t]*|(?<=\w)[ \t]+=[ \t]+)"""
    r"""("[^"\n]*"|'[^'\n]*'|[^\s"'&|;,)]+)"""
)
_HEADER = re.compile(
    r"(?i)(?<![\w./-])([a-z]+-[a-z-]+|authorization|cookie)(:[ \t]+)(?!bearer|basic)([^\s\"']+)"
)
_ENV_PAIR = re.compile(r"(?im)^(\s*(?:ENV|LABEL)\s+)([A-Za-z_][\w.-]*)([ \t]+)([^=\s\\][^=\n\\]*)$")


class Redactor:
    """Hides secret values, and remembers them so that they are hidden wherever else they turn up.

    Two equal values get equal stand-ins under one key, so records still compare. Safe to share
    between threads.
    """

    def __init__(self, key: bytes) -> None:
        """``key`` is the secret of a record store: without it a stand-in cannot be guessed at."""
        self._key = key
        self._lock = threading.Lock()
        self._known: dict[str, str] = {}
        self._pattern: re.Pattern[str] | None = None

    def stand_in(self, value: str) -> str:
        """``hidden:`` and 16 hexadecimal digits of the keyed digest of a value."""
        digest = hmac.digest(self._key, value.encode("utf-8", "surrogatepass"), "sha256")
        return "hidden:" + digest.hex()[:16]

    def hide(self, name: str, value: str) -> str:
        """The value of a build argument, label or variable as it may be recorded."""
        if hides(name, value):
            return self.secret(value)
        return self.clean(value)

    def secret(self, value: str) -> str:
        """The stand-in of a value that is known to be secret; remembers the value."""
        if _STAND_IN.fullmatch(value):
            return value
        stand_in = self.stand_in(value)
        self._remember(value, stand_in)
        return stand_in

    def pairs(self, pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """Names and values as they may be recorded, sorted by name."""
        return tuple(sorted((name, self.hide(name, value)) for name, value in pairs))

    def clean(self, text: str) -> str:
        """The text without remembered values, known token shapes, URL credentials and assignments
        to names that look secret: ``NAME=value``, ``"name": "value"``, ``X-Name: v``, ``ENV NAME value``."""
        text = _USERINFO.sub(self._hide_userinfo, text)
        text = _TOKEN.sub(lambda match: self.secret(match[0]), text)
        text = _BEARER.sub(lambda match: match[1] + match[2] + self.secret(match[3]), text)
        text = _ASSIGNMENT.sub(self._hide_assigned, text)
        text = _HEADER.sub(self._hide_header, text)
        text = _ENV_PAIR.sub(self._hide_pair, text)
        for spoken in _COMMAND_LINES:
            text = spoken.sub(self._hide_word, text)
        pattern = self._pattern
        if pattern is None:
            return text
        return pattern.sub(lambda match: self._known.get(match[0]) or self.stand_in(match[0]), text)

    def _hide_word(self, match: re.Match[str]) -> str:
        """Hide the group ``secret`` of a match, unless it is a variable or hidden already."""
        value = match["secret"].strip("\"'")
        if not value or value.startswith(("$", "hidden:", "id=", "-")) or _TRIVIAL.fullmatch(value):
            return match[0]
        return match[0].replace(match["secret"], match["secret"].replace(value, self.secret(value)))

    def _hide_userinfo(self, match: re.Match[str]) -> str:
        scheme, userinfo = match[1], match[2]
        _, colon, password = userinfo.partition(":")
        if (not colon and scheme.lower() not in {"http", "https"}) or _STAND_IN.fullmatch(userinfo):
            return match[0]
        if colon and password:
            self.secret(password)
        return f"{scheme}://{self.secret(userinfo)}@"

    def _hide_assigned(self, match: re.Match[str]) -> str:
        opening, name, middle, value = match.groups()
        quote = value[0] if value[0] in "\"'" else ""
        bare = value[1:-1] if quote else value
        if bare.startswith(("$", "hidden:")):
            return match[0]
        hidden = self.secret(bare) if hides(name, bare) else _ASSIGNMENT.sub(self._hide_assigned, bare)
        return f"{opening}{name}{middle}{quote}{hidden}{quote}"

    def _hide_header(self, match: re.Match[str]) -> str:
        name, middle, value = match.groups()
        if value.startswith(("$", "hidden:")) or not hides(name, value):
            return match[0]
        return f"{name}{middle}{self.secret(value)}"

    def _hide_pair(self, match: re.Match[str]) -> str:
        instruction, name, blank, value = match.groups()
        bare = value.strip().strip("\"'")
        if bare.startswith(("$", "hidden:")) or not hides(name, bare):
            return match[0]
        return f"{instruction}{name}{blank}{self.secret(bare)}"

    def _remember(self, value: str, stand_in: str) -> None:
        spellings = {value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
        with self._lock:
            new = {spelling for spelling in spellings if spelling not in self._known and _findable(spelling)}
            if not new:
                return
            self._known = self._known | dict.fromkeys(new, stand_in)
            longest_first = sorted(self._known, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(_spelling_pattern, longest_first)))


def hides(name: str, value: str) -> bool:
    """Whether the whole value of this build argument, label, variable or query parameter is hidden.

    The name decides; secrets inside values with harmless names are found by their shape.
    """
    if _TRIVIAL.fullmatch(value) or _PUBLIC_NAMES.search(name):
        return False
    if name.upper().startswith("GPG") and _FINGERPRINT.fullmatch(value):
        return False
    words = _HUMP.sub("_", name)
    return looks_secret(words, "x") or _MORE_SECRET_NAMES.search(words) is not None


def _findable(value: str) -> bool:
    """Whether a value is distinctive enough to be looked for in other texts."""
    return len(value) >= 6 or (len(value) >= 4 and not value.isalpha())


def _spelling_pattern(value: str) -> str:
    escaped = re.escape(value)
    if len(value) < 6 or (len(value) < _BOUNDED and value.isalnum()):
        return rf"(?<![A-Za-z0-9]){escaped}(?![A-Za-z0-9])"
    return escaped
