"""Builds on one engine that export and import caches, beside a registry that the engine and we can ask."""

import contextlib
import json
import os
import re
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from layerfork.builders.api.loopbackregistry import LISTENING, REGISTRY, registry_for
from layerfork.builders.debian.roots import ensure_root, through_loader
from layerfork.builders.engines import open_engine
from layerfork.builders.engines.private import RunningPrivateEngine
from layerfork.builders.process import end_group, run, spawn
from layerfork.builders.recording.imagefacts import add_base_facts
from layerfork.builders.recording.recorder import Recorder
from layerfork.record.build import Command
from layerfork.record.record import BuildRecord, ClientInfo

CONFIG = """\
version: 0.1
log: {{level: info, formatter: text, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: '{directory}'}}}}
http: {{addr: '127.0.0.1:0'}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Builds with the engine's own buildx."""

    engine: RunningPrivateEngine
    directory: Path
    storage: Path
    """What the registries serve."""
    inside: str
    """The registry as the engine reaches it."""
    outside: str
    """The same as this machine reaches it."""
    exports: dict[str, BuildRecord] = field(default_factory=dict)
    """Builds that exported, by kind of the export."""

    @property
    def context(self) -> Path:
        return self.directory / "context"

    def write(self, dockerfile: str, **files: str) -> None:
        self.context.mkdir(exist_ok=True)
        (self.context / "Dockerfile").write_text(dockerfile)
        for name, text in files.items():
            (self.context / name).write_text(text)

    def build(self, *flags: str, tag: str = "x") -> BuildRecord:
        toolchain = self.engine.toolchain
        config = self.directory / "docker"
        config.mkdir(exist_ok=True)
        plugins = {"cliPluginsExtraDirs": [str(toolchain.cli_plugins)]}
        (config / "config.json").write_text(json.dumps(plugins))
        with tempfile.TemporaryDirectory(prefix="lf-") as short:
            recorder = Recorder(self.engine, Path(short) / "s", b"key")
            with recorder:
                env = {"PATH": os.defpath, "HOME": str(self.directory), "DOCKER_CONFIG": str(config)}
                env["DOCKER_HOST"] = recorder.docker_host
                argv = (str(toolchain.docker), "buildx", "build", "--provenance=false", "-t", tag, *flags)
                run(Command(argv=(*argv, str(self.context)), env=env), timeout_s=120)
            (record,) = recorder.records(ClientInfo())
            record = add_base_facts(record, recorder.image_facts)
        return replace(record, place=replace(record.place, directory=str(self.context)))

    def push(self, tag: str) -> None:
        env = {"PATH": os.defpath, "DOCKER_HOST": self.engine.docker_host, "HOME": str(self.directory)}
        done = run(Command(argv=(str(self.engine.toolchain.docker), "push", tag), env=env), timeout_s=60)
        assert done.ok, done.stderr


@contextlib.contextmanager
def desk_on(name: str, directory: Path) -> Iterator[Desk]:
    storage = directory / "registry"
    with open_engine(name).start(os.environ, print) as engine:
        assert isinstance(engine, RunningPrivateEngine)
        with (
            registry_for(engine.daemons, storage, os.environ, print) as inside,
            registry_outside(storage, directory) as outside,
        ):
            yield Desk(engine=engine, directory=directory, storage=storage, inside=inside, outside=outside)


@contextlib.contextmanager
def registry_outside(storage: Path, directory: Path) -> Iterator[str]:
    """The same registry on this machine's own loopback; gives its address."""
    root = ensure_root(REGISTRY, os.environ, print)
    config = directory / "registry.yml"
    program = through_loader(root.path, root.path / "usr" / REGISTRY.programs[0])
    command = Command(
        argv=(*program, "serve", str(config)),
        env={"OTEL_TRACES_EXPORTER": "none"},
        files=((config, CONFIG.format(directory=storage)),),
    )
    with (directory / "registry.log").open("w+b") as log:
        process = spawn(command, stdout=log, stderr=log)
        try:
            yield listening_at(directory / "registry.log")
        finally:
            end_group(process)


def listening_at(log: Path) -> str:
    give_up = time.monotonic() + 15
    while time.monotonic() < give_up:
        found = re.search(rf"{LISTENING}(127\.0\.0\.1:\d+)", log.read_text())
        if found:
            return found[1]
        time.sleep(0.01)
    raise AssertionError(log.read_text())
