"""Secrets as command lines spell them: after flags, after users, in pipes, for netrc.

Every function here takes linear time: what is looked at again is bounded.
"""

import re
from collections.abc import Iterator

from layerfork.record.secrets import names_secret, words_of
from layerfork.wire.redact.tokens import Span
from layerfork.wire.redact.values import (
    GAP,
    SHORTEST,
    is_harmless,
    is_path,
    is_plain,
    rest_of_word,
    value_at,
    words_from,
    worth_hiding,
)

_FLAG = re.compile(rf"(?<![\w-])--?(?P<name>[A-Za-z][\w.-]*+){GAP}(?=[^\s|<>])")
_PASS_FLAG = re.compile(r"(?i)(?<!by)(?<!com)pass$")
_NO_FLAGS = frozenset({"auth", "key", "keys", "pass", "pat", "private", "session", "sig", "signature"})
"""Alone they are flags for much else; the password of ``-pass`` says so itself."""
_OTHER_FLAG = re.compile(r"\\*[\"']?(?:-|(?:dst|env|id|source|src|target|type)=)")
_OPENSSL = re.compile(
    rf"(?<![\w-])-pass(?:in|out)?{GAP}(?:\\*[\"'])?pass:(?P<value>[^\s\"'\\]++)",
)
_USER = re.compile(
    r"(?<![^\s\"',\[])"
    rf"(?:(?:--(?:user|proxy-user|creds|[a-z]{{2,8}}-creds))(?:=|{GAP})|-[A-Za-z]{{0,8}}[uU](?:=|{GAP})?+)"
)
_CURLS = re.compile(r"\b(?:curl|wget|https?|skopeo|podman|buildah)\b")
_SEP = r"(?:\s|\\+[nrt])++"
_WORD = r"(?:[^\s\"'\\]++|\\++(?![nrt\\]))++"
_NETRC = re.compile(
    r"(?i)(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))(?:machine|login|account)"
    rf"{_SEP}{_WORD}{_SEP}password{_SEP}(?P<value>{_WORD})"
)
_AUTHORIZATION = re.compile(r"(?i)\bauthorization:[ \t]*+(?:[a-z]++[ \t]++)?+(?P<value>[^\s\"']++)")
_COMMAND = re.compile(r"(?:[^\n;&|\\]|\\[\s\S])++")
_BEFORE = r"(?<=[\s\"'])"
_SHORT_FLAGS = tuple(
    (re.compile(program), re.compile(_BEFORE + flag))
    for program, flag in (
        (r"\blogin\b", rf"-p(?:=|{GAP}|(?![a-z-]*+(?:[\s=\"']|$)))"),
        (r"\bsshpass\b", rf"-p(?:{GAP})?+"),
        (r"\b(?:mysql|mariadb)(?:-?(?:dump|admin|import|check|show))?\b", r"-p(?=[^\s\"'])"),
        (r"\b(?:mongo(?:sh|dump|restore|export|import)?|twine)\b", rf"-p(?:=|{GAP})"),
        (r"\b(?:7z[arz]?|(?:un)?rar)\b", r"-h?p(?=[^\s\"'])"),
        (r"\b(?:un)?zip\b", rf"-P(?:{GAP})?+"),
        (r"\b(?:sqlcmd|bcp)\b", rf"-P(?:{GAP})?+"),
        (r"\bredis-cli\b", rf"-a{GAP}"),
        (r"\bopenssl\b", rf"-[kK]{GAP}"),
        (r"\bldap[a-z]+\b", rf"-w(?:{GAP})?+"),
        (r"\b(?:smbclient|rpcclient|net)\b", rf"-U(?:{GAP})?+(?:\\*[\"'])?[^\s%\"']++%"),
    )
)
"""Programs, and their flags that go before a password."""
_CONFIG = re.compile(
    rf"\bconfig(?:ure)?{GAP}(?:(?:\\*[\"'])?set{GAP})?(?:\\*[\"']?--?[\w-]++(?:=[^\s\"']*+)?{GAP})*+"
    rf"(?:\\*[\"'])?(?P<key>[^\s\"'=]++)(?={GAP}[^\s|<>])"
)
_USERS_PASSWORD = re.compile(r"[A-Za-z][\w.-]*:(?!//)")
_HTPASSWD = re.compile(r"\bhtpasswd\b")
_VAULT = re.compile(rf"\bvault{GAP}(?:\\*[\"'])?login\b")
_MOST_WORDS = 12
_FED = re.compile(
    r"(?P<users>\bchpasswd\b)|(?:--password-stdin|--with-token|--pass(?:word|phrase)-fd|\bpasswd +--stdin)\b"
)
_FEEDS = re.compile(r"\b(?:echo|printf)\b(?![-\w/])")
_LOOK_BACK = 1_000
_HERE_STRING = re.compile(r"[^\n;&|]{0,200}?<<<[ \t]*")
_HERE_DOCUMENT = re.compile(
    r"[^\n]{0,200}?<<-?[ \t]*\\?[\"']?(?P<end>\w{1,60})[\"']?[^\n]{0,200}?(?:\n|\\{1,8}n)"
)
_LINE_END = re.compile(r"\n|(?<!\\)\\{1,8}n")
_MOST_LINES = 20
_OF_USER = re.compile(r"[^\s:]{1,64}:")
_NO_WORDS = re.compile(r"-[a-zA-Z]{1,2}|%\S{0,8}|")

