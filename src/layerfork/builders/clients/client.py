"""Build clients: a client is a value that turns a build request into a command."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from layerfork.builders.clients.contextrules import ContextRulesOf
from layerfork.builders.clients.environment import ClientEnvironment
from layerfork.errors import ClientError
from layerfork.record.build import Builder, BuildRequest, Command, Endpoint, Feature, Toolchain


class ContextForm(StrEnum):
    """In which form a client takes the build context."""

    DIRECTORY = "directory"
    TAR = "tar"
    URL = "url"
    """The tar's URL: the client or the engine fetches it."""
    GIT = "git"
    """A git repository's URL: the client or the engine clones it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Everything that a client's command is made from."""

    request: BuildRequest
    endpoint: Endpoint
    builder: Builder | None
    """None leaves the choice to the client."""
    expected: Builder
    """The builder that it will be: the one asked for, or the client's own choice there."""
    environment_dir: Path | None
    """The client's isolated environment; None when it needs none."""

    @property
    def environment(self) -> Path:
        """The isolated environment of a client that needs one. Raises: ClientError when it was not given."""
        if self.environment_dir is None:
            raise ClientError("the client's own environment is missing", "run: layerfork clients get --all")
        return self.environment_dir


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """Programs that clients are, or run."""

    engine: str
    """The engine that brings them, as ``--engine`` names it."""
    program: str
    """The one that has the client's version."""
    installed: str = ""
    """A program on PATH that does as well; empty when none does."""


SELDOM: Mapping[Feature, str] = {
    Feature.CACHE_FROM: "layerfork does not ask it to import a cache",
    Feature.CACHE_TO: "layerfork does not ask it to export a cache",
}
"""Features that layerfork uses with few clients only, and the reason for the others."""

