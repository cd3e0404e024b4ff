"""Values as files and shells write them, and which of them are worth hiding."""

import re
from collections.abc import Iterator

from layerfork.record.secrets import names_secret, words_of
from layerfork.wire.redact.tokens import Span, plain_words

# Names whose values are hidden, whatever these are.

_TRIVIAL = re.compile(r"(?i)|\d{1,3}|true|false|yes|no|on|off|none|null|auto|default|basic|bearer")


def hides(name: str, value: str) -> bool:
    """Whether the whole value of this build argument, label, variable or query parameter is hidden.

    The name decides; secrets inside values with harmless names are found by their shape.
    """
    return not is_trivial(value) and names_secret(name, value)


def is_trivial(value: str) -> bool:
    """Whether a value says nothing that could be kept secret: empty, a switch, a small number."""
    return _TRIVIAL.fullmatch(value) is not None


_VALUE = re.compile(
    r"\"(?P<double>(?:[^\"\\\n]|\\[\s\S])*+)\""
    r"|'(?P<single>[^'\n]*+(?:'(?:\"'\"|\\')'[^'\n]*+)*+)'"
    r"|(?P<escape>\\++\")(?P<escaped>(?:(?!\\\")[^\n])*+)"
    r"|(?P<open>[\"'][^\n]*+)"
    r"|(?P<bare>(?:[^\s\"'\\]|\\[\s\S])++)"
)
"""A value as a Dockerfile, a shell and JSON write one. Bare, it ends at a blank: what ends it in a shell may
well be part of it elsewhere."""
_REST = {
    '"': re.compile(r"(?:[^\"\\\n]|\\(?!\")[\s\S])*+"),
    "'": re.compile(r"[^'\n]*+"),
}
_ENDS = ";)]},&|\\"
_ENDS_AFTER = {"?": re.compile(r"[&#]"), "&": re.compile(r"[&#]"), ",": re.compile(r",")}
_DEFAULT = re.compile(r"[\"']?(?:\$\{\w++:?[-+=?])++(?P<value>[^}\n]*+)")
"""Of ``${NAME:-value}`` the value."""
_HARMLESS = re.compile(r"(?:\\?[\"'])?(?:\$|\\\$\{?\w+\}?(?!\S)|hidden:[0-9a-f]{16}(?=[\s\"'\\;&|,)\]}<]|$))")
"""How a value begins that holds no secret: a variable, or what is hidden already."""
GAP = r"(?:(?:\\*+[\"'])?+[ \t]*+,\s*+(?=\\*+[\"'])|(?:\\*+[\"'])?+(?:[ \t]|\\\r?\n)++)"
"""What stands between two words of a command line, or of a list of words in JSON."""
_GAP = re.compile(GAP)
_IN_LIST = re.compile(r"(?:[\[,]\s*+|- )\\*+[\"']$")
_LONGEST_GAP = 12


def is_harmless(value: str) -> bool:
    """Whether a value begins as one that holds no secret."""
    return _HARMLESS.match(value) is not None


def value_at(text: str, at: int, before: str = "") -> Span | None:
    """The value that starts here, without its quotes; None for a variable, or one that is hidden already.

    ``before`` is the character in front of its name: it says what ends a value that has no quotes.
    """
    if (default := _DEFAULT.match(text, at)) is not None:
        return default.span("value")
    if _HARMLESS.match(text, at) or (match := _VALUE.match(text, at)) is None:
        return None
    start, end = match.span(match.lastgroup or 0)
    if match.lastgroup == "open":
        start += 1
    elif match.lastgroup == "bare" and before in _ENDS_AFTER:
        found = _ENDS_AFTER[before].search(text, start, end)
        end = found.start() if found is not None else end
    return start, end


def rest_of_word(text: str, at: int, name_start: int, *, flag: bool) -> Span | None:
    """The value from here to the quote that ends its word, if the word began with a quote before its name.

    That is so of a flag, and of a word of a list: ``["app", "KEY=a b"]``.
    """
    quote = text[name_start - 1 : name_start]
    if quote not in ("'", '"') or _HARMLESS.match(text, at) or text[at : at + 1] in ("'", '"'):
        return None
    if not flag and not _IN_LIST.search(text, max(0, name_start - _LONGEST_GAP), name_start):
        return None
    match = _REST[quote].match(text, at)
    assert match is not None  # of nothing, too
    escaped = text[name_start - 2 : name_start - 1] == "\\"
    end = match.end()
    while escaped and end > at and text[end - 1] == "\\":
        end -= 1
    return (at, end) if end > at else None


def words_from(text: str, at: int, count: int) -> Iterator[Span]:
    """Words of a command line that follow what ends here, at most ``count``; none beyond a pipe."""
    for _ in range(count):
        gap = _GAP.match(text, at)
        if gap is None or text[gap.end() : gap.end() + 1] in ("", "|", ";", "&", "<", ">", "\n"):
            return
        found = value_at(text, gap.end())
        if found is None:
            match = _VALUE.match(text, gap.end())
            found = match.span(match.lastgroup or 0) if match is not None else None
        if found is None:
            return
        yield found
        at = found[1]


