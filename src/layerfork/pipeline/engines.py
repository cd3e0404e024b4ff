"""Engines: which can run here, fetching them, opening one for a person."""

import os
from collections.abc import Callable, Sequence

from layerfork.engines import ENGINES, Engine, open_engine
from layerfork.engines.cachedir import Say
from layerfork.engines.debian.roots import root_path, verify_root
from layerfork.engines.kinds.podman import PodmanEngine
from layerfork.engines.kinds.private import PrivateEngine
from layerfork.errors import EngineError, UsageError
from layerfork.harness.environments.shell import run_in_engine
from layerfork.model.listing import EngineRow, Fetched
from layerfork.reporters import json_report, listing_text

KINDS = ("private", "podman", "host")


def list_engines() -> tuple[EngineRow, ...]:
    """Every engine of the table, as it stands on this machine. Starts and fetches nothing."""
    return tuple(engine.describe(os.environ) for engine in ENGINES)


def render_engines(rows: Sequence[EngineRow], form: str) -> str:
    """The rows as ``text`` or ``json``."""
    return json_report.render_engines(rows) if form == "json" else listing_text.render_engines(rows)


def get_engines(names: Sequence[str], say: Say, keep: Callable[[Fetched], None]) -> bool:
    """Fetch engines; one that fails does not stop the others. Whether all are there.

    ``28.5`` alone is ``private:28.5``; no name at all is every engine of the table. ``keep`` gets the
    result of each as it comes.
    Raises: UsageError for a name that is none, before anything is fetched.
    """
    wanted: Sequence[Engine] = [engine_named(name) for name in names] if names else ENGINES
    complete = True
    for engine in wanted:
        error = ""
        try:
            engine.fetch(os.environ, say)
        except EngineError as failure:
            error, complete = str(failure), False
        keep(Fetched(name=engine.id, error=error))
    return complete


def check_engines(names: Sequence[str], keep: Callable[[Fetched], None]) -> bool:
    """Compare every file of fetched engines with its checksum. Whether all are what was unpacked.

    No name at all is every engine that was fetched. Raises: UsageError for a name that is none.
    """
    engines = [engine_named(name) for name in names] if names else list(ENGINES)
    sound = True
    for engine in engines:
        if not isinstance(engine, PrivateEngine | PodmanEngine):
            continue
        path, error = root_path(engine.generation), ""
        try:
            if path.exists():
                verify_root(path)
            elif names:
                error = f"it is not fetched yet; run: layerfork engines get {engine.id}"
            else:
                continue
        except EngineError as failure:
            error = str(failure)
        sound = sound and not error
        keep(Fetched(name=engine.id, error=error))
    return sound


def engine_named(name: str) -> Engine:
    """The engine of a name, or of the generation of Docker Engine that it is. Raises: UsageError."""
    is_generation = name.partition(":")[0].partition("+")[0] not in KINDS
    try:
        return open_engine(f"private:{name}" if is_generation else name)
    except UsageError as error:
        ids = ", ".join(engine.id for engine in ENGINES)
        raise UsageError(f"there is no engine {name!r}", f"there are: {ids}") from error


def open_shell(name: str, argv: Sequence[str], registry: str, say: Say) -> int:
    """Start an engine, run a command or a shell in which ``docker`` talks to it, end it; the exit code.

    ``registry`` is a directory for a registry at 127.0.0.1:5000 inside; empty for none.
    Raises: EngineError, UsageError.
    """
    return run_in_engine(engine_named(name), argv, registry, say)
