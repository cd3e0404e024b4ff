"""Floods over one connection, of both sides: the recorder keeps up, stays small, and says what it missed."""

import multiprocessing
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

from layerfork.builders.recording.decoders import Decoders
from layerfork.record.build import Builder
from layerfork.record.record import BuildOutcome, BuildRecord, BuildResult, ClientInfo
from layerfork.wire.http.http1 import Http1Tap
from layerfork.wire.redact import Redactor
from research.attacks.floods import ACCEPTOR, HTTP1_CLIENT, HTTP1_ENGINE, INITIATOR, PREFACE, SETUP, bundled
from research.attacks.outcome import Outcome

MAY_GROW_BYTES = 192 << 20
STALL_S = 1.0
"""Of the processor's time, for one read of 64 KiB: so long other connections wait."""
DEADLINE_S = 300.0
_WORK_S = 0.0001
"""What waits is decoded at once, a read at a time."""
_SWITCHED = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flood:
    """One connection: what both sides said before, who sends, and what."""

    name: str
    client: bytes
    engine: bytes
    from_client: bool
    sends: Callable[[], Iterator[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """What a flood did to the decoders."""

    bytes: int
    seconds: float
    stall_s: float
    grown_bytes: int
    fault: str = ""


def floods() -> tuple[Flood, ...]:
    """Every flood, over every connection that it can come over."""
    return (*_of_calls("/grpc", engine_calls=False), *_of_calls("/session", engine_calls=True), *_of_http())


def _of_calls(path: str, *, engine_calls: bool) -> Iterator[Flood]:
    """Floods over a connection that was upgraded, on which one of the sides calls."""
    asked = f"POST {path} HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n".encode()
    asked += b"X-Docker-Expose-Session-Uuid: s\r\n\r\n"
    calls, answers = PREFACE + SETUP, SETUP

    def flood(name: str, before: bytes, sends: Callable[[], Iterator[bytes]], *, by_caller: bool) -> Flood:
        first, second = calls + before, answers
        client, engine = (second, first) if engine_calls else (first, second)
        return Flood(
            name=f"{path}{'' if by_caller else ', answered'}: {name}",
            client=asked + client,
            engine=_SWITCHED + engine,
            from_client=by_caller is not engine_calls,
            sends=sends,
        )

    for name, sends in INITIATOR.items():
        yield flood(name, b"", sends, by_caller=True)
    for name, answer in ACCEPTOR.items():
        yield flood(name, answer()[0], partial(_second, answer), by_caller=False)


def _of_http() -> Iterator[Flood]:
    for name, sends in HTTP1_CLIENT.items():
        yield Flood(name=f"HTTP/1: {name}", client=b"", engine=b"", from_client=True, sends=sends)
    for name, answer in HTTP1_ENGINE.items():
        sends = partial(_second, answer)
        named = f"HTTP/1, answered: {name}"
        yield Flood(name=named, client=answer()[0], engine=b"", from_client=False, sends=sends)


def _second(answer: Callable[[], tuple[bytes, Iterator[bytes]]]) -> Iterator[bytes]:
    return answer()[1]


def attack_floods(size: int) -> Outcome:
    """So many MiB of every flood, each in a process of its own."""
    every = floods()
    outcome = Outcome(what=f"{len(every)} floods of {size} MiB")
    most, longest, slowest = 0, 0.0, float("inf")
    for flood in every:
        passed = alone(flood, size << 20)
        most, longest = max(most, passed.grown_bytes), max(longest, passed.stall_s)
        if passed.seconds and passed.bytes >= size << 20:  # of the others nothing is looked at soon
            slowest = min(slowest, passed.bytes / passed.seconds / 2**20)
        told = f"{flood.name}: {passed.grown_bytes >> 20} MiB, {passed.stall_s:.2f} s for a read"
        if passed.fault:
            outcome.failures.append(f"{flood.name}: {passed.fault}")
        elif passed.grown_bytes > MAY_GROW_BYTES or passed.stall_s > STALL_S:
            outcome.failures.append(told)
    outcome.numbers = {
        "MiB the largest growth": str(most >> 20),
        "s the longest of a read of 64 KiB": f"{longest:.2f}",
        "MiB/s the slowest that is followed to its end": f"{slowest:.1f}",
    }
    return outcome


def alone(flood: Flood, size: int) -> Passed:
    """A flood, with a process and its memory for itself."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=_report, args=(flood, size, theirs))
    process.start()
    theirs.close()
    try:
        if not ours.poll(DEADLINE_S):
            return Passed(bytes=0, seconds=DEADLINE_S, stall_s=DEADLINE_S, grown_bytes=0, fault="it hung")
        passed: Passed = ours.recv()
        return passed
    except EOFError:
        return Passed(bytes=0, seconds=0, stall_s=0, grown_bytes=0, fault="its process died")
    finally:
        process.kill()
        process.join()


def _report(flood: Flood, size: int, connection: Connection) -> None:
    try:
        connection.send(passed_by(flood, size))
    except Exception:
        fault = traceback.format_exc(limit=-3)
        connection.send(Passed(bytes=0, seconds=0, stall_s=0, grown_bytes=0, fault=fault))


def passed_by(flood: Flood, size: int) -> Passed:
    """What the decoders make of so many bytes of a flood, to the records in the end."""
    decoders = Decoders(Redactor(b"key"), _blank, lambda manifest: None)
    tap = decoders.tap(lambda: None)
    Path("/proc/self/clear_refs").write_text("5")
    before = _peak()
    work = partial(decoders.work, _WORK_S)
    gone = _fed(tap, work, (flood.client,), from_client=True)[2]
    gone = _fed(tap, work, (flood.engine,), from_client=False)[2] or gone
    decoders.work(1.0)
    count, stall = 0, 0.0
    started = time.process_time()
    if not gone:
        count, stall, gone = _fed(tap, work, _as_much(flood, size), from_client=flood.from_client)
    if not gone:
        tap.lost("cut")
    decoders.records(ClientInfo())
    return Passed(
        bytes=count,
        seconds=time.process_time() - started,
        stall_s=stall,
        grown_bytes=_peak() - before,
    )


def _as_much(flood: Flood, size: int) -> Iterator[bytes]:
    for chunk in bundled(flood.sends()):
        for at in range(0, len(chunk), 1 << 16):
            yield chunk[at : at + (1 << 16)]
        size -= len(chunk)
        if size <= 0:
            return


def _fed(
    tap: Http1Tap,
    work: Callable[[], bool],
    chunks: Iterator[bytes] | tuple[bytes, ...],
    *,
    from_client: bool,
) -> tuple[int, float, bool]:
    """How many bytes, the longest of one piece, and whether the tap gave up, as the proxy lets it."""
    feed = tap.client_sent if from_client else tap.engine_sent
    count, longest = 0, 0.0
    for chunk in chunks:
        begun = time.process_time()
        try:
            feed(memoryview(chunk))
        except Exception as error:
            tap.lost(type(error).__name__)
            return count, longest, True
        work()
        longest = max(longest, time.process_time() - begun)
        count += len(chunk)
    return count, longest, False


def _peak() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) << 10


def _blank(started_at: float, client: ClientInfo) -> BuildRecord:
    return BuildRecord(
        id="x",
        recorded_at="2026-01-01T00:00:00.000Z",
        layerfork="x",
        client=client,
        builder=Builder.CLASSIC,
        result=BuildResult(outcome=BuildOutcome.CUT),
    )
