"""A build as it is asked for: request, builder, platforms, command, and the environment of its client."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path, PurePath


class Builder(StrEnum):
    """The part of an engine that executes a build."""

    CLASSIC = "classic"
    BUILDKIT = "buildkit"
    BUILDAH = "buildah"


_NO_BUILDKIT = "podman's service has no BuildKit: buildx would go on and install one"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedBuilders:
    """The builders of one engine, by what a client asks it for."""

    executes: tuple[tuple[Builder, Builder], ...]
    """What a client may ask for, and what executes the build then."""
    refuses: tuple[tuple[Builder, str], ...]
    """What no client can ask for there, each with the reason."""
    variables: tuple[str, ...] = ("DOCKER_HOST",)
    """What a person sets to the engine's address so that programs find it."""

    def executing(self, asked: Builder) -> Builder | None:
        """What executes a build for which a client asks like this; None when nothing does."""
        return dict(self.executes).get(asked)

    def why_not(self, asked: Builder) -> str:
        """Why nothing builds when a client asks like this; empty when something does."""
        return "" if self.executing(asked) else dict(self.refuses).get(asked, f"it has no {asked} builder")

    @property
    def names(self) -> tuple[str, ...]:
        """What executes builds, each once."""
        return tuple(dict.fromkeys(builder.value for _, builder in self.executes))


DOCKER = ServedBuilders(
    executes=((Builder.CLASSIC, Builder.CLASSIC), (Builder.BUILDKIT, Builder.BUILDKIT)),
    refuses=((Builder.BUILDAH, "podman's own programs build with podman only (--engine podman)"),),
)
"""Docker Engine since 18.09."""

PODMAN = ServedBuilders(
    executes=((Builder.CLASSIC, Builder.BUILDAH), (Builder.BUILDAH, Builder.BUILDAH)),
    refuses=((Builder.BUILDKIT, _NO_BUILDKIT),),
    variables=("DOCKER_HOST", "CONTAINER_HOST"),
)
"""A podman service with its own programs beside it: Docker's classic requests are built by buildah."""

PODMAN_SERVICE = ServedBuilders(
    executes=((Builder.CLASSIC, Builder.BUILDAH),),
    refuses=(
        (Builder.BUILDKIT, _NO_BUILDKIT),
        (Builder.BUILDAH, "podman's own programs need a podman of ours (--engine podman)"),
    ),
    variables=("DOCKER_HOST", "CONTAINER_HOST"),
)
"""A podman service that is known by its socket alone."""


_DOCKER_ONLY = (
    "a BuildKit without Docker builds for buildctl and buildx alone: record them (layerfork record)"
)
BUILDKIT_ALONE = ServedBuilders(
    executes=(),
    refuses=tuple((builder, _DOCKER_ONLY) for builder in Builder),
    variables=("BUILDKIT_HOST",),
)
"""A buildkitd by its address: nothing that the clients of a relay could be led to."""


