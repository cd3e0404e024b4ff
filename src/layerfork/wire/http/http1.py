"""Follows the HTTP/1 exchanges of one connection and hands it over when it leaves HTTP/1."""

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from layerfork.wire.http.messages import (
    NO_BODY,
    UNTIL_CLOSE,
    Framing,
    Head,
    HttpError,
    MessageStream,
    Sink,
    framing_of,
    ignore,
)
from layerfork.wire.proxy.tap import Bytes, ConnectionTap, Headers, UpgradeTaps

MAX_HELD_BYTES = 1 << 20
"""What may arrive before the answer to an upgrade, or before the request it belongs to."""
MAX_PENDING = 100
MAX_PENDING_BYTES = 2 << 20
"""Requests that wait for their answers, and their heads. Clients of engines send one at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestHead:
    """What a client asked for."""

    method: str
    path: str
    """As sent, without the query."""
    query: str
    headers: Headers


class Exchange(Protocol):
    """Follows one request and its answer, which may end before the request does.

    ``broken`` may come at any time before both are done, and nothing after it.
    """

    def request_data(self, data: memoryview) -> None: ...

    def request_done(self, *, whole: bool) -> None:
        """The body ended; not ``whole`` when the client closed the connection inside it."""

    def answered(self, status: int, headers: Headers) -> None:
        """The final status; interim ones are not shown."""

    def answer_data(self, data: memoryview) -> None: ...

    def answer_done(self) -> None: ...

    def broken(self, reason: str) -> None:
        """The connection ended or could not be followed before the answer was whole."""


ExchangeOpener = Callable[[RequestHead], Exchange | None]
"""What follows a request; None when its bodies are to be skipped."""


@dataclass(slots=True)
class _Pending:
    """A request whose answer is not whole yet."""

    head: RequestHead
    upgrade: bool
    exchange: Exchange | None
    answered: bool = False


class Http1Tap:
    """A tap for connections that start as HTTP/1, or with the HTTP/2 preface.

    Raises HttpError for anything else, after it has ended the open exchanges, and ignores what follows.
    """

    def __init__(self, open_exchange: ExchangeOpener, upgraded: UpgradeTaps) -> None:
        self._open_exchange = open_exchange
        self._upgraded = upgraded
        self._pending: deque[_Pending] = deque()
        self._pending_bytes = 0
        """Size of their heads, since none was pending."""
        self._sending: _Pending | None = None
        """The request whose body is on its way."""
        self._requests = MessageStream(self._on_request, self._on_request_end)
        self._answers = MessageStream(self._on_answer, self._on_answer_end)
        self._successor: ConnectionTap | None = None
        self._deaf = False
        self._held = bytearray()
        self._early = bytearray()
        """What the engine sent before any request."""

    def client_sent(self, data: Bytes) -> None:
        if self._successor is not None:
            self._successor.client_sent(data)
        elif not self._deaf:
            self._parse(self._requests, data)

    def engine_sent(self, data: Bytes) -> None:
        if self._successor is not None:
            self._successor.engine_sent(data)
        elif not self._deaf:
            if not self._pending and not self._answers.inside:
                self._hold(self._early, memoryview(data))
            else:
                self._parse(self._answers, data)

    def client_closed(self) -> None:
        if self._successor is not None:
            self._successor.client_closed()
        elif not self._deaf and not self._requests.close():
            sending, self._sending = self._sending, None
            if sending is not None and sending.exchange is not None:
                sending.exchange.request_done(whole=False)

    def engine_closed(self) -> None:
        if self._successor is not None:
            self._successor.engine_closed()
        elif not self._deaf:
            self._answers.close()
            self._fail("the engine closed the connection before its answer was complete")

    def lost(self, reason: str) -> None:
        if self._successor is not None:
            self._successor.lost(reason)
        else:
            self._fail(reason)

    def _parse(self, stream: MessageStream, data: Bytes) -> None:
        try:
            stream.feed(data)
        except HttpError as error:
            reason = f"not understood as HTTP: {error}"
            self._fail(reason)
            raise HttpError(reason) from error

    def _fail(self, reason: str) -> None:
        self._deaf = True
        pending = list(self._pending)
        if self._sending is not None and self._sending not in pending:
            pending.append(self._sending)
        self._pending.clear()
        self._sending = None
        self._held.clear()
        for each in pending:
            if each.exchange is not None:
                each.exchange.broken(reason)

    def _on_request(self, head: Head) -> tuple[Framing, Sink | None]:
        method, target = _request_line(head.start)
        if method == "PRI":
            self._hand_over("", ())
            self._give_client(memoryview(head.raw))
            self._requests.take_over(self._give_client)
            return NO_BODY, None
        if not self._pending:
            self._pending_bytes = 0
        if self._early:
            raise HttpError("an answer came before its request")
        path, _, query = target.partition("?")
        request = RequestHead(method=method, path=path, query=query, headers=head.headers)
        pending = _Pending(
            head=request,
            upgrade="upgrade" in head.tokens("connection") and bool(head.tokens("upgrade")),
            exchange=self._open_exchange(request),
        )
        self._pending.append(pending)
        self._pending_bytes += len(head.raw)
        if len(self._pending) > MAX_PENDING or self._pending_bytes > MAX_PENDING_BYTES:
            raise HttpError("too many requests wait for their answers")
        self._sending = pending
        sink = pending.exchange.request_data if pending.exchange is not None else None
        return framing_of(head, NO_BODY), sink

    def _on_request_end(self) -> None:
        pending, self._sending = self._sending, None
        if pending is None:
            return
        if pending.exchange is not None:
            pending.exchange.request_done(whole=True)
        if pending.upgrade and not pending.answered:
            self._requests.take_over(lambda data: self._hold(self._held, data))

    def _on_answer(self, head: Head) -> tuple[Framing, Sink | None]:
        status = _status(head.start)
        if not self._pending:
            raise HttpError("an answer without a request")
        pending = self._pending[0]
        if status == 101:
            self._pending.popleft()
            self._hand_over(pending.head.path, pending.head.headers)
            self._give_client(memoryview(bytes(self._held)))
            self._answers.take_over(self._give_engine)
            return NO_BODY, None
        if 100 <= status < 200:
            return NO_BODY, None
        pending.answered = True
        if pending.exchange is not None:
            pending.exchange.answered(status, head.headers)
        sink = pending.exchange.answer_data if pending.exchange is not None else None
        bodiless = pending.head.method == "HEAD" or status in (204, 304)
        framing = NO_BODY if bodiless else framing_of(head, UNTIL_CLOSE)
        if pending.upgrade and self._sending is not pending:
            self._refuse_upgrade(stays_http=framing != UNTIL_CLOSE)
        return framing, sink

    def _on_answer_end(self) -> None:
        if not self._pending or not self._pending[0].answered:
            return  # an interim answer
        pending = self._pending.popleft()
        if pending.exchange is not None:
            pending.exchange.answer_done()

    def _refuse_upgrade(self, *, stays_http: bool) -> None:
        """The engine did not switch. Old engines stream raw bytes after a 200 that has no length."""
        if not stays_http:
            self._requests.take_over(ignore)
            return
        held = bytes(self._held)
        self._held.clear()
        self._requests.resume()
        self._requests.feed(held)

    def _hand_over(self, path: str, headers: Headers) -> None:
        self._successor = self._upgraded(path, headers)
        self._deaf = self._successor is None
        self._give_engine(memoryview(bytes(self._early)))
        self._early.clear()

    def _give_client(self, data: memoryview) -> None:
        if self._successor is not None and data:
            self._successor.client_sent(data)

    def _give_engine(self, data: memoryview) -> None:
        if self._successor is not None and data:
            self._successor.engine_sent(data)

    def _hold(self, store: bytearray, data: memoryview) -> None:
        if len(store) + len(data) > MAX_HELD_BYTES:
            self._fail("too much data was sent out of turn")
            raise HttpError("too much data was sent out of turn")
        store += data


def _request_line(line: str) -> tuple[str, str]:
    fields = line.split(" ")
    if len(fields) != 3 or not fields[2].startswith("HTTP/"):
        raise HttpError("a malformed request line")
    return fields[0], fields[1]


def _status(line: str) -> int:
    fields = line.split(" ", 2)
    if len(fields) < 2 or not fields[0].startswith("HTTP/1.") or not re.fullmatch("[1-9][0-9]{2}", fields[1]):
        raise HttpError("a malformed status line")
    return int(fields[1])
