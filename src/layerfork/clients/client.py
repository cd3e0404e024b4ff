"""What a build client is: a value that turns a build request into a command."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from layerfork.clients.environment import ClientEnvironment
from layerfork.errors import ClientError
from layerfork.model.build import Builder, BuildRequest, Command, Endpoint, Feature

NO_BUILDKIT = "podman's service has no BuildKit: buildx would go on and install one"


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
class BuildClient:
    """One way to build an image, in one version."""

    name: str
    """``docker_py-build``: the id without version and builder."""
    version: str = ""
    """Empty: the newest pinned version, or whatever the endpoint's toolchain has."""
    builder: Builder | None = None
    """The builder that this entry insists on (``+classic``); None takes what it is asked for."""
    title: str
    """What runs, in a few words, for lists: ``docker-py, path=``."""
    context_form: ContextForm
    builders: tuple[Builder, ...]
    """The builders that it can use."""
    choose_builder: Callable[[Endpoint], Builder]
    """The builder that it uses on an endpoint when nobody asks for one."""
    lacks: tuple[tuple[Feature, str], ...] = ()
    """What it cannot pass on, each with the reason."""
    environment: ClientEnvironment | None = None
    """The isolated environment that it needs; None when it is part of the toolchain."""
    make_command: Callable[[Call], Command]
    name_image: Callable[[BuildRequest], str] = lambda request: request.tag
    ask_version: Callable[[Endpoint, Path | None], Command]
    read_version: Callable[[str], str]
    """Version from the standard output of `ask_version`'s command; empty when it has none."""
    plugin: str = ""
    """The plugin of the docker CLI that it needs: ``buildx`` or ``compose``."""
    toolchain_version: bool = False
    """Its version is that of the toolchain, so any ``@version`` names a toolchain to look for."""

    @property
    def id(self) -> str:
        """``name[@version][+builder]``: what a person types."""
        version = f"@{self.version}" if self.version else ""
        return f"{self.name}{version}" + (f"+{self.builder}" if self.builder else "")

    @property
    def unsupported(self) -> frozenset[Feature]:
        return frozenset(feature for feature, _ in self.lacks)

    def why_unsupported(self, feature: Feature) -> str:
        """Why it cannot pass a feature on; empty when it can."""
        return dict(self.lacks).get(feature, "")

    def why_not(self, request: BuildRequest, builder: Builder | None = None) -> tuple[str, ...]:
        """Reasons why it cannot be asked for this; empty when it can."""
        wanted = needed_features(request, self.builder or builder)
        reasons = [reason for feature, reason in self.lacks if feature in wanted]
        if not self.context_of(request):
            reasons.append(f"it takes the context as {self.context_form} only, and nobody serves that here")
        return tuple(reasons)

    def context_of(self, request: BuildRequest) -> str:
        """Path or URL of the context in the form that it takes; empty when nobody serves it."""
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
        declared = {feature.value: reason for feature, reason in self.lacks}
        return declared.get(builder.value, f"it builds with {' or '.join(self.builders)} only")

    def default_builder(self, endpoint: Endpoint) -> Builder:
        """The builder that it uses there when nobody asks for one."""
        return self.builder or self.choose_builder(endpoint)

    def why_not_there(self, endpoint: Endpoint) -> str:
        """Why it cannot build on an endpoint's engine at all; empty when it can."""
        if self.builders == (Builder.BUILDAH,) and endpoint.podman is None:
            return f"{self.name} builds with podman only (--engine podman)"
        if self.builders == (Builder.BUILDKIT,) and not endpoint.has_buildkit:
            return NO_BUILDKIT
        toolchain = endpoint.toolchain
        if self.plugin and toolchain.plugins is not None and self.plugin not in toolchain.plugins:
            return f"docker {toolchain.version} has no {self.plugin} plugin here".replace("  ", " ")
        return ""

    def build_command(
        self,
        request: BuildRequest,
        endpoint: Endpoint,
        builder: Builder | None = None,
        environment_dir: Path | None = None,
    ) -> Command:
        """The command that builds a request there. Ask `why_not` first.

        A builder in the client's own id wins over ``builder``; None of both leaves the choice to the client.
        Raises: ClientError when it needs an environment and none was given, or cannot use the builder
        or the engine.
        """
        chosen = self.builder or builder
        if chosen is not None and chosen not in self.builders:
            raise ClientError(f"{self.id} cannot build with {chosen}: {self.why_not_builder(chosen)}")
        if reason := self.why_not_there(endpoint):
            raise ClientError(reason)
        return self.make_command(
            Call(
                request=request,
                endpoint=endpoint,
                builder=chosen,
                expected=chosen or self.choose_builder(endpoint),
                environment_dir=environment_dir,
            )
        )

    def version_command(self, endpoint: Endpoint, environment_dir: Path | None = None) -> Command:
        """The command that makes it say its version; `read_version` reads the answer."""
        return self.ask_version(endpoint, environment_dir)

    def image_ref(self, request: BuildRequest) -> str:
        """The reference that the built image has afterwards; not all clients can take the tag asked for."""
        return self.name_image(request)


def needed_features(request: BuildRequest, builder: Builder | None) -> frozenset[Feature]:
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
        Feature.CLASSIC: builder is Builder.CLASSIC,
        Feature.BUILDKIT: builder is Builder.BUILDKIT,
    }
    return frozenset(feature for feature, needed in wanted.items() if needed)
