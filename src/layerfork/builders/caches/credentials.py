"""Credentials for a registry, from docker's configuration and its credential helpers, within a time limit."""

import os
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import docker.auth
import docker.credentials
import docker.errors

from layerfork.builders.process import ProgramMissingError, run
from layerfork.errors import LayerforkError
from layerfork.record.build import Command

# Source: docker/docker-credential-helpers README.md @ v0.9.3 (protocol); docker/cli
# cli/config/credentials/native_store.go @ v28.5.2 (a user of ``<token>`` is an identity token).

HELPER_S = 30.0
"""For one answer of a credential helper, which may ask a person or a cloud."""
_HINT = "check ~/.docker/config.json and its credential helper, or log in again: docker login"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """How to log in. Secrets are in no representation."""

    user: str = ""
    secret: str = ""
    identity_token: str = ""
    """To get access tokens with, instead of user and secret."""

    def __repr__(self) -> str:
        return "Login(…)"


def find_login(account: str, helper_s: float | None = None) -> Login:
    """What docker would log in with; ``account`` is the host as docker's configuration calls it.

    ``helper_s`` limits the time of a credential helper; None: `HELPER_S`.
    Raises: LayerforkError, in which no secret is.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            config = _Configuration.load_config(None, None)
            config.helper_s = helper_s
            found = config.resolve_authconfig(None if account == "docker.io" else account)
    except (docker.errors.DockerException, ValueError, OSError, KeyError) as error:
        raise LayerforkError(
            f"docker's credentials for {account} cannot be read ({type(error).__name__})", hint=_HINT
        ) from error
    known = {name.lower(): value for name, value in (found or {}).items()}
    return Login(
        user=known.get("username") or "",
        secret=known.get("password") or "",
        identity_token=known.get("identitytoken") or "",
    )


class _Configuration(docker.auth.AuthConfig):  # type: ignore[misc]
    """Docker's configuration, with helpers that cannot hang."""

    helper_s: float | None = None

    def _get_store_instance(self, name: str) -> "_Helper":
        helper = _Helper(name)
        helper.limit_s = self.helper_s or HELPER_S
        return helper


class _Helper(docker.credentials.Store):  # type: ignore[misc]
    """A credential helper with a time limit; then it is ended, with every process that it started."""

    limit_s = HELPER_S

    def _execute(self, subcmd: str, data_input: bytes) -> bytes:
        """What it answers. Raises: LayerforkError; docker's CredentialsNotFound and StoreError."""
        with tempfile.NamedTemporaryFile() as asked:
            asked.write(data_input)
            asked.flush()
            argv = (self.exe or self.program, subcmd)
            try:
                done = run(Command(argv=argv, env=dict(os.environ), stdin=Path(asked.name)), self.limit_s)
            except ProgramMissingError as error:
                raise LayerforkError(
                    f"docker's configuration names the credential helper {self.program}, which cannot be run",
                    hint="install it, or take it out of credHelpers and credsStore in ~/.docker/config.json",
                ) from error
        if done.timed_out:
            host = data_input.decode(errors="replace")
            raise LayerforkError(
                f"the credential helper {self.program} did not answer within {self.limit_s:g} s",
                hint=f"see what it waits for: echo {host} | {self.program} get",
            )
        if done.returncode:
            failed: Any = _Failed(done.returncode, done.stdout.encode())
            raise docker.credentials.errors.process_store_error(failed, self.program)
        return done.stdout.encode()


@dataclass(frozen=True, slots=True)
class _Failed:
    """The result of a failed helper, as docker's library expects it."""

    returncode: int
    output: bytes


# A time limit for all answers of a server together.

Made = TypeVar("Made")

ALL_S = 300.0
"""For all that one cache is asked; a cache of a thousand layers takes some of it."""


class Deadline:
    """``seconds`` limits all questions together, counted from the first one.

    A time limit of a connection holds for the next bytes alone: a server that sends one now and then never
    meets it. So the waiting is done beside us, and left alone when the time is over.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end: float | None = None

    def wait_for(self, question: Callable[[], Made]) -> Made:
        """What the question gives. Raises: TimeoutError; what the question raises."""
        if self._end is None:
            self._end = time.monotonic() + self.seconds
        given: list[Made] = []
        failed: list[BaseException] = []

        def ask() -> None:
            try:
                given.append(question())
            except BaseException as error:
                failed.append(error)

        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        thread.join(max(0.0, self._end - time.monotonic()))
        if failed:
            raise failed[0]
        if not given:
            raise TimeoutError
        return given[0]
