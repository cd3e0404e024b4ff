"""How wide text is in a picture, roughly, and text cut to fit."""

import unicodedata

SANS, BOLD, MONO = 0.6, 0.68, 0.61
"""Mean width of a letter, by the size of the font: a little more than common fonts have."""


def width_of(text: str, size: float, letter: float = SANS) -> float:
    """In pixels; letters of East Asian scripts take the whole size."""
    wide = sum(unicodedata.east_asian_width(each) in "WF" for each in text)
    return size * (letter * (len(text) - wide) + wide)


def shorten(text: str, most: int) -> str:
    """At most so many letters, what is left out in the middle."""
    if len(text) <= most:
        return text
    tail = (most - 1) // 3
    return f"{text[: most - 1 - tail]}…{text[len(text) - tail :]}"


def in_lines(text: str, most: int, lines: int) -> tuple[str, ...]:
    """Text on up to so many lines of up to so many letters, broken at single blanks, the last one cut."""
    found: list[str] = []
    rest = text
    while len(rest) > most and len(found) < lines - 1:
        place = rest.rfind(" ", 1, most + 1)
        if place < 1 or rest[place - 1] == " ":
            break
        found.append(rest[:place])
        rest = rest[place + 1 :]
    return (*found, shorten(rest, most))
