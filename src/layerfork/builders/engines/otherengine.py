"""Another Docker Engine that a user's buildx builders stand on. It is asked nothing before a build passes."""

from functools import cached_property

from layerfork.builders.api.client import ApiError, EngineApi, address_of
from layerfork.builders.api.inspection import read_image_facts
from layerfork.builders.engines.host import read_host_info
from layerfork.builders.engines.programway import ProgramWay
from layerfork.errors import EngineError
from layerfork.record.engine import EngineInfo, ImageFacts
from layerfork.wire.proxy.sockets import Way


class OtherEngine:
    """Another Docker Engine of the user's, by its address."""

    def __init__(self, docker_host: str, way: ProgramWay | None = None) -> None:
        """``way`` leads to an address that docker alone can connect to.

        Raises: EngineError for such an address without a way.
        """
        self.docker_host = docker_host
        self.way: Way = way or address_of(docker_host)
        self._api = EngineApi(docker_host, way)

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
