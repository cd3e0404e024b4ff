"""Engines: which can run here, fetching them, opening one for a person."""

import os
from collections.abc import Callable, Sequence

from layerfork.builders.debian.roots import verify_root
from layerfork.builders.engines import ENGINES, Engine, default_spec, open_engine, stop_kept_engines
from layerfork.builders.environments.shell import run_in_engine
from layerfork.errors import EngineError
from layerfork.record.listing import EngineRow, Fetched
from layerfork.record.progress import Say


def list_engines() -> tuple[EngineRow, ...]:
    """Every engine of the table, as it stands on this machine. Starts and fetches nothing."""
    return tuple(engine.describe(os.environ) for engine in ENGINES)


def is_shared(names: Sequence[str]) -> bool:
    """Whether builds of others may be on one of these engines; no name at all is the engine that `run` takes.

    Raises: UsageError for an unknown name.
    """
    return not all(open_engine(name).ours for name in names or [default_spec(os.environ)])


def get_engines(names: Sequence[str], say: Say, keep: Callable[[Fetched], None]) -> bool:
    """Fetch engines; one that fails does not stop the others. Whether all are there.

    No name at all is every engine of the table. ``keep`` gets the result of each as it comes.
    Raises: UsageError for an unknown name, before anything is fetched.
    """
    wanted: Sequence[Engine] = [open_engine(name) for name in names] if names else ENGINES
    complete = True
    for engine in wanted:
        error = ""
        try:
            engine.fetch(os.environ, say)
        except EngineError as failure:
            error, complete = str(failure), False
        keep(Fetched(name=engine.id, error=error))
    return complete


def stop_engines(say: Say) -> bool:
    """Remove the caches that private engines have kept; whether none is left. Raises: EngineError."""
    found = stop_kept_engines(os.environ)
    for name, gone in found:
        say(f"{name}: {'removed' if gone else 'in use'}")
    if not found:
        say("no engine has kept anything")
    return all(gone for _, gone in found)


def check_engines(names: Sequence[str], keep: Callable[[Fetched], None]) -> bool:
    """Compare every file of fetched engines with its checksum. Whether all are what was unpacked.

    No name at all is every engine that was fetched. Raises: UsageError for an unknown name.
    """
    wanted = [open_engine(name) for name in names] or [engine for engine in ENGINES if _is_fetched(engine)]
    results = [Fetched(name=engine.id, error=_damage(engine)) for engine in wanted]
    for result in results:
        keep(result)
    return not any(result.error for result in results)


def _is_fetched(engine: Engine) -> bool:
    return bool(engine.roots) and all(root.exists() for root in engine.roots)


def _damage(engine: Engine) -> str:
    """What is wrong with the files of an engine; empty when nothing is."""
    if not engine.ours:
        return "its files are not ours to check"
    if not _is_fetched(engine):
        return f"it is not fetched yet; run: layerfork engines get {engine.id}"
    try:
        for root in engine.roots:
            verify_root(root)
    except EngineError as failure:
        return str(failure)
    return ""


def open_shell(name: str, argv: Sequence[str], registry: str, say: Say) -> int:
    """Start an engine, run a command or a shell in which ``docker`` talks to it, end it; the exit code.

    ``registry`` is a directory for a registry at 127.0.0.1:5000 inside; empty for none.
    Raises: EngineError, UsageError.
    """
    return run_in_engine(open_engine(name), argv, registry, say)
