"""Getting a machine ready."""

import os
from collections.abc import Callable

from layerfork.clients import SEED_CLIENTS
from layerfork.engines import open_engine
from layerfork.harness.environments.installing import ensure_environment


def prepare_all(engine: str, say: Callable[[str], None]) -> None:
    """Fetch the engine and the environments of the five clients of 2015, where they are missing.

    Raises: EngineError, ClientError.
    """
    open_engine(engine).fetch(os.environ, say)
    for client in SEED_CLIENTS:
        if client.environment is not None:
            ensure_environment(client.environment, say)
