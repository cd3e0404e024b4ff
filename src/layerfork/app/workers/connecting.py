"""The way to a Dask scheduler; certificates for ``tls://`` are those of Dask's own configuration."""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

from distributed import Client, Security, rpc

from layerfork.errors import EngineError, UsageError

ANSWER_S = 10.0
"""How long a scheduler may take to say what it is."""


@contextlib.contextmanager
def connected(address: str) -> Iterator[Client]:
    """A client of the scheduler. Raises: UsageError for what is no address, EngineError when none answers."""
    address = address if "://" in address else f"tcp://{address}"
    security = Security()
    try:
        kind = asyncio.run(_kind_of(address, security))
    except (OSError, TimeoutError) as error:
        hint = "start one with: dask scheduler; without TLS its address is tcp://HOST:8786, with it tls://HOST:8786"
        raise EngineError(f"no Dask scheduler answers at {address}", hint, str(error)) from error
    except (ValueError, TypeError, RuntimeError) as error:
        hint = (
            "--dask tcp://HOST:8786, or tls:// with certificates in Dask's configuration: docs/scenarios.md"
        )
        raise UsageError(f"--dask {address} cannot be asked: {error}", hint) from error
    if kind != "Scheduler":
        raise UsageError(f"at {address} is no Dask scheduler, but a {kind}", "give the scheduler's address")
    with Client(address, security=security, set_as_default=False, name="layerfork") as client:
        yield client


async def _kind_of(address: str, security: Security) -> str:
    """What answers there; asked first, because a client that cannot connect takes long to end.

    Raises: OSError, TimeoutError, ValueError, TypeError, RuntimeError.
    """
    arguments: dict[str, Any] = security.get_connection_args("client")
    async with rpc(address, timeout=ANSWER_S, connection_args=arguments) as scheduler:
        identity = await asyncio.wait_for(scheduler.identity(), ANSWER_S)
    return str(identity["type"])
