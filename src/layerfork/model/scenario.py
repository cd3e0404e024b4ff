"""What is built in an experiment, and how a person asked for it."""

from dataclasses import dataclass
from pathlib import Path

from layerfork.model.build import Builder


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A Dockerfile and its context."""

    name: str
    title: str = ""
    context: Path
    """Absolute path of the context directory."""
    dockerfile: Path
    """Absolute path of the Dockerfile."""
    random_runs: bool = False
    """Every RUN writes a random value: equal layers prove reuse."""
    bundled: bool = False
    """Part of layerfork: its context is copied and its modes are set before it is used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """Everything that `layerfork run` was asked, parsed and checked for form, not for meaning."""

    path: str = ""
    """A directory with a Dockerfile, or the name of a bundled scenario; empty is ``seed``."""
    dockerfile: str = ""
    target: str = ""
    build_args: tuple[tuple[str, str], ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    clients: tuple[str, ...] = ()
    """Client ids; empty is the five of 2015."""
    engines: tuple[str, ...] = ()
    """``private``, ``private:28.5``, ``host``, ``host:CONTEXT``; empty decides: host if one answers."""
    builder: Builder | None = None
    """What every client is asked for; None leaves it to each."""
    controls: bool = True
    timeout_s: float = 600.0
    inherit_config: bool = False
    load: tuple[str, ...] = ()
    """Image archives to load into a private engine before the first build."""
    save: str = ""
    """File for the records, one JSON document a line; empty saves nothing."""
    resume: str = ""
    """File of an earlier run: what it holds is not measured again where that means the same; it is written
    anew."""
