"""Debian suites, each with a generation of Docker Engine and of podman: one file, and a line here."""

from layerfork.builders.debian.generation import Suite
from layerfork.builders.suites.bookworm import BOOKWORM
from layerfork.builders.suites.bullseye import BULLSEYE
from layerfork.builders.suites.forky import FORKY
from layerfork.builders.suites.trixie import TRIXIE

SUITES: tuple[Suite, ...] = (
    TRIXIE,
    BOOKWORM,
    FORKY,
    BULLSEYE,
)
"""The first has the default engines. Where a version fits several, the first of them is meant."""
