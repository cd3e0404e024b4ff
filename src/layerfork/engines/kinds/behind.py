"""What a user's buildx builders stand on besides the engine. It is asked nothing before a build passes."""

from dataclasses import dataclass
from functools import cached_property

from layerfork.engines.api.client import ApiError, EngineApi, address_of
from layerfork.engines.api.inspection import read_image_facts
from layerfork.engines.kinds.host import read_host_info
from layerfork.errors import EngineError
from layerfork.model.engine import BUILDKIT_DAEMON, EngineInfo, ImageFacts
from layerfork.wire.proxy.sockets import Address, Way


class OtherEngine:
    """Another Docker Engine of the user's, by its address."""

    def __init__(self, docker_host: str) -> None:
        """Raises: EngineError for an address that cannot be recorded."""
        self.docker_host = docker_host
        self.way: Address = address_of(docker_host)
        self._api = EngineApi(docker_host)

    @cached_property
    def info(self) -> EngineInfo:
        """As it reports itself now; of one that no longer answers only the kind is known."""
        try:
            return read_host_info(self._api)
        except (ApiError, EngineError):
            return EngineInfo(kind="host", version="", api_version="", image_store="")

    def image_facts(self, reference: str) -> ImageFacts:
        """What the engine says about an image. Raises: EngineError."""
        try:
            return read_image_facts(self._api, reference)
        except ApiError as error:
            raise EngineError(f"the engine at {self.docker_host} refuses: {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildKitDaemon:
    """A buildkitd that is no part of a Docker Engine."""

    way: Way

    @property
    def info(self) -> EngineInfo:
        """Nothing yet: clients ask it for its version and platform in front of each build."""
        return EngineInfo(
            kind=BUILDKIT_DAEMON, version="", api_version="", image_store="", default_builder="buildkit"
        )

    def image_facts(self, reference: str) -> ImageFacts:
        """Raises: EngineError, always."""
        raise EngineError(f"a BuildKit daemon keeps no images, so none is called {reference}")
