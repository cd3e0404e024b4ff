"""What Go's standard library makes of text where Python's methods of the same name differ.

Python's ``strip`` and ``split`` know more blanks (U+001C to U+001F), ``lower`` and ``upper`` may make two
characters of one, ``isdigit`` and ``int`` take more digits.
Source: golang/go src/unicode/{graphic,letter}.go, src/strings/strings.go @ go1.24.
"""

SPACES = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
    "\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
"""What ``unicode.IsSpace`` calls white space."""


def trim(text: str) -> str:
    """Without the white space around it."""
    return text.strip(SPACES)


def lower(text: str) -> str:
    """In small letters as far as ASCII words can tell, each character by itself."""
    return "".join(_one(char, char.lower()) for char in text)


def upper(text: str) -> str:
    """In capitals as far as ASCII words can tell, each character by itself."""
    return "".join(_one(char, char.upper()) for char in text)


def _one(char: str, mapped: str) -> str:
    """What Go maps a character to. Where Python makes several of one, Go's only ASCII letter is the ``i``
    of U+0130; the others stay as they are here."""
    if len(mapped) == 1:
        return mapped
    return "i" if char == "\u0130" else char
