"""A registry on an engine's own loopback, to carry images and caches from one engine to another.

Each engine gets a process of its own; what they share is a directory. Nothing listens on this machine,
and every Docker Engine takes 127.0.0.0/8 for insecure already, so no engine needs a setting.
Source: moby/moby registry/config.go:NewServiceConfig @ v20.10.5 to v28.5.2.
"""

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO

from layerfork.builders.debian.generation import Generation
from layerfork.builders.debian.roots import ensure_root, through_loader
from layerfork.builders.namespace.entering import NETWORK, held_namespaces
from layerfork.builders.namespace.launch import Daemons, read_log
from layerfork.builders.process import end_group, last_lines, spawn
from layerfork.errors import EngineError
from layerfork.record.build import Command
from layerfork.record.progress import Say

REGISTRY = Generation(
    title="docker-registry",
    name="2.8",
    suite="trixie",
    package="docker-registry",
    version="2.8.",
    packages=("docker-registry", "libc6"),
    programs=("bin/docker-registry",),
)
ADDRESS = "127.0.0.1:5000"
"""In the engine's network namespace: what goes before a repository's name."""
READY_LIMIT_S = 15.0
LISTENING = "listening on "
"""What the log says once it takes requests. Source: distribution/distribution registry/registry.go
@ v2.8.3."""

_CONFIG = """\
version: 0.1
log: {{level: info, formatter: text, accesslog: {{disabled: true}}}}
storage:
  filesystem: {{rootdirectory: '{directory}'}}
  delete: {{enabled: true}}
http: {{addr: '{address}'}}
"""


@contextlib.contextmanager
def registry_for(
    daemons: Daemons, directory: Path, environment: Mapping[str, str], say: Say
) -> Iterator[str]:
    """Run a registry next to the daemons of an engine of ours; the value is its `ADDRESS` for that engine.

    ``directory`` keeps what is pushed; it may be the directory of other engines' registries. The process
    ends with this context, and with the engine, whatever way that goes.
    Raises: EngineError when it cannot be fetched or does not start.
    """
    root = ensure_root(REGISTRY, environment, say)
    directory.mkdir(parents=True, exist_ok=True)
    config = daemons.directory.path / "registry.yml"
    text = _CONFIG.format(directory=str(directory.absolute()).replace("'", "''"), address=ADDRESS)
    program = through_loader(root.path, root.path / "usr" / REGISTRY.programs[0])
    with held_namespaces(daemons) as namespaces, tempfile.TemporaryFile() as log:
        command = Command(
            argv=(*namespaces.enter(*NETWORK), *program, "serve", str(config)),
            env={"OTEL_TRACES_EXPORTER": "none"},
            files=((config, text),),
        )
        process = spawn(command, stdout=log, stderr=log)
        try:
            _await_ready(log, lambda: process.poll() is None)
            yield ADDRESS
        finally:
            end_group(process)


def _await_ready(log: IO[bytes], runs: Callable[[], bool]) -> None:
    give_up = time.monotonic() + READY_LIMIT_S
    while time.monotonic() < give_up:
        ended = not runs()
        output = read_log(log)
        if LISTENING in output:
            return
        if ended:
            break
        time.sleep(0.005)
    raise EngineError("the registry did not start", "see its last lines below", last_lines(output))
