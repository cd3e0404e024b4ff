"""The directory that a build was started in: from buildx's own note, else from clients' command lines."""

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path

import msgspec

from layerfork.builders.recording.contextplaces import (
    ClientProcess,
    has_name,
    named_directories,
    nearby_directories,
)
from layerfork.builders.recording.projects import ProjectBuild, Projects
from layerfork.record.build import Builder
from layerfork.record.context import ContextEntry, EntryType
from layerfork.record.record import BuildPlace, BuildRecord
from layerfork.record.secrets import HIDDEN
from layerfork.record.store.blocks import UNREADABLE

# buildx's notes on disk about each build that it starts, compose's and bake's builds included.
#
# Source: docker/buildx localstate/localstate.go (State) and util/confutil/config.go @ v0.13.1 and v0.29.1:
# ``refs/BUILDER/NODE/REF`` in its configuration directory.

_REF = re.compile("[a-z0-9]{8,64}")
NO_NAME = "default"
"""The target of a build that is not one of several."""


class BuildxNote(msgspec.Struct, frozen=True):
    """One build."""

    target: str = msgspec.field(name="Target", default="")
    context: str = msgspec.field(name="LocalPath", default="")
    """Absolute path, URL, or ``-``."""
    dockerfile: str = msgspec.field(name="DockerfilePath", default="")

    @property
    def name(self) -> str:
        """The build's name in bake or compose; empty for a plain build."""
        return "" if self.target == NO_NAME else self.target


def read_note(ref: str, environment: Mapping[str, str]) -> BuildxNote | None:
    """The note about a build by its ref, for a client with this environment; None when there is none."""
    if _REF.fullmatch(ref) is None:
        return None
    for path in (_directory(environment) / "refs").glob(f"*/*/{ref}"):
        try:
            return msgspec.json.decode(path.read_bytes(), type=BuildxNote)
        except (OSError, *UNREADABLE):
            continue
    return None


def _directory(environment: Mapping[str, str]) -> Path:
    if own := environment.get("BUILDX_CONFIG"):
        return Path(own)
    if docker := environment.get("DOCKER_CONFIG"):
        return Path(docker) / "buildx"
    return Path(environment.get("HOME") or "/") / ".docker" / "buildx"


MAX_DIRECTORIES = 2_000
"""How many directories are examined below those that clients ran in."""
SAMPLE = 100
"""How many entries of a context are looked up in a directory."""
MADE_UP = re.compile(r"\.dockerfile\.[0-9a-f]+")
"""The name that docker gives a Dockerfile from outside the context.
Source: docker/cli cli/command/image/build/context.go (AddDockerfileToBuildContext) @ v26.1.5."""

Clean = Callable[[str], str]
_COMPOSE_ITSELF = "compose/"
"""Start of compose's user agent at the classic builder; measured with 2.26.1 and 2.40.3."""


def find_place(
    record: BuildRecord,
    processes: Sequence[ClientProcess],
    projects: Projects,
    environment: Mapping[str, str],
    clean: Clean,
) -> BuildPlace:
    """Where a build was asked for, as far as it shows; ``environment`` is that of its clients.

    Where several directories would do, there is none; nor is there a name where several services would.
    """
    note = read_note(record.ref, environment) if record.ref else None
    if note is not None:
        return _noted(note, clean)
    if record.context is not None and record.context.remote:
        return BuildPlace()
    found = _only(_fitting(record, named_directories(processes), clean))
    found = found or _only(_fitting(record, islice(nearby_directories(processes), MAX_DIRECTORIES), clean))
    name = ""
    if found and record.client.user_agent.startswith(_COMPOSE_ITSELF):
        name = _service_of(record, found, projects.builds(processes))
    return BuildPlace(directory=clean(found), name=clean(name))


def _service_of(record: BuildRecord, directory: str, builds: Iterable[ProjectBuild]) -> str:
    """The service that compose had the classic builder build: no request says its name."""
    alike = [build for build in builds if build.directory == directory]
    for same in (_has_that_dockerfile, _has_that_target, _has_those_arguments):
        alike = [build for build in alike if same(record, build)] if len(alike) > 1 else alike
    return _only(build.name for build in alike)


def _has_that_dockerfile(record: BuildRecord, build: ProjectBuild) -> bool:
    return os.path.normpath(build.dockerfile) == os.path.normpath(record.request.dockerfile_name)


def _has_those_arguments(record: BuildRecord, build: ProjectBuild) -> bool:
    """Those that are hidden in the record count by their names."""
    sent = {name: value for name, value in record.request.build_args if not name.lower().endswith("_proxy")}
    if sent.keys() != dict(build.arguments).keys():
        return False
    return all(sent[name].startswith(HIDDEN) or sent[name] == value for name, value in build.arguments)


def _has_that_target(record: BuildRecord, build: ProjectBuild) -> bool:
    return build.target == record.request.target


def _noted(note: BuildxNote, clean: Clean) -> BuildPlace:
    local = os.path.isabs(note.context)  # noqa: PTH117 - it may be a URL
    return BuildPlace(
        directory=clean(os.path.realpath(note.context)) if local else "",
        dockerfile=clean(os.path.realpath(note.dockerfile)) if os.path.isabs(note.dockerfile) else "",  # noqa: PTH117
        name=clean(note.name),
    )


def _only(found: Iterable[str]) -> str:
    """The only item; empty when there are more, or none."""
    first = list(islice(dict.fromkeys(found), 2))
    return first[0] if len(first) == 1 else ""


def _fitting(record: BuildRecord, directories: Iterable[Path], clean: Clean) -> Iterable[str]:
    name = record.context.directory_name if record.context is not None else ""
    for directory in directories:
        if (
            has_name(directory, name)
            and _has_dockerfile(record, directory, clean)
            and _holds(record, directory)
        ):
            yield os.path.realpath(directory)


def _has_dockerfile(record: BuildRecord, directory: Path, clean: Clean) -> bool:
    """Whether the Dockerfile lies there as it was sent, or may have come from elsewhere.

    Clients of BuildKit send it apart from the context, under the last part of its path.
    """
    text, name = record.request.dockerfile, record.request.dockerfile_name
    if text is None or not name or MADE_UP.fullmatch(name):
        return True
    try:
        return clean((directory / name).read_text("utf-8", "replace")) == text
    except FileNotFoundError:
        return record.builder is Builder.BUILDKIT
    except (OSError, ValueError):
        return False


def _holds(record: BuildRecord, directory: Path) -> bool:
    """Whether nearly all entries of the context are there, of their kinds and sizes.

    Some may have changed since, and the client may have made up some.
    """
    entries = record.context.entries if record.context is not None else ()
    sample = entries[:: max(1, len(entries) // SAMPLE)]
    absent = sum(not _lies_in(directory, entry) for entry in sample if not MADE_UP.fullmatch(entry.name))
    return absent * 10 <= len(sample)


def _lies_in(directory: Path, entry: ContextEntry) -> bool:
    try:
        found = (directory / entry.name).lstat()
    except (OSError, ValueError):
        return entry.raw_name is not None
    return entry.type is not EntryType.FILE or found.st_size == entry.size
