"""Debian suites, each with a generation of Docker Engine and of podman: one file, and a line here."""

from layerfork.engines.debian.generation import Suite
from layerfork.engines.debian.suites.bookworm import BOOKWORM
from layerfork.engines.debian.suites.bullseye import BULLSEYE
from layerfork.engines.debian.suites.forky import FORKY
from layerfork.engines.debian.suites.trixie import TRIXIE

SUITES: tuple[Suite, ...] = (
    TRIXIE,
    BOOKWORM,
    FORKY,
    BULLSEYE,
)
"""The first has the default engines. Where a version fits several, the first of them is meant."""
