"""Base images under the names that Dockerfiles have: a definition needs their configuration and no more."""

import tempfile
from pathlib import Path

from layerfork.builders.api.engineapi import EngineApi
from layerfork.builders.engines import RunningEngine
from layerfork.builders.process import run
from layerfork.errors import EngineError
from layerfork.record.build import Command

BASES = {
    "plain": "FROM alpine\nLABEL plain=1\n",
    "configured": """\
FROM alpine
ENV PATH=/opt/bin:/usr/bin NAME="a b" EMPTY= LANG=C.UTF-8
WORKDIR /srv/app
USER app
SHELL ["/bin/sh", "-ec"]
""",
}
"""Images with hardly any configuration, and with one."""


def make_bases(engine: RunningEngine) -> None:
    """Build them. Raises: EngineError."""
    assert engine.toolchain is not None
    environment = {"DOCKER_HOST": engine.docker_host, "DOCKER_BUILDKIT": "0", "HOME": "/nonexistent"}
    for name, text in BASES.items():
        with tempfile.NamedTemporaryFile("w") as dockerfile:
            dockerfile.write(text)
            dockerfile.flush()
            argv = (str(engine.toolchain.docker), "build", "-t", f"published-{name}", "-")
            done = run(Command(argv=argv, env=environment, stdin=Path(dockerfile.name)))
        if not done.ok:
            raise EngineError(f"no base image {name}", details=done.stderr)


class Names:
    """Gives a base image names, each once."""

    def __init__(self, engine: RunningEngine, base: str) -> None:
        self._api = EngineApi(engine.docker_host)
        self._image = f"published-{base}"
        self._given: set[str] = set()

    def give(self, reference: str) -> None:
        """Raises: ApiError for what is no name."""
        if reference in self._given:
            return
        repository, _, tag = reference.rpartition(":")
        if not repository or "/" in tag:
            repository, tag = reference, "latest"
        self._api.request("POST", f"/images/{self._image}/tag", {"repo": repository, "tag": tag})
        self._given.add(reference)