DOCKER_PROGRAMS = Programs(engine="private", program="docker", installed="docker")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The builder that a client is asked for on an endpoint, and the builder that then runs."""

    asked: Builder | None
    """What it is asked for; None leaves it to the client."""
    expected: Builder
    """The builder that the client then asks the engine for."""
    executing: Builder
    """What executes the build: buildah executes what podman's service is asked for as a classic build."""
    why_not: str = ""
    """Why it cannot build there like this at all; empty when it can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildClient:
    """One way to build an image, in one version."""

    name: str
    """``docker_py-build``: the id without version and builder."""
    version: str = ""
    """Empty: the newest pinned version, or whatever the endpoint's toolchain has."""
    builder: Builder | None = None
    """The builder that this entry insists on (``+classic``); None takes what it is asked for."""
    title: str
    """What runs, in short, for lists: ``docker-py, path=``."""
    context_form: ContextForm
    context_rules: ContextRulesOf
    """By which rules it sends the context, by its version and builder: `clients.contextrules` has the usual
    ones, and `not_modelled`."""
    builders: tuple[Builder, ...]
    """The builders that it can use; the first is its own choice, unless ``own_choice`` says otherwise."""
    own_choice: Callable[[Endpoint], Builder] | None = None
    """The builder that it uses on an endpoint when none is asked for."""
    refuses: tuple[tuple[Builder, str], ...] = ()
    """Builders that it cannot use, with a reason that says more than that."""
    lacks: tuple[tuple[Feature, str], ...] = ()
    """What it cannot pass on, each with the reason."""
    takes: tuple[Feature, ...] = ()
    """Those of `SELDOM` that its command passes on."""
    environment: ClientEnvironment | None = None
    """The isolated environment that it needs; None when it is part of the toolchain."""
    make_command: Callable[[Call], Command]
    image_ref: Callable[[BuildRequest], str] = lambda request: request.tag
    """The reference that the built image has afterwards; not all clients can take the tag asked for."""
    version_command: Callable[[Endpoint, Path | None], Command]
    """The command that prints its version; the path is that of its environment."""
    read_version: Callable[[str], str]
    """Version from the standard output of that command; empty when it has none."""
    plugin: str = ""
    """The plugin of the docker CLI that it needs: ``buildx`` or ``compose``."""
    toolchain_version: bool = False
    """Its version is that of the toolchain, so any ``@version`` names a toolchain to look for."""
    programs: Programs | None = None
    """Where the programs come from that it is, or runs; None when it needs none but its environment."""

    @property
    def id(self) -> str:
        """``name[@version][+builder]``: what a person types."""
        version = f"@{self.version}" if self.version else ""
        return f"{self.name}{version}" + (f"+{self.builder}" if self.builder else "")

    def why_not(self, request: BuildRequest) -> tuple[str, ...]:
        """Reasons why it cannot be asked for this; empty when it can."""
        needed = needed_features(request)
        lacks = {feature: reason for feature, reason in SELDOM.items() if feature not in self.takes}
        reasons = [reason for feature, reason in (lacks | dict(self.lacks)).items() if feature in needed]
        if not self.context_of(request):
            reasons.append(f"it takes the context as {self.context_form} only, which is not available here")
        return tuple(reasons)

    def context_of(self, request: BuildRequest) -> str:
        """Path or URL of the context in the form that it takes; empty when it is not available."""
        forms = {
            ContextForm.DIRECTORY: str(request.context),
            ContextForm.TAR: str(request.context_tar),
            ContextForm.URL: request.context_url,
            ContextForm.GIT: request.context_git,
        }
        return forms[self.context_form]

    def why_not_builder(self, builder: Builder) -> str:
        """Why it cannot build with a builder; empty when it can."""
        if builder in self.builders:
            return ""
        return dict(self.refuses).get(builder, f"it builds with {' or '.join(self.builders)} only")

    def choose(self, wanted: Builder | None, endpoint: Endpoint) -> Choice:
        """The builder that it is asked for on an endpoint when a person wants ``wanted``, or leaves it open.

        A builder in the client's own id wins. Where it can use builders that the engine lacks, it is asked
        for one that the engine has: on its own it might go on and bring what is missing.
        """
        wanted = self.builder or wanted
        served = endpoint.builders
        there = [builder for builder in self.builders if served.executing(builder) is not None]
        asked = wanted
        if asked is None and 0 < len(there) < len(self.builders):
            asked = there[0]
        expected = asked or (self.own_choice(endpoint) if self.own_choice else self.builders[0])
        return Choice(
            asked=asked,
            expected=expected,
            executing=served.executing(expected) or expected,
            why_not=self.why_not_builder(expected)
            or served.why_not(expected)
            or self._why_no_plugin(endpoint.toolchain),
        )

    def _why_no_plugin(self, toolchain: Toolchain) -> str:
        if not self.plugin or toolchain.plugins is None or self.plugin in toolchain.plugins:
            return ""
        docker = " ".join(filter(None, ("docker", toolchain.version)))
        return f"{docker} has no {self.plugin} plugin here"

    def build_command(
        self,
        request: BuildRequest,
        endpoint: Endpoint,
        builder: Builder | None = None,
        environment_dir: Path | None = None,
    ) -> Command:
        """The command that builds a request there, by `choose`. Ask `why_not` first.

        Raises: ClientError when it needs an environment and none was given, or cannot build there.
        """
        choice = self.choose(builder, endpoint)
        if choice.why_not:
            raise ClientError(f"{self.id} cannot build there: {choice.why_not}")
        return self.make_command(
            Call(
                request=request,
                endpoint=endpoint,
                builder=choice.asked,
                expected=choice.expected,
                environment_dir=environment_dir,
            )
        )


def needed_features(request: BuildRequest) -> frozenset[Feature]:
    """What a client must be able to pass on for this request."""
    inside = request.dockerfile_in_context
    wanted = {
        Feature.DOCKERFILE_OUTSIDE: inside is None,
        Feature.DOCKERFILE_NAME: inside not in (None, "Dockerfile"),
        Feature.BUILD_ARG: bool(request.build_args),
        Feature.LABEL: bool(request.labels),
        Feature.TARGET: bool(request.target),
        Feature.PLATFORM: bool(request.platform),
        Feature.NO_CACHE: request.no_cache,
        Feature.CACHE_FROM: bool(request.cache_from),
        Feature.CACHE_TO: bool(request.cache_to),
    }
    return frozenset(feature for feature, needed in wanted.items() if needed)
