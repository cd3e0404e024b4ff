"""Exchanges generated from a model, written as HTTP/1 in every framing, cut and interleaved at random."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerfork.wire.http.http1 import Http1Tap, RequestHead
from layerfork.wire.http.messages import HttpError
from layerfork.wire.proxy.tap import Bytes, Headers

Cut = Callable[[bytes, Sequence[int]], Iterator[memoryview]]
SIZES = st.lists(st.integers(1, 400), min_size=1, max_size=6)
BODIES = st.builds(lambda text, times: text * times, st.binary(max_size=40), st.sampled_from([1, 20, 300]))
LENGTH, CHUNKED, NONE, CLOSE = "length", "chunked", "none", "close"


@dataclass
class Seen:
    """An exchange that keeps what it is shown."""

    request: RequestHead
    body: bytearray = field(default_factory=bytearray)
    answer: bytearray = field(default_factory=bytearray)
    status: int = 0
    events: list[str] = field(default_factory=list)

    def request_data(self, data: memoryview) -> None:
        self.body += data

    def request_done(self, *, whole: bool) -> None:
        self.events.append("request" if whole else "cut request")

    def answered(self, status: int, headers: Headers) -> None:
        self.status = status

    def answer_data(self, data: memoryview) -> None:
        self.answer += data

    def answer_done(self) -> None:
        self.events.append("answer")

    def broken(self, reason: str) -> None:
        self.events.append(reason)


class Raw:
    """A tap that takes over."""

    def __init__(self) -> None:
        self.client = bytearray()
        self.engine = bytearray()
        self.events: list[str] = []

    def client_sent(self, data: Bytes) -> None:
        self.client += data

    def engine_sent(self, data: Bytes) -> None:
        self.engine += data

    def client_closed(self) -> None:
        self.events.append("client")

    def engine_closed(self) -> None:
        self.events.append("engine")

    def lost(self, reason: str) -> None:
        self.events.append(reason)


@dataclass
class Watched:
    """A tap under test with everything that it handed on."""

    exchanges: list[Seen] = field(default_factory=list)
    handed_over: list[tuple[str, Headers, Raw]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tap = Http1Tap(self._open, self._take_over)

    def _open(self, request: RequestHead) -> Seen:
        self.exchanges.append(Seen(request))
        return self.exchanges[-1]

    def _take_over(self, path: str, headers: Headers) -> Raw:
        raw = Raw()
        self.handed_over.append((path, headers, raw))
        return raw


@dataclass(frozen=True)
class Message:
    body: bytes
    framing: str
    chunk: int = 7


@dataclass(frozen=True)
class Pair:
    method: str
    request: Message
    status: int
    answer: Message
    interim: bool


def written(start: str, message: Message, newline: bytes = b"\r\n") -> bytes:
    head = [start.encode(), b"Host: docker"]
    body = message.body
    if message.framing == LENGTH:
        head.append(b"content-length:%d" % len(body))
    elif message.framing == CHUNKED:
        head.append(b"Transfer-Encoding: Chunked")
        chunks = [body[at : at + message.chunk] for at in range(0, len(body), message.chunk)]
        body = b"".join(b"%x;ext=1\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
        body += b"000\r\nX-Trailer: yes\r\n\r\n"
    return newline.join(head) + newline * 2 + body


@st.composite
def pairs(draw: st.DrawFn) -> Pair:
    method = draw(st.sampled_from(["GET", "POST", "HEAD"]))
    request_framing = draw(st.sampled_from([LENGTH, CHUNKED, NONE]))
    status = draw(st.sampled_from([200, 204, 304, 400, 500]))
    bodiless = method == "HEAD" or status in (204, 304)
    framing = draw(st.sampled_from([LENGTH, CHUNKED, NONE] if bodiless else [LENGTH, CHUNKED]))
    return Pair(
        method=method,
        request=Message(
            b"" if request_framing == NONE else draw(BODIES), request_framing, draw(st.integers(1, 600))
        ),
        status=status,
        answer=Message(b"" if bodiless else draw(BODIES), framing, draw(st.integers(1, 600))),
        interim=draw(st.booleans()),
    )


def answer_bytes(pair: Pair) -> bytes:
    bodiless = pair.method == "HEAD" or pair.status in (204, 304)
    whole = written(f"HTTP/1.1 {pair.status} Some Reason", pair.answer)
    if bodiless:
        whole = whole[: whole.index(b"\r\n\r\n") + 4]
    return (b"HTTP/1.1 100 Continue\r\n\r\n" if pair.interim else b"") + whole


@given(st.lists(pairs(), max_size=6), SIZES, SIZES, st.booleans())
def test_pipelined_exchanges_in_any_pieces(
    cut: Cut, model: list[Pair], request_sizes: list[int], answer_sizes: list[int], closes: bool
) -> None:
    watched = Watched()
    requests = b"".join(written(f"{p.method} /v1.45/x?a=%20b HTTP/1.1", p.request) for p in model)
    answers = b"".join(map(answer_bytes, model))
    if closes and model:
        answers += answer_bytes(Pair("GET", Message(b"", NONE), 200, Message(b"till the end", CLOSE), False))
        requests += written("GET / HTTP/1.1", Message(b"", NONE), b"\n")
    for piece in cut(requests, request_sizes):
        watched.tap.client_sent(piece)
    for piece in cut(answers, answer_sizes):
        watched.tap.engine_sent(piece)
    watched.tap.client_closed()
    watched.tap.engine_closed()
    expected = [(p.method, p.request.body, p.status, p.answer.body) for p in model]
    if closes and model:
        expected.append(("GET", b"", 200, b"till the end"))
    seen = [(s.request.method, bytes(s.body), s.status, bytes(s.answer)) for s in watched.exchanges]
    assert seen == expected
    assert all(s.events == ["request", "answer"] for s in watched.exchanges)
    assert all(
        (s.request.path, s.request.query) in {("/v1.45/x", "a=%20b"), ("/", "")} for s in watched.exchanges
    )


def test_an_answer_that_ends_with_the_connection() -> None:
    watched = Watched()
    watched.tap.client_sent(b"GET /a HTTP/1.0\r\n\r\n")
    watched.tap.engine_sent(b"HTTP/1.0 200 OK\r\n\r\nhalf")
    watched.tap.engine_sent(b" and half")
    watched.tap.engine_closed()
    assert (bytes(watched.exchanges[0].answer), watched.exchanges[0].events) == (
        b"half and half",
        ["request", "answer"],
    )


def test_expect_continue() -> None:
    watched = Watched()
    watched.tap.client_sent(b"POST /build HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
    watched.tap.engine_sent(b"HTTP/1.1 100 Continue\r\n\r\n")
    watched.tap.client_sent(b"body")
    watched.tap.engine_sent(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert (bytes(watched.exchanges[0].body), watched.exchanges[0].status) == (b"body", 200)


def test_an_answer_before_the_request_is_whole() -> None:
    watched = Watched()
    watched.tap.client_sent(b"POST /build HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel")
    watched.tap.engine_sent(b"HTTP/1.1 400 Bad\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
    watched.tap.client_closed()
    watched.tap.engine_closed()
    assert watched.exchanges[0].events == ["answer", "cut request"]


UPGRADE = (
    b"POST /v1.45/grpc HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"
    b"X-Session: 1\r\nContent-Length: 0\r\n\r\n"
)


@given(SIZES, SIZES, st.booleans())
def test_an_upgraded_connection_is_handed_over(
    cut: Cut, client_sizes: list[int], engine_sizes: list[int], waits: bool
) -> None:
    watched = Watched()
    after, answer = b"PRI * HTTP/2.0 and more" * 9, b"HTTP/1.1 101 UPGRADED\r\nUpgrade: h2c\r\n\r\n"
    first = written("GET /_ping HTTP/1.1", Message(b"", NONE)) + UPGRADE
    ping = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"
    for piece in cut(first if waits else first + after, client_sizes):
        watched.tap.client_sent(piece)
    for piece in cut(ping + answer + b"settings", engine_sizes):
        watched.tap.engine_sent(piece)
    if waits:
        for piece in cut(after, client_sizes):
            watched.tap.client_sent(piece)
    watched.tap.engine_closed()
    watched.tap.client_closed()
    [(path, headers, raw)] = watched.handed_over
    assert path == "/v1.45/grpc"
    assert ("X-Session", "1") in headers
    assert (bytes(raw.client), bytes(raw.engine)) == (after, b"settings")
    assert raw.events == ["engine", "client"]
    assert bytes(watched.exchanges[0].answer) == b"OK"


@given(SIZES)
def test_a_connection_with_the_http2_preface_is_handed_over_from_its_first_byte(
    cut: Cut, sizes: list[int]
) -> None:
    watched = Watched()
    data = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(range(256))
    watched.tap.engine_sent(b"early")
    for piece in cut(data, sizes):
        watched.tap.client_sent(piece)
    watched.tap.engine_sent(b" settings")
    watched.tap.lost("stopped")
    [(path, headers, raw)] = watched.handed_over
    assert (path, headers, bytes(raw.client), bytes(raw.engine)) == ("", (), data, b"early settings")
    assert raw.events == ["stopped"]


def test_a_refused_upgrade_goes_on_as_http() -> None:
    watched = Watched()
    watched.tap.client_sent(UPGRADE + b"GET /next HTTP/1.1\r\n\r\n")
    watched.tap.engine_sent(b"HTTP/1.1 404 No\r\nContent-Length: 1\r\n\r\nx")
    watched.tap.engine_sent(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\ny")
    assert [s.status for s in watched.exchanges] == [404, 200]


def test_a_raw_stream_after_a_200_is_left_alone() -> None:
    watched = Watched()
    attach = UPGRADE.replace(b"h2c", b"tcp").replace(b"grpc", b"containers/x/attach")
    watched.tap.client_sent(attach)
    watched.tap.engine_sent(b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n$ ")
    watched.tap.client_sent(b"ls\n\n\n")
    watched.tap.engine_sent(b"file")
    watched.tap.engine_closed()
    assert watched.exchanges[0].events == ["request", "answer"]


@pytest.mark.parametrize(
    ("request_bytes", "answer"),
    [
        (b"\x16\x03\x01\x02\x00\x01\n\n", b""),
        (b"GET /\r\n\r\n", b""),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b""),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b""),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", b""),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n", b""),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxx\r\n", b""),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 5000, b""),
        (b"GET / HTTP/1.1\r\n" + b"a" * (1 << 21), b""),
        (b"GET / HTTP/1.1\r\n\r\n", b"HTTP/2 200\r\n\r\n"),
        (b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 2x0\r\n\r\n"),
        (b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 204 No\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"),
        (b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhal"),
    ],
)
def test_what_is_no_http_breaks_the_open_exchanges_once(request_bytes: bytes, answer: bytes) -> None:
    watched = Watched()
    with suppress(HttpError):
        watched.tap.client_sent(request_bytes)
        watched.tap.engine_sent(answer)
        watched.tap.engine_closed()
    watched.tap.client_closed()
    watched.tap.client_sent(b"GET / HTTP/1.1\r\n\r\n")
    assert len(watched.exchanges) <= 1
    for seen in watched.exchanges:
        assert seen.events[-1] == "answer" or "HTTP" in seen.events[-1] or "closed" in seen.events[-1]


def test_a_connection_that_is_no_http_is_reported() -> None:
    with pytest.raises(HttpError):
        Watched().tap.client_sent(b"\x16\x03\x01\x02\x00\x01\n\n")


@given(
    st.lists(
        st.tuples(st.booleans(), st.binary(max_size=60) | st.just(b"GET / HTTP/1.1\r\n\r\n")), max_size=12
    )
)
def test_garbage_is_reported_once(script: list[tuple[bool, bytes]]) -> None:
    watched = Watched()
    reports = 0
    for from_client, data in script:
        try:
            (watched.tap.client_sent if from_client else watched.tap.engine_sent)(data)
        except HttpError:
            reports += 1
    assert reports <= 1
    watched.tap.client_closed()
    watched.tap.engine_closed()
    watched.tap.lost("stopped")


def test_bodies_nobody_wants_are_skipped() -> None:
    tap = Http1Tap(lambda _: None, lambda _path, _headers: None)
    tap.client_sent(b"POST / HTTP/1.1\r\nContent-Length: 1000000000000\r\n\r\n")
    for _ in range(50):
        tap.client_sent(bytes(1 << 20))
    tap.client_closed()
    tap.engine_sent(b"HTTP/1.1 101 UPGRADED\r\n\r\nraw")
    tap.engine_sent(b"more")
    tap.engine_closed()