def is_quoted(text: str, start: int, end: int) -> bool:
    """Whether a value stands between quotes."""
    return text[start - 1 : start] in ("'", '"') and text[end : end + 1] in ("'", '"', "\\")


def worth_hiding(text: str, start: int, end: int) -> Iterator[Span]:
    """The value without what a shell or a list put after it, unless it says nothing or was dealt with."""
    value = text[start:end] if is_quoted(text, start, end) else text[start:end].rstrip(_ENDS)
    if value and not is_trivial(value) and not _HARMLESS.match(value):
        yield start, start + len(value)


# Values that are not secret elsewhere: hidden under a secret's name, and not searched for in other texts.
#
# `SIGNING_KEY=production` must not hide `NODE_ENV=production`, and a word that announces a secret must stay,
# or the next secret that it announces is not found.


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SHORTEST = 6
"""A value with fewer characters cannot be distinguished from other words."""
_SETTINGS = _words(
    "access account admin administrator aes128 aes256 alpine amd64 anonymous ap api apikey application"
    " arm64 auth authorization auto base64 basic bearer begin beta block central changeme client cluster"
    " config configuration cookie cookies credential credentials creds debian debug default demo dev devel"
    " develop development digest disabled docker dsa dummy east ec ed25519 elasticsearch enabled encrypted"
    " end error eu example external false file foobar github gitlab global group guest header headers hmac"
    " hs256 hs384 hs512 http https info internal json jwt key keys latest linux local localhost login main"
    " manual mariadb master memcached memory minio mongo mongodb mysql nginx nobody node none north null"
    " oauth oauth2 openssh openssl optional oracle owner packages pass passphrase passwd password"
    " passwords pgp placeholder postgres postgresql private prod production project proxy public python"
    " rabbitmq readonly redis registry release remote repository required root rs256 rs384 rs512 rsa"
    " running sandbox scratch secret secrets service session sha1 sha256 sha512 sig signature signing"
    " south sqlite sslmode stable staging standard static storage strict string system target test tester"
    " testing token tokens true ubuntu unknown us user username users value vault verify version west"
    " windows worker x xml yaml"
)
_SEPARATORS = re.compile(r"[-_./:+ ]+")
_MARKS = "_-\"'=:{}[],#*<>/\\"
_MARKER = re.compile(r"-{4,5}[ ]?(?:BEGIN|END) [A-Z0-9 ]+-{4,5}")
_WORD = re.compile(r"[A-Za-z]?[a-z]*|[A-Z]*")
_NAME = re.compile(r"[A-Za-z]+(?:[-_.]+[A-Za-z]+)*+")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{1,30}:(?://)?")
_VERSION = re.compile(r"v?[0-9]{1,5}(?:\.[0-9]{1,5}){1,3}(?:[-+.]?[a-z]{1,8}[0-9]{0,3})?|[0-9]{1,7}")
_PATH = re.compile(
    r"(?:~|\.{1,2})?(?:/[._-]?[A-Za-z]+[0-9]{0,3}(?:[._-][A-Za-z]+[0-9]{0,3}){0,3}|/[0-9]{1,3})+/?"
    r"|[A-Za-z]:(?:\\{1,2}[A-Za-z._-]+[0-9]{0,3})+"
)
_LONGEST = 200
"""Characters of a plain value, at most."""


def is_plain(value: str) -> bool:
    """Whether a value is too short or too common to be searched for in other texts."""
    if len(value) < SHORTEST:
        return True
    if len(value) > _LONGEST:
        return False
    return bool(_VERSION.fullmatch(value)) or is_path(value) or is_marker(value) or _is_in_dictionary(value)


def is_plain_word(word: str) -> bool:
    """Whether a word of a longer value stays where it stands alone."""
    return _WORD.fullmatch(word) is not None or is_plain(word)


def is_path(value: str) -> bool:
    """Whether a value is the name of a file, of words that people write."""
    return _PATH.fullmatch(value) is not None


def is_marker(value: str) -> bool:
    """Whether a text only announces a secret: ``-----BEGIN``, ``Authorization:``, ``--password``, ``https://``."""
    text = value.strip()
    if _MARKER.fullmatch(text) or _SCHEME.fullmatch(text):
        return True
    core = text.strip(_MARKS)
    return _NAME.fullmatch(core) is not None and (_announces(core) or _is_in_dictionary(core))


def _announces(name: str) -> bool:
    """Whether a name of words and nothing else is a secret's."""
    return len(name) <= _LONGEST and names_secret(name) and all(map(_is_common, words_of(name)))


def _is_in_dictionary(value: str) -> bool:
    """Whether a value is made of up to three words of settings."""
    words = [word for word in _SEPARATORS.split(value.lower()) if word]
    return 0 < len(words) <= 3 and all(_is_common(word) for word in words)


def _is_common(word: str) -> bool:
    return word in _SETTINGS or word in plain_words() or (word.isdigit() and len(word) < 4)
