"""`layerfork check --cold`: a command on two clean engines, with nothing between but an exported cache."""

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from layerfork.builders.engines import RunningEngine, open_engine
from layerfork.builders.environments.bringing import bringing
from layerfork.errors import UsageError
from layerfork.record.engine import Brought
from layerfork.record.progress import Say

COLD_ENGINE = "private+containerd"
"""The image store with which BuildKit in Docker Engine exports caches to files and registries.
Source: docs.docker.com, Cache storage backends (the docker driver); measured with 26.1.5 and 28.5.2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One run of the command."""

    argv: tuple[str, ...]
    engine: RunningEngine


@contextlib.contextmanager
def cold_turns(
    argv: Sequence[str], spec: str, brought: Brought, say: Say, *, exchange: bool
) -> Iterator[Iterator[Turn]]:
    """Two turns of a command, each on a clean engine that ends before the next one starts.

    ``exchange``: the command is a `docker build` of ours, and hands its cache on in a directory: all of it
    (``mode=max``). Otherwise the command exports and imports a cache by itself.
    Raises: EngineError; UsageError for an engine that does not start clean.
    """
    chosen = open_engine(spec or COLD_ENGINE)
    with tempfile.TemporaryDirectory(prefix="layerfork-cache-") as directory, contextlib.ExitStack() as last:

        def turns() -> Iterator[Turn]:
            for words in _handing_on(argv, directory) if exchange else (tuple(argv), tuple(argv)):
                last.close()
                engine = last.enter_context(chosen.start(os.environ, say))
                if not engine.can_reset:
                    raise UsageError(
                        f"{spec} has what was built on it before, and --cold needs a clean engine",
                        hint=f"--engine {COLD_ENGINE}, or another one of layerfork's own: layerfork engines",
                    )
                last.enter_context(bringing(engine, brought, say))
                yield Turn(argv=words, engine=engine)

        yield turns()


def _handing_on(argv: Sequence[str], directory: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """`docker build …` that writes a cache, and the same that reads it."""
    program, verb, *rest = argv
    writing = f"--cache-to=type=local,dest={directory},mode=max"
    reading = f"--cache-from=type=local,src={directory}"
    return (program, verb, writing, *rest), (program, verb, reading, *rest)