class Feature(StrEnum):
    """What a build request may ask for and a client may be unable to pass on."""

    DOCKERFILE_NAME = "dockerfile-name"
    """A Dockerfile of another name or place inside the context (``-f``)."""
    DOCKERFILE_OUTSIDE = "dockerfile-outside"
    """A Dockerfile outside the context."""
    BUILD_ARG = "build-arg"
    LABEL = "label"
    TARGET = "target"
    NO_CACHE = "no-cache"
    PLATFORM = "platform"
    CACHE_FROM = "cache-from"
    CACHE_TO = "cache-to"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRequest:
    """What every client of a relay is asked to build, the same for all of them."""

    context: Path
    """Absolute path of the context directory."""
    context_tar: Path
    """Absolute path of the same context as ``tar -cf ../context.tar .`` made it; for tar clients."""
    context_url: str = ""
    """URL of that tar, for clients that pass a URL on; empty when it is not served."""
    context_git: str = ""
    """URL of a git repository with the context as its last commit; empty when it is not served."""
    dockerfile: Path
    """Absolute path of the Dockerfile."""
    tag: str
    scratch: Path
    """A private directory of this build: generated files (a compose or bake file) go here."""
    build_args: tuple[tuple[str, str], ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    target: str = ""
    platform: str = ""
    """``os/architecture[/variant]``; empty for the engine's own."""
    no_cache: bool = False
    cache_from: str = ""
    """What ``--cache-from`` of the docker CLI takes; empty imports nothing."""
    cache_to: str = ""
    """What ``--cache-to`` takes."""

    @property
    def dockerfile_in_context(self) -> str | None:
        """The Dockerfile's path relative to the context, or None when it lies outside."""
        try:
            return self.dockerfile.relative_to(self.context).as_posix()
        except ValueError:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A process to start: the runner adds nothing to it and takes nothing away."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    """The whole environment, not additions to ours."""
    cwd: Path | None = None
    stdin: Path | None = None
    """A file to read from; None is an empty standard input."""
    files: tuple[tuple[Path, str], ...] = ()
    """Files to write before the start: absolute path and text (a compose file, a docker config)."""
    secrets: tuple[str, ...] = ()
    """Values to hide wherever this command is shown or logged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """How a process ended."""

    argv: tuple[str, ...]
    returncode: int
    """Negative for a signal, as in `subprocess`."""
    stdout: str
    stderr: str
    """Both decoded as UTF-8 with replacement, and cut at the front when huge."""
    seconds: float
    timed_out: bool = False

    @property
    def ok(self) -> bool:
        return self.returncode == 0 and not self.timed_out


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolchain:
    """Where the programs lie that docker-like clients run: of one generation, never mixed."""

    docker: Path
    """The docker CLI."""
    cli_plugins: Path | None
    """Directory with ``docker-buildx`` and ``docker-compose``; None when the CLI finds its own."""
    plugins: tuple[str, ...] | None = None
    """Names of its plugins, such as ``("buildx", "compose")``; None when unknown."""
    version: str = ""
    """Version of the docker CLI, such as ``26.1.5``; empty when unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PodmanTools:
    """podman's own programs, and the storage root that they share with its service."""

    podman: Path
    buildah: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a client finds its engine, and the private world that it runs in."""

    docker_host: str
    """``unix:///…`` of the recorder's socket."""
    home: Path
    """Private HOME; ``DOCKER_CONFIG`` is ``<home>/.docker``."""
    toolchain: Toolchain
    path: str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    """PATH of the client."""
    api_version: str = ""
    """The engine's newest API version, such as ``1.45``."""
    builders: ServedBuilders = DOCKER
    """What stands behind the socket."""
    podman: PodmanTools | None = None
    """When the engine is a podman of ours; None for Docker, and for a podman of the user's."""
    inherit: Mapping[str, str] = field(default_factory=dict)
    """The user's own environment, only with ``--inherit-config``; empty otherwise."""


# Branches of a build for several platforms: what some platforms have in common is built once for them.

_ARCHITECTURES = {
    "i386": ("386", ""),
    "x86_64": ("amd64", ""),
    "x86-64": ("amd64", ""),
    "aarch64": ("arm64", ""),
    "armhf": ("arm", "v7"),
    "armel": ("arm", "v6"),
}
"""Other names of architectures, with the variant that they imply."""
_VARIANTS = {
    ("amd64", "v1"): "",
    ("arm64", "8"): "",
    ("arm64", "v8"): "",
    ("arm64", "v8.0"): "",
    ("arm64", "9"): "v9",
    ("arm64", "9.0"): "v9",
    ("arm64", "v9.0"): "v9",
    ("arm", ""): "v7",
    ("arm", "5"): "v5",
    ("arm", "6"): "v6",
    ("arm", "7"): "v7",
    ("arm", "8"): "v8",
}
"""Variants that are written otherwise, or left out."""


def platforms_of(branch: str) -> frozenset[str]:
    """The platforms of `StepRecord.platform`; none when it is empty, which stands for all."""
    return frozenset(filter(None, branch.split(",")))


def is_part_of(branch: str, other: str) -> bool:
    """Whether a step of ``branch`` may build on one of ``other``: every platform of the one has the other."""
    if not other:
        return True
    return bool(branch) and platforms_of(branch) <= platforms_of(other)


def normal_platform(asked: str) -> str:
    """A platform as BuildKit names it, of one that a person may have written otherwise.

    Source: containerd/platforms database.go:normalizeArch, as vendored in moby/buildkit @ v0.32.2; alone an
    architecture is one of Linux.
    """
    words = asked.lower().split("/")
    system, architecture, variant = (*(words if len(words) > 1 else ("linux", *words)), "")[:3]
    architecture, implied = _ARCHITECTURES.get(architecture, (architecture, variant))
    variant = _VARIANTS.get((architecture, implied), implied)
    return "/".join(filter(None, (system, architecture, variant)))


# Command lines that build, as far as it is known what their words do.

SHELLS = ("sh", "bash", "dash", "zsh")
"""They take what stands in one word after ``-c`` for a command."""
BUILDERS = ("docker", "podman", "buildah", "nerdctl", "docker-buildx")


def is_plain_build(argv: Sequence[str]) -> bool:
    """Whether a command is a build whose options are known: ``docker build …``."""
    return bool(argv) and PurePath(argv[0]).name in BUILDERS and "build" in argv and "compose" not in argv


def as_typed(argv: Sequence[str]) -> str:
    """A command on one line, without the shell that a CI's script put before it."""
    text = _script(argv)
    if not text:
        return " ".join(argv)
    return "; ".join(line for each in text.splitlines() if (line := each.strip()))


def _script(argv: Sequence[str]) -> str:
    """What a shell is given to run and nothing else; empty for every other command."""
    if len(argv) < 3 or PurePath(argv[0]).name not in SHELLS:
        return ""
    *options, text = argv[1:]
    flags = [word for word in options if word != "pipefail"]
    if not all(word.startswith("-") for word in flags):
        return ""
    return text if _takes_a_script(options[-1]) else ""


def _takes_a_script(option: str) -> bool:
    """``-c``, ``-ec``: short options in one word, the last one takes the script."""
    return option.startswith("-") and not option.startswith("--") and option.endswith("c")


# Variables of a user's environment that steer a build client: past the recorder, or to another builder.

NAMES_AN_ENGINE = (
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_TLS",
    "DOCKER_TLS_VERIFY",
    "DOCKER_CERT_PATH",
    "CONTAINER_HOST",
    "CONTAINER_CONNECTION",
)
"""Where docker's and podman's programs find their engine. A recorder stands in its place, so none may stay.
Source: docker/cli cli/command/cli.go and cli/flags/options.go, v20.10 to v28; containers/podman
docs/source/markdown/podman-remote.1.md, v3.0 to v5.8."""
NAMES_A_BUILDER = ("BUILDX_BUILDER", "BUILDKIT_HOST")
"""A BuildKit besides the engine's, by the name of its buildx builder or by its address.
Source: docker/buildx commands/root.go (rootFlags), v0.8 to v0.29; moby/buildkit cmd/buildctl/main.go, v0.8
to v0.26."""
CHOOSES_A_BUILDER = ("DOCKER_BUILDKIT", "COMPOSE_DOCKER_CLI_BUILD", "COMPOSE_BAKE")
"""Which of the engine's own builders a client takes."""
OF_ONE_ENGINE = ("DOCKER_API_VERSION",)
"""Right for a user's engine, and perhaps wrong for the one that is tried."""


def without(environment: Mapping[str, str], *groups: tuple[str, ...]) -> dict[str, str]:
    """The variables that are in none of the groups."""
    named = {name for group in groups for name in group}
    return {name: value for name, value in environment.items() if name not in named}


def named_builders(environment: Mapping[str, str]) -> tuple[str, ...]:
    """``NAME=value`` of every variable that names a builder besides the engine's."""
    return tuple(f"{name}={environment[name]}" for name in NAMES_A_BUILDER if environment.get(name))
