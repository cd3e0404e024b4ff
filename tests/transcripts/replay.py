"""Plays a transcript into the decoders, cut up in any way."""

from collections.abc import Callable, Iterable, Iterator

from transcripts.framed import (
    CLIENT_CLOSED,
    CLIENT_SENT,
    ENGINE_CLOSED,
    Frame,
)

from layerfork.wire.http.http1 import Http1Tap
from layerfork.wire.http.messages import HttpError
from layerfork.wire.proxy.tap import ConnectionTap, UpgradeTaps


def replay(frames: Iterable[Frame], upgraded: UpgradeTaps) -> None:
    """Connections start as HTTP/1; those that are upgraded go to taps made by ``upgraded``."""
    play(frames, lambda: Http1Tap(lambda _: None, upgraded))


def play(frames: Iterable[Frame], new_tap: Callable[[], ConnectionTap]) -> None:
    """Every connection goes to a tap of its own; what is no HTTP/1 is lost, as it is to the proxy."""
    taps: dict[int, ConnectionTap | None] = {}
    for frame in frames:
        if frame.connection not in taps:
            taps[frame.connection] = new_tap()
        tap = taps[frame.connection]
        if tap is None:
            continue
        try:
            _show(frame, tap)
        except HttpError as error:
            tap.lost(str(error))
            taps[frame.connection] = None


def _show(frame: Frame, tap: ConnectionTap) -> None:
    if frame.kind == CLIENT_CLOSED:
        tap.client_closed()
    elif frame.kind == ENGINE_CLOSED:
        tap.engine_closed()
    elif frame.kind == CLIENT_SENT:
        tap.client_sent(memoryview(frame.data))
    else:
        tap.engine_sent(memoryview(frame.data))


def recut(frames: Iterable[Frame], sizes: Iterable[int]) -> Iterator[Frame]:
    """The same bytes in the same order, in pieces of other sizes; neighbours may be joined."""
    turns = iter(sizes)
    for frame in _joined(frames):
        if not frame.data:
            yield frame
        at = 0
        while at < len(frame.data):
            size = next(turns)
            yield Frame(kind=frame.kind, connection=frame.connection, data=frame.data[at : at + size])
            at += size


def _joined(frames: Iterable[Frame]) -> Iterator[Frame]:
    last: Frame | None = None
    for frame in frames:
        if (
            last
            and last.data
            and frame.data
            and (last.kind, last.connection) == (frame.kind, frame.connection)
        ):
            last = Frame(kind=frame.kind, connection=frame.connection, data=last.data + frame.data)
            continue
        if last is not None:
            yield last
        last = frame
    if last is not None:
        yield last
