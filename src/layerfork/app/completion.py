"""Names that a person may type, with what each stands for. Nothing is started, nothing is asked."""

from collections.abc import Iterator
from itertools import chain


def client_names() -> Iterator[tuple[str, str]]:
    """Every client of the table."""
    from layerfork.builders.clients import CLIENTS  # late: start-up

    return ((client.id, client.title) for client in CLIENTS)


def engine_names() -> Iterator[tuple[str, str]]:
    """Every engine that can be listed."""
    from layerfork.builders.engines import ENGINES  # late: start-up

    return ((engine.id, "") for engine in ENGINES)


def cause_names() -> Iterator[tuple[str, str]]:
    """Every cause."""
    from layerfork.record.cause import CauseCode  # late: start-up

    return ((str(code), "") for code in CauseCode)


def rule_names() -> Iterator[tuple[str, str]]:
    """Every rule of `layerfork lint`."""
    from layerfork.record.lint import TrapCode  # late: start-up

    return ((str(code), "") for code in TrapCode)


def page_names() -> Iterator[tuple[str, str]]:
    """Everything that the manual has a page about."""
    return chain(cause_names(), rule_names())
