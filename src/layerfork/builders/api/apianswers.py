"""An engine's answers: the fields that layerfork reads, with limits in time and in bytes."""

import io
import socket
import time
from typing import Any

import msgspec

# The fields of an engine's answers that layerfork reads. An answer without them is not an engine's.
#
# Source: moby/moby api/swagger.yaml, v20.10 to v28; containers/podman pkg/api/handlers/compat @ v3.0.1 to
# v5.8.


class Component(msgspec.Struct, frozen=True, rename="pascal"):
    name: str
    version: str


class Version(msgspec.Struct, frozen=True, rename="pascal"):
    """``/version``."""

    version: str
    api_version: str
    min_api_version: str = msgspec.field(name="MinAPIVersion", default="")
    os: str = "linux"
    arch: str = ""
    components: list[Component] | None = None


class Info(msgspec.Struct, frozen=True, rename="pascal"):
    """``/info``."""

    id: str = msgspec.field(name="ID", default="")
    name: str = ""
    driver: str = ""
    driver_status: list[list[str]] | None = None
    logging_driver: str = ""
    cgroup_driver: str = ""
    cgroup_version: str = ""
    default_runtime: str = ""
    kernel_version: str = ""
    operating_system: str = ""
    os_type: str = msgspec.field(name="OSType", default="")
    architecture: str = ""
    cpus: int | None = msgspec.field(name="NCPU", default=None)
    memory: int = msgspec.field(name="MemTotal", default=0)
    docker_root: str = msgspec.field(name="DockerRootDir", default="")
    experimental: bool | None = msgspec.field(name="ExperimentalBuild", default=None)
    warnings: list[str] | None = None


class ImageConfig(msgspec.Struct, frozen=True, rename="pascal"):
    env: list[str] | None = None
    user: str | None = None
    working_dir: str | None = None
    shell: list[str] | None = None
    on_build: list[str] | None = None


class Layers(msgspec.Struct, frozen=True, rename="pascal"):
    layers: list[str] | None = None


class Image(msgspec.Struct, frozen=True, rename="pascal"):
    """``/images/NAME/json``."""

    id: str
    repo_tags: list[str] | None = None
    config: ImageConfig | None = None
    architecture: str = ""
    root_fs: Layers | None = msgspec.field(name="RootFS", default=None)


class HistoryRow(msgspec.Struct, frozen=True, rename="pascal"):
    """One of ``/images/NAME/history``."""

    id: str
    created_by: str
    size: int
    comment: str | None = None
    created: int = 0
    """Seconds since 1970; negative for the year 1."""


class ListedImage(msgspec.Struct, frozen=True, rename="pascal"):
    """One of ``/images/json``."""

    id: str
    repo_tags: list[str] | None = None
    created: int = 0


class Container(msgspec.Struct, frozen=True, rename="pascal"):
    """One of ``/containers/json``, or one that was created."""

    id: str


class CacheRecord(msgspec.Struct, frozen=True, rename="pascal"):
    id: str = msgspec.field(name="ID")


class DiskUse(msgspec.Struct, frozen=True, rename="pascal"):
    """``/system/df``."""

    build_cache: list[CacheRecord] | None = None


class LoadLine(msgspec.Struct, frozen=True):
    """One line of the answer to ``/images/load``."""

    stream: str = ""
    error: str = ""


class Refusal(msgspec.Struct, frozen=True):
    """What comes with an error status."""

    message: str


# A socket with a deadline and a limit of received bytes, whatever the other side does.


class TooLongError(OSError):
    """The other side sent more than the limit."""


class BoundedSocket:
    """What `http.client` needs of a socket. Raises: TimeoutError, TooLongError."""

    def __init__(self, inner: socket.socket, deadline: float, most_bytes: int) -> None:
        """``deadline`` is monotonic; the most bytes are those that are received."""
        self._inner = inner
        self._deadline = deadline
        self._left_bytes = most_bytes

    def sendall(self, data: Any) -> None:
        """Send all of it before the deadline."""
        self._hurry()
        self._inner.sendall(data)

    def makefile(self, mode: str = "rb", *_: object) -> io.BufferedReader:
        """What the other side says."""
        return io.BufferedReader(_SocketReader(self, self._inner.makefile("rb", buffering=0)))

    def close(self) -> None:
        """Close the socket when all files made of it are closed too."""
        self._inner.close()

    def receive(self, stream: io.RawIOBase, buffer: Any) -> int | None:
        """Read what comes next."""
        self._hurry()
        count: int | None = stream.readinto(buffer)
        self._left_bytes -= count or 0
        if self._left_bytes < 0:
            raise TooLongError("its answer is longer than any engine sends")
        return count

    def _hurry(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._inner.settimeout(left)


class _SocketReader(io.RawIOBase):
    def __init__(self, owner: BoundedSocket, stream: Any) -> None:
        self._owner = owner
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        return self._owner.receive(self._stream, buffer)

    def close(self) -> None:
        self._stream.close()
        super().close()
