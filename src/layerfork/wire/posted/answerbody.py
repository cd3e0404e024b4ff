"""The engine's answer to ``POST /build``: JSON messages, one a line, and the build log within them."""

import json
import re
from collections.abc import Callable
from typing import Any

from layerfork.wire.printed.classic import ClassicLog
from layerfork.wire.printed.podmanoutput import PodmanLog
from layerfork.wire.printed.step import PrintedStep

# The log of a posted build, of the classic builder or podman's: the line of its first step shows which.


class StepLog:
    """Keeps the steps of the printed lines that it is fed."""

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


# The engine's answer to ``POST /build``: a stream of JSON messages, one on each line.
#
# Source: moby/moby pkg/jsonmessage/jsonmessage.go, api/types/build.go (Result) @ v26.1.5;
# containers/podman pkg/api/handlers/compat/images_build.go @ v5.4.2.

MAX_LINE_BYTES = 1 << 20
"""Longer messages are a command's output and are passed over."""
MAX_TRACE_BYTES = 64 << 20
"""Limit of the trace messages of BuildKit that are kept."""

_OUTPUT = b'{"stream":"'
_STRUCTURE = re.compile(
    rb'\{"stream":"(?:Step |STEP |\[| ---|--(?:>|\\u003[Ee])|Success|Removing |COMMIT|sha256:|[0-9a-f]{64})'
)
_IMAGE_ID = re.compile(r"sha256:[0-9a-f]{64}")
_BARE_ID = re.compile(r"[0-9a-f]{64}")
_PULLING = "Pulling from "


def _error_in(message: dict[str, Any]) -> str:
    """The error that a message reports; empty for none. The detail's text is the builder's own."""
    error = message.get("error") or message.get("message")
    detail = message.get("errorDetail")
    if isinstance(detail, dict):
        error = detail.get("message") or error
    return error.strip() if isinstance(error, str) else ""


class AnswerDecoder:
    """Fed the body of an answer in pieces of any size. Lines that are not understood are passed over."""

    def __init__(self, log: StepLog, clock: Callable[[], float]) -> None:
        self.log = log
        self.error = ""
        """The builder's own error message; empty when it reported none."""
        self.image_ids: list[str] = []
        """Full ids that were named, in order; the last is the result."""
        self.traces: list[str] = []
        """BuildKit's trace messages, base64."""
        self.pulls: list[str] = []
        """Images that status messages say were pulled."""
        self.messages = 0
        self.lost_traces = False
        self._clock = clock
        self._line = bytearray()
        self._skipping = False
        self._trace_bytes = 0

    def feed(self, data: memoryview) -> None:
        """The next bytes; not kept beyond the call."""
        *lines, rest = bytes(data).split(b"\n")
        for line in lines:
            if self._line or self._skipping:
                self._line += line
                line = bytes(self._line)
                self._line.clear()
            if not self._skipping:
                self._message(line)
            self._skipping = False
        if len(self._line) + len(rest) > MAX_LINE_BYTES:
            self._skipping = True
            self._line.clear()
        elif not self._skipping:
            self._line += rest

    def close(self) -> None:
        """The answer ended, possibly without a line end."""
        if self._line:
            self._message(bytes(self._line))
            self._line.clear()
        self.log.finish(self._clock())

    def _message(self, line: bytes) -> None:
        if not line.strip():
            return
        self.messages += 1
        if line.startswith(_OUTPUT) and not _STRUCTURE.match(line):
            return  # a command's output: not worth parsing
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            return
        if isinstance(message, dict):
            self._read(message)

    def _read(self, message: dict[str, Any]) -> None:
        stream, aux = message.get("stream"), message.get("aux")
        if isinstance(stream, str):
            self._read_stream(stream.rstrip("\n"))
        if isinstance(aux, dict) and isinstance(aux.get("ID"), str):
            self._name_image(aux["ID"])
        elif isinstance(aux, str) and message.get("id") == "moby.buildkit.trace":
            self._keep_trace(aux)
        self.error = _error_in(message) or self.error
        status = message.get("status")
        if isinstance(status, str) and status.startswith(_PULLING):
            self.pulls.append(f"{status.removeprefix(_PULLING)}:{message.get('id', '')}")

    def _read_stream(self, text: str) -> None:
        if _IMAGE_ID.fullmatch(text) or _BARE_ID.fullmatch(text):
            self._name_image(text)
        else:
            self.log.line(text, self._clock())

    def _name_image(self, image_id: str) -> None:
        bare = image_id.removeprefix("sha256:")
        if _BARE_ID.fullmatch(bare):
            self.image_ids.append("sha256:" + bare)
            self.log.full_id(bare)

    def _keep_trace(self, trace: str) -> None:
        self._trace_bytes += len(trace)
        if self._trace_bytes > MAX_TRACE_BYTES:
            self.lost_traces = True
        else:
            self.traces.append(trace)
