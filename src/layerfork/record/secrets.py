"""Which names and values say that something is secret, so that no command line and no record shows it.

A name is judged by its last words: ``TOKEN_FORMAT`` is a format, ``DB_PASSWORD_PROD`` a password.
"""

import re
from itertools import pairwise

HIDDEN = "hidden:"
"""Starts the stand-in of every hidden value."""
LONGEST_NAME = 300
"""Of a longer name only the end is looked at."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_STRONG = _words(
    "accesskey apikey authtoken credential credentials creds jwt passphrase passwd password passwords"
    " secret secretkey secrets token tokens"
)
"""Words that make a secret of a name wherever they stand, unless the last word says otherwise."""
_STRONG_ENDINGS = re.compile(r"(?:password|passwd|passphrase|secret|token|(?:api|access|auth|secret)key)s?$")
_WEAK = _words(
    "auth authorization bearer cookie cookies key keys oauth oauth2 pass pat private pw pwd session sig"
    " signature"
)
"""Words that make one only at the end."""
_KINDS_OF_KEY = _words(
    "access account admin api app auth client deploy encryption hmac license master private secret"
    " service shared signing ssh"
)
_WEAK_ENDINGS = re.compile(r"(?<!mon)(?<!tur)(?<!don)(?<!hoc)(?<!joc)(?<!hot)(?<!gpg)(?<!whis)keys?$|pwd$")
_ABOUT = _words(
    "age alg algo algorithm at attempts audience backend bits bytes callback charset claim class client"
    " column count curve dir directory disabled domain driver email enabled encoding endpoint expiration"
    " expires expiry field file filename files fingerprint folder format handler header headers helper"
    " host hostname in index interval issuer label leeway length len level lifetime limit location manager"
    " max mechanism method min minutes mode mount name names namespace nonce order param params path paths"
    " pattern plugin policy port prefix provider quota rate realm refresh region regex required retries"
    " ring role rotation samesite scheme scope scopes seconds secure server service size sock socket"
    " source stdin store strategy strength suffix thumbprint through timeout ttl type types url uri usage"
    " use username validity vault verify version"
)
"""Last words that name something about a secret, and not the secret."""
_UNSAID = _words(
    "current default dev development live local new old prev previous prod production qa sandbox stage"
    " staging stg test testing"
)
"""Last words that say which one; they are passed over, as numbers are."""
_NO_KEYS = _words(
    "arrow cache composite foreign function group hot idempotency index lookup map partition primary pub"
    " public range row short shortcut sort unique"
)
"""Words before ``key`` that make another kind of key of it."""
_AMOUNTS = _words("completion context count input max maximum min minimum n num number output prompt total")
_SWITCHES = _words("allow ask disable enable has is need no require requires skip use with without")
_PUBLIC = re.compile(r"(?:pub|public)(?:keys?)?$|gpgkey$")

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SEPARATORS = re.compile(r"[^A-Za-z0-9]+")
_NUMBER = re.compile(r"v?[0-9]+")
_TAIL_NUMBER = re.compile(r"(?<=[a-z])[0-9]+$")
_PLACE = re.compile(r"[\"']?(?:[/~.\\$]|[A-Za-z]:[\\/])")
_FINGERPRINT = re.compile(r"(?:0x)?[0-9A-Fa-f]{8,40}(?:[\s,]+(?:0x)?[0-9A-Fa-f]{8,40})*")
_DRAWN = re.compile(r"(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])(?=[^0-9]*[0-9])[A-Za-z0-9+/_=~-]{20,}")
"""Random text that only a machine writes: it is hidden although its name is only about a secret."""
_SECRET_VALUES = re.compile(
    r"://[^/\s@:]*:[^/\s@]+@"  # a password inside a URL
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\b(?:gh[pousr]_|github_pat_|glpat-|npm_|pypi-|xox[abprs]-|sk-)[A-Za-z0-9_-]{16,}"
    r"|\bAKIA[0-9A-Z]{16}\b"
    r"|\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\."  # a JSON web token
)


def looks_secret(name: str, value: str) -> bool:
    """Whether a build argument's value should be hidden, judged by its name and by its own shape.

    It errs towards hiding, since a record keeps a keyed digest of what it hides and can still compare it.
    An empty value is no secret.
    """
    if not value:
        return False
    return names_secret(name, value) or _SECRET_VALUES.search(value) is not None


def names_secret(name: str, value: str = "x") -> bool:
    """Whether what has this name is a secret. The value decides where the name alone does not."""
    words = words_of(name)
    if words in (["pwd"], ["oldpwd"]) and _PLACE.match(value):
        return False
    if {"gpg", "pgp"} & set(words) and _FINGERPRINT.fullmatch(value):
        return False
    if _is_secret(words):
        return True
    return _is_about_one(words) and _DRAWN.fullmatch(value) is not None


def words_of(name: str) -> list[str]:
    """The words of a name in small letters, without numbers and what else says which one at its end."""
    parts = _SEPARATORS.split(_HUMP.sub("_", name[-LONGEST_NAME:]))
    words = [_TAIL_NUMBER.sub("", part.lower()) if len(part) > 1 else part.lower() for part in parts if part]
    while len(words) > 1 and (_NUMBER.fullmatch(words[-1]) or words[-1] in _UNSAID):
        words.pop()
    return words


def _is_secret(words: list[str]) -> bool:
    if not words or any(_PUBLIC.fullmatch(word) for word in words):
        return False
    *before, last = words
    previous = before[-1] if before else ""
    if last == "id" and previous in ("key", "secret", "session"):
        return previous != "key" or words[-3:-2] == ["access"]
    if last in _ABOUT or last == "id" or (before and before[0] in _SWITCHES):
        return False
    if last == "tokens" and _AMOUNTS & set(before):
        return False
    if last in ("key", "keys") and previous in _NO_KEYS:
        return False
    if last in _WEAK or _WEAK_ENDINGS.search(last):
        return True
    return _has_strong(words)


def _is_about_one(words: list[str]) -> bool:
    return bool(words) and words[-1] not in ("fingerprint", "thumbprint", "id") and _has_strong(words)


def _has_strong(words: list[str]) -> bool:
    if any(word in _STRONG or _STRONG_ENDINGS.search(word) for word in words):
        return True
    pairs = pairwise(words)
    return any(kind in _KINDS_OF_KEY and key in ("key", "keys") for kind, key in pairs)
