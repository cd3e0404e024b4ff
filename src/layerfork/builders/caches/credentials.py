"""Credentials for a registry, from docker's configuration and its credential helpers.

Source: docker/docker-credential-helpers README.md @ v0.9.3 (protocol); docker/cli
cli/config/credentials/native_store.go @ v28.5.2 (a user of ``<token>`` is an identity token).
"""

import os
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker.auth
import docker.credentials
import docker.errors

from layerfork.builders.process import ProgramMissingError, run
from layerfork.errors import LayerforkError
from layerfork.record.build import Command

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


def find_login(account: str) -> Login:
    """What docker would log in with; ``account`` is the host as docker's configuration calls it.

    Raises: LayerforkError, in which no secret is.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            config = _Configuration.load_config(None, None)
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

    def _get_store_instance(self, name: str) -> "_Helper":
        return _Helper(name)


class _Helper(docker.credentials.Store):  # type: ignore[misc]
    """A credential helper that has so much time, and is ended then with all that it started."""

    def _execute(self, subcmd: str, data_input: bytes) -> bytes:
        """What it answers. Raises: LayerforkError; docker's CredentialsNotFound and StoreError."""
        with tempfile.NamedTemporaryFile() as asked:
            asked.write(data_input)
            asked.flush()
            argv = (self.exe or self.program, subcmd)
            try:
                done = run(Command(argv=argv, env=dict(os.environ), stdin=Path(asked.name)), HELPER_S)
            except ProgramMissingError as error:
                raise LayerforkError(
                    f"docker's configuration names the credential helper {self.program}, which cannot be run",
                    hint="install it, or take it out of credHelpers and credsStore in ~/.docker/config.json",
                ) from error
        if done.timed_out:
            host = data_input.decode(errors="replace")
            raise LayerforkError(
                f"the credential helper {self.program} did not answer within {HELPER_S:g} s",
                hint=f"see what it waits for: echo {host} | {self.program} get",
            )
        if done.returncode:
            failed: Any = _Failed(done.returncode, done.stdout.encode())
            raise docker.credentials.errors.process_store_error(failed, self.program)
        return done.stdout.encode()


@dataclass(frozen=True, slots=True)
class _Failed:
    """What docker's library wants to know of one that failed."""

    returncode: int
    output: bytes
