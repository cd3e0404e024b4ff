"""Broken client environments: none is tried twice, in one run or in one that resumes it."""

import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from layerfork.app.relay.earlier import BrokenEnvironment
from layerfork.builders.clients import BuildClient
from layerfork.builders.clients.environment import ClientEnvironment
from layerfork.builders.environments.installing import directory_of, ensure_environment
from layerfork.builders.process import ProgramMissingError, last_lines, run
from layerfork.errors import ClientError
from layerfork.record.build import Endpoint
from layerfork.record.progress import Say

ASK_TIMEOUT_S = 60.0


class BrokenEnvironments:
    """What all relays of a run have learnt; any thread may ask and add.

    A note holds for a directory as it was found: an environment that was made anew is tried again.
    """

    def __init__(
        self,
        known: Iterable[BrokenEnvironment] = (),
        keep: Callable[[BrokenEnvironment], None] = lambda broken: None,
    ) -> None:
        """``known`` are those of an earlier run; ``keep`` gets every new one at once."""
        self._lock = threading.RLock()
        self._known = {broken.name: broken for broken in known}
        self._keep = keep

    def why(self, environment: ClientEnvironment) -> str:
        """Why an environment is known to be broken; empty when it is not."""
        with self._lock:
            broken = self._known.get(environment.directory_name)
            same = broken is not None and broken.identity == _identity(environment)
            return broken.reason if broken is not None and same else ""

    def add(self, environment: ClientEnvironment, reason: str) -> None:
        """Remember, for all that come later."""
        name, identity = environment.directory_name, _identity(environment)
        broken = BrokenEnvironment(name=name, identity=identity, reason=reason)
        with self._lock:
            self._known[name] = broken
            self._keep(broken)

    def ensure(self, environment: ClientEnvironment, say: Say) -> Path:
        """`ensure_environment`, once: who comes after a failure gets its reason and waits for nothing.

        Raises: ClientError.
        """
        with self._lock:
            if reason := self.why(environment):
                raise ClientError(reason)
            try:
                return ensure_environment(environment, say)
            except ClientError as error:
                self.add(environment, str(error))
                raise

    def look_at(self, client: BuildClient, directory: Path | None, endpoint: Endpoint) -> str:
        """Why the environment of a client that came to no build is broken; empty when it says its version."""
        environment = client.environment
        if environment is None or directory is None:
            return ""
        try:
            answer = run(client.version_command(endpoint, directory), timeout_s=ASK_TIMEOUT_S)
            if answer.ok and client.read_version(answer.stdout) == environment.version:
                return ""
            output = last_lines(answer.stderr.strip() or answer.stdout.strip(), 3)
        except ProgramMissingError as error:
            output = str(error)
        remedy = f"rebuild it: rm -r {directory}, then: layerfork clients get {client.id}"
        library = f"{environment.package} {environment.version}"
        reason = f"the environment of {library} is broken: {output or 'no answer'}; {remedy}"
        self.add(environment, reason)
        return reason


def _identity(environment: ClientEnvironment) -> str:
    """Of an environment's directory; empty when there is none."""
    try:
        found = directory_of(environment).stat()
    except OSError:
        return ""
    return f"{found.st_dev}:{found.st_ino}"
