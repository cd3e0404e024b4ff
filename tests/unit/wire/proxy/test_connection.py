"""The proxy over real sockets: what one side sends the other receives, whatever happens."""

import contextlib
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerfork.errors import EngineError
from layerfork.wire.proxy.connection import READ_BYTES
from layerfork.wire.proxy.listener import Proxy
from layerfork.wire.proxy.tap import Bytes

WAIT_S = 20.0


class Copy:
    """A tap that keeps everything."""

    def __init__(self) -> None:
        self.client = bytearray()
        self.engine = bytearray()
        self.events: list[str] = []

    def client_sent(self, data: Bytes) -> None:
        self.client += data

    def engine_sent(self, data: Bytes) -> None:
        self.engine += data

    def client_closed(self) -> None:
        self.events.append("client closed")

    def engine_closed(self) -> None:
        self.events.append("engine closed")

    def lost(self, reason: str) -> None:
        self.events.append(reason)


class Fails(Copy):
    """A tap that cannot decode."""

    def client_sent(self, data: Bytes) -> None:
        raise KeyError("no such thing")


@contextmanager
def proxied(
    serve: Callable[[socket.socket], None] | None, make_tap: Callable[[], Copy] = Copy
) -> Iterator[tuple[Proxy, list[Copy]]]:
    """A proxy in front of an engine that serves each connection in a thread; None: no engine."""
    taps: list[Copy] = []

    def new_tap() -> Copy:
        taps.append(make_tap())
        return taps[-1]

    with TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX) as listener:
        engine = Path(directory, "engine.sock")
        if serve is not None:
            listener.bind(str(engine))
            listener.listen()
            acceptor = threading.Thread(target=accept_all, args=(listener, serve), daemon=True)
            acceptor.start()
        with Proxy(Path(directory, "proxy.sock"), engine, new_tap, verify=True) as proxy:
            yield proxy, taps
        assert not proxy.listen.exists()
        if serve is not None:
            listener.shutdown(socket.SHUT_RDWR)
            acceptor.join(WAIT_S)


def accept_all(listener: socket.socket, serve: Callable[[socket.socket], None]) -> None:
    """Serve until the listener is shut down, and then until every connection has ended."""
    threads: list[threading.Thread] = []
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            break
        threads.append(threading.Thread(target=run_and_close, args=(connection, serve), daemon=True))
        threads[-1].start()
    for thread in threads:
        thread.join(WAIT_S)


def run_and_close(connection: socket.socket, serve: Callable[[socket.socket], None]) -> None:
    with connection:
        serve(connection)


@contextmanager
def connected(proxy: Proxy) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(WAIT_S)
        client.connect(str(proxy.listen))
        yield client


def read_all(sock: socket.socket, step: int = 65536) -> bytes:
    received = bytearray()
    while data := sock.recv(step):
        received += data
    return bytes(received)


def echo(sock: socket.socket) -> None:
    while data := sock.recv(65536):
        sock.sendall(data)


def talk(sock: socket.socket, pieces: list[bytes], reads: int, received: bytearray) -> None:
    """Send the pieces and half-close, while reading in steps of ``reads`` bytes until the end."""

    def send() -> None:
        for piece in pieces:
            sock.sendall(piece)
        sock.shutdown(socket.SHUT_WR)

    sender = threading.Thread(target=send)
    sender.start()
    received += read_all(sock, reads)
    sender.join()


PIECES = st.lists(
    st.tuples(st.binary(min_size=1, max_size=5), st.sampled_from([1, 300, 70_000, 200_000])), max_size=5
)
READS = st.sampled_from([100_000, 4096, 700])


@settings(max_examples=40, deadline=None)
@given(PIECES, PIECES, READS, READS)
def test_both_sides_receive_what_the_other_sent(
    client_script: list[tuple[bytes, int]],
    engine_script: list[tuple[bytes, int]],
    slow_client: int,
    slow_engine: int,
) -> None:
    to_engine = [text * times for text, times in client_script]
    to_client = [text * times for text, times in engine_script]
    at_engine, at_client = bytearray(), bytearray()
    with proxied(lambda sock: talk(sock, to_client, slow_engine, at_engine)) as (proxy, taps):
        with connected(proxy) as client:
            talk(client, to_engine, slow_client, at_client)
        assert proxy.wait_idle(WAIT_S)
    assert bytes(at_engine) == b"".join(to_engine) == bytes(taps[0].client)
    assert bytes(at_client) == b"".join(to_client) == bytes(taps[0].engine)
    [facts] = proxy.connections
    assert facts.transparent
    assert facts.problem == ""
    assert (facts.client_bytes, facts.engine_bytes) == (len(at_engine), len(at_client))
    assert sorted(taps[0].events) == ["client closed", "engine closed"]
    assert facts.problem == ""