_WITHOUT_SCHEME = re.compile(
    r"(?<![\w/:.@+-])(?P<user>[A-Za-z][\w.+-]{0,60}):(?P<password>[^\s@/:\"'`,$(){}\[\]<>]{2,200})"
    r"@(?!sha(?:256|512):)(?=(?:[A-Za-z0-9-]{1,63}\.){1,10}[A-Za-z]{2,}(?![\w.])|localhost\b"
    r"|[0-9]{1,3}(?:\.[0-9]{1,3}){3}\b|[\w-]{1,63}:[0-9]{2,5}\b)"
)
_NO_USERS = re.compile(
    r"acct|author|bundle|contact|docker|email|file|from|git|github|gitlab|jsr|link|mail|mailto|maintainer|npm|oci"
    r"|patch|portal|sip|ssh|to|workspace|xmpp"
)
"""Not users: what they stand before is no password."""


def in_commands(text: str) -> Iterator[Span]:
    """Places of secrets as command lines spell them: after a flag, after a user, in a header, for netrc."""
    for match in _FLAG.finditer(text):
        if _goes_before_secret(match["name"]):
            yield from _after_flag(text, match.end(), keeps_paths=match["name"].lower().endswith("key"))
    for command in _COMMAND.finditer(text):
        for program, flag in _SHORT_FLAGS:
            if (found := program.search(text, *command.span())) is not None:
                for each in flag.finditer(text, found.end(), command.end()):
                    yield from _after_short_flag(text, each)
    for pattern in (_NETRC, _AUTHORIZATION, _OPENSSL):
        for match in pattern.finditer(text):
            yield from worth_hiding(text, *match.span("value"))
    yield from _of_users(text)
    yield from _configured(text)
    yield from _positional(text)
    yield from _fed(text)
    yield from _logins(text)


def _goes_before_secret(flag: str) -> bool:
    words = words_of(flag)
    if not words or (len(words) == 1 and words[0] in _NO_FLAGS) or words[-1] == "keys":
        return False
    return names_secret(flag) or _PASS_FLAG.search(flag) is not None


def _after_flag(text: str, at: int, *, keeps_paths: bool = False) -> Iterator[Span]:
    if not _OTHER_FLAG.match(text, at) and (found := value_at(text, at)) is not None:
        if keeps_paths and is_path(text[found[0] : found[1]]):
            return
        yield from worth_hiding(text, *found)


def _after_short_flag(text: str, flag: re.Match[str]) -> Iterator[Span]:
    attached = text[flag.end() - 1] not in " \t\n\"'\\"
    rest = rest_of_word(text, flag.end(), flag.start(), flag=True) if attached else None
    if rest is not None:
        yield from worth_hiding(text, *rest)
    else:
        yield from _after_flag(text, flag.end())


def _of_users(text: str) -> Iterator[Span]:
    """Passwords of ``-u user:password``."""
    of_curl = _CURLS.search(text) is not None
    for match in _USER.finditer(text):
        attached = text[match.end() - 1] not in " \t\n\"'\\"
        rest = rest_of_word(text, match.end(), match.start(), flag=True) if attached else None
        found = rest or value_at(text, match.end())
        if found is None or (colon := text.find(":", *found)) < 0:
            continue
        start, end = colon + 1, found[1]
        if start == end and (quoted := value_at(text, end)) is not None:
            start, end = quoted  # user:"password"
        if is_harmless(text[colon - 6 : end]) or _is_no_password(text[start:end], of_curl=of_curl):
            continue
        if text[found[0] - 1 : found[0]] in ("'", '"'):
            yield start, end
        else:
            yield from worth_hiding(text, start, end)


