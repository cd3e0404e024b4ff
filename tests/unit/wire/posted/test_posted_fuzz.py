"""Recorded builds with damage: nothing but HttpError may come out, and neither time nor memory run away.

``LAYERFORK_FUZZ_SECONDS=600 pytest tests/unit/wire/posted/test_posted_fuzz.py`` goes on for ten minutes.
"""

import os
import random
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from transcripts.framed import Frame, read_transcript  # type: ignore[import-not-found,unused-ignore]
from transcripts.replay import play  # type: ignore[import-not-found,unused-ignore]

from layerfork.wire.http.http1 import Http1Tap
from layerfork.wire.http.messages import HttpError
from layerfork.wire.posted import ClassicWatcher, read_posted_build
from layerfork.wire.proxy.tap import Bytes
from layerfork.wire.redact import Redactor

FOLDER = Path(__file__).parents[3] / "transcripts"
SECONDS = float(os.environ.get("LAYERFORK_FUZZ_SECONDS", "3"))
LIMIT_S = 2.0
LIMIT_BYTES = 64 << 20


class Reporting(Http1Tap):
    """Does what the proxy does with a tap that raises."""

    def client_sent(self, data: Bytes) -> None:
        try:
            super().client_sent(data)
        except HttpError as error:
            self.lost(str(error))

    def engine_sent(self, data: Bytes) -> None:
        try:
            super().engine_sent(data)
        except HttpError as error:
            self.lost(str(error))


def damaged(frames: list[Frame], source: random.Random) -> Iterator[Frame]:
    """A few bytes changed, dropped, repeated or put in."""
    hits = {source.randrange(len(frames)) for _ in range(source.randint(1, 4))}
    for index, frame in enumerate(frames):
        data = bytearray(frame.data)
        if index in hits and data:
            for _ in range(source.randint(1, 6)):
                at = source.randrange(len(data) + 1)
                length = source.choice([1, 1, 2, 8, 100, 512])
                change = source.randrange(4)
                if change == 0:
                    data[at : at + 1] = bytes([source.randrange(256)])
                elif change == 1:
                    del data[at : at + length]
                elif change == 2:
                    data[at:at] = data[at : at + length]
                else:
                    data[at:at] = source.choice([b"\0", b"9", b"-1", b"\xff", b"\r\n", b"777777777777"])
                if not data:
                    break
        yield Frame(kind=frame.kind, connection=frame.connection, data=bytes(data))
        if index in hits and source.random() < 0.1:
            return


def decode(frames: Iterator[Frame]) -> None:
    watcher = ClassicWatcher(lambda entry: entry.name_bytes, clock=lambda: 1.0)
    play(frames, lambda: Reporting(watcher.open_exchange, lambda _path, _headers: None))
    redactor = Redactor(b"key")
    for build in watcher.close():
        assert not [gap for gap in read_posted_build(build, redactor).gaps if "decoder failed" in gap.what]


@pytest.mark.timeout(SECONDS + 120)
def test_damaged_builds() -> None:
    transcripts = [list(read_transcript(path).frames) for path in sorted(FOLDER.glob("classic-*.bin"))]
    start = time.monotonic()
    seed = 0 if "LAYERFORK_FUZZ_SECONDS" not in os.environ else random.randrange(1 << 48)
    tracemalloc.start()
    try:
        while time.monotonic() < start + SECONDS:
            seed += 1
            source = random.Random(seed)
            tracemalloc.reset_peak()
            before, began = tracemalloc.get_traced_memory()[0], time.process_time()
            try:
                decode(damaged(source.choice(transcripts), source))
            except Exception as error:
                raise AssertionError(f"seed {seed}") from error
            assert time.process_time() - began < LIMIT_S, f"seed {seed} takes too long"
            assert tracemalloc.get_traced_memory()[1] - before < LIMIT_BYTES, f"seed {seed} takes too much"
    finally:
        tracemalloc.stop()
