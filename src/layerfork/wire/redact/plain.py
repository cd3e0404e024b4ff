"""Values that are no secret wherever they stand: hidden under a secret's name, and not looked for elsewhere.

`SIGNING_KEY=production` must not hide `NODE_ENV=production`, and a word that announces a secret must stay, or
the next secret that it announces is not found.
"""

import re

from layerfork.record.secrets import names_secret, words_of
from layerfork.wire.redact.detectors import plain_words


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SHORTEST = 6
"""Characters of a value that can be told from other words."""
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
    """Whether a value is too short or says too little to be looked for in other texts."""
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
