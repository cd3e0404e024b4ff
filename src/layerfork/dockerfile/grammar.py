"""What builders of different versions read differently in one Dockerfile.

The classic builder of an engine reads as the BuildKit that the engine vendors.
"""

from dataclasses import dataclass

from layerfork.record.engine import Version, parse_version


@dataclass(frozen=True, slots=True, kw_only=True)
class Grammar:
    """How builders from one version on read, until the next newer grammar."""

    buildkit: Version
    """The first BuildKit."""
    engine: Version
    """The first engine that vendors it."""
    heredocs: bool = True
    """``<<EOF`` opens a here-document, and flags as new as that are known: ``--link``, ``--parents`` ….

    Source: moby/buildkit commit aed6932b3, v0.9.0.
    """
    text_after_array: bool = False
    """Text behind a JSON array is passed over; else it makes all of it text.

    Source: moby/buildkit frontend/dockerfile/parser/line_parsers.go:parseJSON @ v0.8.0 to v0.14.1;
    commit 80518e257, v0.15.0.
    """
    shares_words: bool = True
    """The lexer has one buffer for the words in and around a ``${x:-word}``: see `expand.expand`.

    Source: moby/buildkit commit f0563a5c0, v0.15.0, to 73ed6825c.
    """
    heredocs_after_blanks: bool = True
    """``<< EOF`` opens a here-document too. So does ``$((1 << 2))``, which then wants an end.

    Source: moby/buildkit commit 0b77373ab, v0.22.0.
    """


NEWEST = Grammar(buildkit=(0, 22), engine=(28, 2))
GRAMMARS = (
    NEWEST,
    Grammar(buildkit=(0, 15), engine=(27, 1), heredocs_after_blanks=False),
    Grammar(
        buildkit=(0, 9),
        engine=(23, 0),
        heredocs_after_blanks=False,
        shares_words=False,
        text_after_array=True,
    ),
    Grammar(
        buildkit=(0, 0),
        engine=(0, 0),
        heredocs_after_blanks=False,
        shares_words=False,
        text_after_array=True,
        heredocs=False,
    ),
)
"""Newest first."""


def grammar_of_engine(version: str) -> Grammar | None:
    """The grammar of an engine's builders; None when its version is not known."""
    number = parse_version(version)
    return None if number is None else next(each for each in GRAMMARS if number >= each.engine)


def grammar_of_buildkit(version: str) -> Grammar | None:
    """The grammar of a BuildKit; None when its version is not known."""
    number = parse_version(version)
    return None if number is None else next(each for each in GRAMMARS if number >= each.buildkit)
