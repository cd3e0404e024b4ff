"""Whether an engine that layerfork started still answers, and why it does not."""

import contextlib
from collections.abc import Iterator

from layerfork.builders.api.engineapi import ApiError, EngineApi, answers
from layerfork.builders.namespace.launch import NO_SPACE, Daemons, failure, no_space
from layerfork.errors import EngineError


def is_alive(daemons: Daemons, api: EngineApi) -> bool:
    """Whether all daemons run and the engine answers. The keeper outlives them while it cleans up."""
    if daemons.keeper.poll() is not None or daemons.has_reported():
        return False
    return answers(api)


@contextlib.contextmanager
def explained(daemons: Daemons, api: EngineApi) -> Iterator[None]:
    """Turn an API error into the reason why the engine ended, if it ended; else keep the engine's refusal.

    Raises: EngineError.
    """
    try:
        yield
    except (ApiError, EngineError) as error:
        if NO_SPACE in str(error).lower():
            raise no_space(daemons) from error
        if not is_alive(daemons, api):
            raise failure(daemons) from error
        if isinstance(error, EngineError):
            raise
        message = f"the private engine refused: {error}"
        raise EngineError(message, "see the engine's last lines below", daemons.log_tail()) from error
