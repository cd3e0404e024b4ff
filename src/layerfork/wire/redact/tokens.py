"""Tokens and private keys that are known by their shape, whatever they are called.

The shapes are those that the issuers document, for scanners to find.
"""

import re
from collections.abc import Iterator

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
    nobody encoded may hold characters that end an authority.
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