def test_a_half_close_reaches_the_engine_while_the_answer_is_still_to_come() -> None:
    def answers_at_the_end(sock: socket.socket) -> None:
        sock.sendall(b"%d bytes" % len(read_all(sock)))

    with proxied(answers_at_the_end) as (proxy, _), connected(proxy) as client:
        client.sendall(b"x" * 1000)
        client.shutdown(socket.SHUT_WR)
        assert read_all(client) == b"1000 bytes"


def test_an_engine_that_answers_and_goes_during_the_upload_is_still_heard() -> None:
    def refuses(sock: socket.socket) -> None:
        sock.recv(10)
        sock.sendall(b"refused")

    with proxied(refuses) as (proxy, taps):
        with connected(proxy) as client:
            client.sendall(b"x" * 10)
            with pytest.raises(OSError, match=r"Broken pipe|reset"):
                client.sendall(bytes(100 << 20))
            assert client.recv(100) == b"refused"
        assert proxy.wait_idle(WAIT_S)
    assert bytes(taps[0].engine) == b"refused"


def test_a_client_that_disappears_ends_the_engine_s_connection() -> None:
    gone = threading.Event()

    def streams(sock: socket.socket) -> None:
        try:
            while True:
                sock.sendall(b"line\n" * 1000)
        except OSError:
            gone.set()

    with proxied(streams) as (proxy, taps):
        with connected(proxy) as client:
            client.sendall(b"GET")
            client.recv(10)
        assert gone.wait(WAIT_S)
        assert proxy.wait_idle(WAIT_S)
    assert "client closed" in taps[0].events
    [facts] = proxy.connections
    assert facts.transparent


def test_a_slow_reader_stops_the_sender() -> None:
    sent = 0
    blocked = threading.Event()

    def floods(sock: socket.socket) -> None:
        nonlocal sent
        sock.settimeout(0.5)
        try:
            while sent < 256 << 20:
                sent += sock.send(bytes(1 << 20))
        except TimeoutError:
            blocked.set()

    with proxied(floods) as (proxy, taps):
        with connected(proxy) as client:
            assert client.recv(1) == b"\0"
            assert blocked.wait(WAIT_S)
            read_all(client)
        proxy.wait_idle(WAIT_S)
    assert sent < 32 << 20
    assert len(taps[0].engine) == sent


def test_a_failing_tap_disturbs_nothing() -> None:
    with proxied(echo, Fails) as (proxy, taps):
        with connected(proxy) as client:
            for _ in range(3):
                client.sendall(b"hello")
                assert client.recv(5) == b"hello"
        assert proxy.wait_idle(WAIT_S)
    [facts] = proxy.connections
    assert facts.problem == "the decoder failed: KeyError"
    assert taps[0].events == [facts.problem]
    assert facts.transparent


def test_no_engine() -> None:
    with proxied(None) as (proxy, taps):
        with connected(proxy) as client:
            assert client.recv(1) == b""
        assert proxy.wait_idle(WAIT_S)
        [facts] = proxy.connections
        assert facts.problem.startswith("cannot reach the engine: ")
    assert taps == []


def test_a_slow_way_to_the_engine_holds_up_nobody_else() -> None:
    far, near = threading.Event(), socket.socketpair()
    quick = socket.socketpair()
    ways = iter([(far, near[0]), (None, quick[0])])

    def connect() -> socket.socket:
        arrived, sock = next(ways)
        assert arrived is None or arrived.wait(WAIT_S)
        return sock

    with TemporaryDirectory() as directory, Proxy(Path(directory, "s"), connect, Copy, verify=True) as proxy:
        with connected(proxy) as waiting, connected(proxy) as served:
            served.sendall(b"first")
            assert quick[1].recv(100) == b"first"
            assert not proxy.wait_idle(0.05)
            waiting.sendall(b"second")
            far.set()
            assert near[1].recv(100) == b"second"
        quick[1].close()
        near[1].close()
        assert proxy.wait_idle(WAIT_S)
    assert all(facts.transparent and not facts.problem for facts in proxy.connections)


