"""What is built in an experiment, and how a person asked for it."""

from dataclasses import dataclass
from pathlib import Path

from layerfork.record.build import Builder
from layerfork.record.phase import Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A Dockerfile and its context."""

    name: str
    title: str = ""
    question: str = ""
    """That it answers."""
    family: str = ""
    """The kind of question."""
    context: Path
    """Absolute path of the context directory; of a scenario with phases, of its folder."""
    dockerfile: Path
    """Absolute path of the Dockerfile; of a scenario with phases, of the file that holds it."""
    random_runs: bool = False
    """Every RUN writes a random value: equal layers prove reuse."""
    phases: tuple[Phase, ...] = ()
    """What is built, one after the other, from a context that is made for it; none of a person's directory,
    which is used as it lies there."""
    served: bool = False
    """Its context is served to clients that fetch it from a URL; otherwise they are not asked."""
    content: str = ""
    """Digest of its file, which says with its name which scenario it is, wherever its folder lies; empty of
    one that comes with layerfork, whose name is enough, and of a person's directory."""
    other_dockerfile: bool = False
    """A person named another Dockerfile than that of the phases."""


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
