"""The log of a posted build: of the classic builder or of podman's, told by the line of its first step."""

from layerfork.wire.printed.classic import ClassicLog
from layerfork.wire.printed.podman import PodmanLog
from layerfork.wire.printed.printed import PrintedStep


class StepLog:
    """Fed each printed line, keeps the steps."""

    def __init__(self, *, removes_containers: bool = True, layers: bool = True) -> None:
        """What the request asked for: ``rm`` of the classic builder, ``layers`` of podman's."""
        self._readers = (ClassicLog(removes_containers=removes_containers), PodmanLog(layers=layers))
        self._reader: ClassicLog | PodmanLog | None = None

    @property
    def steps(self) -> list[PrintedStep]:
        """In the order in which they were built; none before the first was printed."""
        return self._reader.steps if self._reader is not None else []

    @property
    def image_id(self) -> str:
        """Of the image that was built, full or 12 digits; empty when no end was printed."""
        return self._reader.image_id if self._reader is not None else ""

    def line(self, text: str, now: float) -> None:
        """One message of the stream, without its line end."""
        if self._reader is None:
            self._reader = next((each for each in self._readers if each.begins(text)), None)
        if self._reader is not None:
            self._reader.line(text, now)

    def finish(self, now: float) -> None:
        """The answer ended."""
        if self._reader is not None:
            self._reader.finish(now)

    def full_id(self, image_id: str) -> None:
        """The engine named an image in full: steps show its first digits only."""
        bare = image_id.removeprefix("sha256:")
        for step in self.steps:
            if step.image_id and bare.startswith(step.image_id):
                step.image_id = bare