def test_an_engine_that_accepts_nobody_for_a_while_holds_up_nobody_else(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener, contextlib.ExitStack() as open_to_the_end:
        listener.bind(str(tmp_path / "engine"))
        listener.listen(0)
        with Proxy(tmp_path / "proxy", tmp_path / "engine", Copy, verify=True) as proxy:
            served = open_to_the_end.enter_context(connected(proxy))
            served.sendall(b"first")
            engine = open_to_the_end.enter_context(listener.accept()[0])
            assert engine.recv(100) == b"first"
            waiting = [open_to_the_end.enter_context(connected(proxy)) for _ in range(3)]
            for each in waiting:
                each.sendall(b"later")
            for _ in range(3):
                engine.sendall(b"answer")
                assert served.recv(100) == b"answer"
            for each in waiting:
                each.settimeout(0.05)
                with pytest.raises(TimeoutError):
                    each.recv(1)
                each.settimeout(WAIT_S)
            for _ in waiting:
                late = open_to_the_end.enter_context(listener.accept()[0])
                assert late.recv(100) == b"later"
            open_to_the_end.close()
            assert proxy.wait_idle(WAIT_S)
        assert not any(facts.problem for facts in proxy.connections)


def test_a_fault_of_ours_ends_all_connections_and_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*_: object) -> None:
        raise KeyError("a bug")

    def use() -> None:
        with proxied(echo) as (proxy, _), connected(proxy) as client:
            client.sendall(b"hello")
            assert client.recv(5) == b"hello"
            monkeypatch.setattr(Proxy, "_advance", wrong)
            with contextlib.suppress(OSError):
                client.sendall(b"again")
                assert client.recv(5) == b""
            with pytest.raises(OSError, match="refused"), connected(proxy):
                pass

    with pytest.raises(KeyError, match="a bug"):
        use()


def test_many_connections_at_once() -> None:
    with proxied(echo) as (proxy, taps):
        clients = [socket.socket(socket.AF_UNIX) for _ in range(60)]
        for number, client in enumerate(clients):
            client.connect(str(proxy.listen))
            client.sendall(b"%d" % number)
        for number, client in enumerate(clients):
            assert client.recv(10) == b"%d" % number
            client.close()
        assert proxy.wait_idle(WAIT_S)
    assert len(proxy.connections) == len(taps) == 60


def test_stopping_tells_the_taps_of_open_connections() -> None:
    client = socket.socket(socket.AF_UNIX)
    with client:
        with proxied(echo) as (proxy, taps):
            client.connect(str(proxy.listen))
            client.sendall(b"x")
            client.recv(1)
            assert not proxy.wait_idle(0.01)
        assert taps[0].events == ["the recorder was stopped"]
        assert client.recv(1) == b""


def test_idle_work_is_done_while_nothing_passes(tmp_path: Path) -> None:
    left = 5
    done = threading.Event()

    def work(seconds: float) -> bool:
        nonlocal left
        left -= 1
        if not left:
            done.set()
        return left > 0

    with Proxy(tmp_path / "p.sock", tmp_path / "none.sock", Copy, idle=work) as proxy:
        assert not done.wait(0.05), "nothing has passed yet"
        with connected(proxy) as client:
            client.recv(1)
        assert done.wait(WAIT_S)


def test_failing_idle_work_disturbs_nothing(tmp_path: Path) -> None:
    def work(seconds: float) -> bool:
        raise KeyError("no such thing")

    with Proxy(tmp_path / "p.sock", tmp_path / "none.sock", Copy, idle=work) as proxy:
        for _ in range(2):
            with connected(proxy) as client:
                assert client.recv(1) == b""
            threading.Event().wait(0.05)
    assert [facts.problem for facts in proxy.connections if "decoder" in facts.problem] == [
        "the decoder failed: KeyError"
    ]


def test_the_socket_is_private(tmp_path: Path) -> None:
    with Proxy(tmp_path / "p.sock", tmp_path / "none.sock", Copy) as proxy:
        assert stat.S_IMODE(proxy.listen.stat().st_mode) == 0o600
    assert not proxy.listen.exists()


def test_a_place_where_no_socket_can_be(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="cannot listen"), Proxy(tmp_path / "x" / "p.sock", tmp_path, Copy):
        pass
    with pytest.raises(EngineError, match="cannot listen"), Proxy(tmp_path / ("x" * 120), tmp_path, Copy):
        pass


def test_an_engine_on_tcp() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, TemporaryDirectory() as directory:
        threading.Thread(target=accept_all, args=(listener, echo), daemon=True).start()
        with Proxy(Path(directory, "p.sock"), listener.getsockname()[:2], Copy) as proxy:
            with connected(proxy) as client:
                client.sendall(b"x" * READ_BYTES * 3)
                client.shutdown(socket.SHUT_WR)
                assert len(read_all(client)) == READ_BYTES * 3
            assert proxy.wait_idle(WAIT_S)
        listener.shutdown(socket.SHUT_RDWR)
