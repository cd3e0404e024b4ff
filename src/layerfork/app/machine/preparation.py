"""Getting a machine ready."""

import os
from collections.abc import Callable

from layerfork.builders.clients import SEED_CLIENTS
from layerfork.builders.engines import open_engine
from layerfork.builders.environments.installing import ensure_environment


def prepare_all(engine: str, say: Callable[[str], None]) -> None:
    """Fetch the engine and the environments of the five clients of 2015, where they are missing.

    What nobody can run without root is said before it is fetched. Raises: EngineError, ClientError.
    """
    wanted = open_engine(engine)
    if wanted.ours and os.geteuid() != 0:
        say(f"running {wanted.id} needs root (sudo); fetching it, some hundred MB on disk, does not")
    wanted.fetch(os.environ, say)
    for client in SEED_CLIENTS:
        if client.environment is not None:
            ensure_environment(client.environment, say)
