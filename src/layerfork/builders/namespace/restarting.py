"""An engine's daemons end and start again where they are: same namespaces, same data, same socket."""

import os
import signal
import time
from pathlib import Path

from layerfork.builders.namespace.entering import first_process
from layerfork.builders.namespace.launch import READY_LIMIT_S, Daemons, await_ready, failure
from layerfork.errors import EngineError


def restart(daemons: Daemons) -> None:
    """End all daemons of an engine of ours, start them again, and wait until the engine answers.

    Raises: EngineError with the reason, when it ended, or when either takes longer than `READY_LIMIT_S`.
    """
    try:
        init = first_process(daemons)
        before = _children(init)
        os.kill(init, signal.SIGHUP)
        give_up = time.monotonic() + READY_LIMIT_S
        while before & _children(init):
            if time.monotonic() > give_up:
                message = f"the private engine did not end within {READY_LIMIT_S:g} s, to be restarted"
                raise EngineError(message, "see the engine's last lines below", daemons.log_tail())
            time.sleep(0.003)
    except OSError as error:
        raise failure(daemons) from error
    await_ready(daemons)  # of the new ones: the old ones are gone


def _children(pid: int) -> set[int]:
    """Raises: OSError when there is no such process any more."""
    return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()))