def _is_no_password(value: str, *, of_curl: bool) -> bool:
    """Whether ``-u user:value`` has another meaning: a number (``1000:1000``), an address, a plain group."""
    if is_harmless(value) or value.isdigit() or value.startswith("//"):
        return True
    return not of_curl and is_plain(value)


def _configured(text: str) -> Iterator[Span]:
    """Values of ``config set key value``."""
    for match in _CONFIG.finditer(text):
        words = list(words_from(text, match.end("key"), 2))
        if not words:
            continue
        value = text[words[0][0] : words[0][1]]
        if "http-basic" in match["key"]:
            yield from worth_hiding(text, *words[-1])
        elif names_secret(match["key"], value) or names_secret(match["key"].partition(".")[0], value):
            yield from worth_hiding(text, *words[0])
        elif (user := _USERS_PASSWORD.match(value)) is not None and not is_plain(value[user.end() :]):
            yield from worth_hiding(text, words[0][0] + user.end(), words[0][1])


def _positional(text: str) -> Iterator[Span]:
    """Passwords that are words of their own."""
    for match in _HTPASSWD.finditer(text):
        yield from _of_htpasswd(text, match.end())
    for match in _VAULT.finditer(text):
        yield from _of_vault(text, match.end())


def _of_htpasswd(text: str, at: int) -> Iterator[Span]:
    """``-b FILE USER PASSWORD``, with ``-n`` without the file."""
    flags = ""
    others: list[Span] = []
    for start, end in words_from(text, at, _MOST_WORDS):
        if text[start:end].startswith("-"):
            flags += text[start:end]
        else:
            others.append((start, end))
    place = 1 if "n" in flags else 2
    if "b" in flags and len(others) > place:
        yield from worth_hiding(text, *others[place])


def _of_vault(text: str, at: int) -> Iterator[Span]:
    """The first word that is neither an option nor ``NAME=VALUE``."""
    for start, end in words_from(text, at, _MOST_WORDS):
        word = text[start:end]
        if not word.startswith("-") and "=" not in word:
            yield from worth_hiding(text, start, end)
            return


def _fed(text: str) -> Iterator[Span]:
    """What programs read that ask for passwords on their standard input."""
    for match in _FED.finditer(text):
        users = match["users"] is not None
        for start, end in (*_piped(text, match.start()), *_here(text, match.end())):
            if users:
                of_user = _OF_USER.match(text, start, end)
                if of_user is None:
                    continue
                start = of_user.end()
            yield from worth_hiding(text, start, end)


def _piped(text: str, at: int) -> Iterator[Span]:
    """Words that the command before this one prints."""
    feeds = list(_FEEDS.finditer(text, max(0, at - _LOOK_BACK), at))
    if not feeds:
        return
    words = list(words_from(text, feeds[-1].end(), _MOST_WORDS))
    words = [span for span in words if span[1] <= at and not _NO_WORDS.fullmatch(text[span[0] : span[1]])]
    if words and "|" in text[words[-1][1] : at]:
        yield from words


def _here(text: str, at: int) -> Iterator[Span]:
    """A string or a document that stands behind the command."""
    if (string := _HERE_STRING.match(text, at)) is not None:
        if (found := value_at(text, string.end())) is not None:
            yield found
    elif (document := _HERE_DOCUMENT.match(text, at)) is not None:
        start = document.end()
        for _ in range(_MOST_LINES):
            following = _LINE_END.search(text, start)
            end = len(text) if following is None else following.start()
            if text[start:end].strip() == document["end"] or start >= len(text):
                return
            yield start, end
            start = len(text) if following is None else following.end()


def _logins(text: str) -> Iterator[Span]:
    """Passwords of ``user:password@host`` without a scheme."""
    for match in _WITHOUT_SCHEME.finditer(text):
        password = match["password"]
        if _NO_USERS.fullmatch(match["user"].lower()) or (len(password) >= SHORTEST and is_plain(password)):
            continue
        yield from worth_hiding(text, *match.span("password"))
