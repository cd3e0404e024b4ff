"""Record files that no layerfork wrote: an error that names them, soon, in bounded memory."""

from pathlib import Path

import pytest
import zstandard

from layerfork.app.experiment.earlierrun import read_earlier
from layerfork.errors import EvidenceError
from layerfork.record.store import blocks as lines
from layerfork.record.store.recordfile import read_records, read_stored

HEADER = b'{"schema":"layerfork/records/2"}\n'
FOOTER = b'{"complete":true,"records":0}\n'
DEEP = b"[" * 200_000 + b"]" * 200_000
RECORD = b'{"id":"1","recorded_at":"","builder":"classic","result":{"outcome":"failed"}'
BLOCK = b'{"block":{"context":0},"entries":[]}' + b" " * 1000 + b"\n"
FILES = {
    "nothing": b"",
    "zeros": bytes(1 << 20),
    "a long line": b"x" * (1 << 20),
    "a deep header": b'{"schema":"layerfork/records/2","x":' + DEEP + b"}\n" + FOOTER,
    "a deep record": HEADER + RECORD + b',"x":' + DEEP + b"}\n" + FOOTER,
    "a deep block": HEADER + b'{"block":{"context":0},"entries":' + DEEP + b"}\n" + RECORD + b"}\n" + FOOTER,
    "a deep footer": HEADER + b'{"complete":true,"records":0,"x":' + DEEP + b"}\n",
    "a deep note": HEADER + b'{"note":' + DEEP + b"}\n" + RECORD + b"\n",
    "a block without its end": HEADER + b'{"block":{"context":0}\n' + RECORD + b"}\n" + FOOTER,
    "no UTF-8": HEADER + b'{"id":"\xff"}\n' + FOOTER,
    "a cut frame": zstandard.compress(HEADER + FOOTER)[:-3],
    "two frames, one of noise": zstandard.compress(HEADER) + b"\x28\xb5\x2f\xfd" + b"\xff" * 100,
}


def read_whole(path: Path) -> None:
    for record in read_stored(path):
        record.whole()


@pytest.mark.parametrize("data", FILES.values(), ids=FILES)
def test_it_is_named(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file.jsonl"
    path.write_bytes(data)
    with pytest.raises(EvidenceError) as caught:
        read_whole(path)
    assert len(str(caught.value)) < 1000


def test_a_note_of_an_earlier_run_that_is_deep(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    path.write_bytes(HEADER + b'{"note":' + DEEP + b"}\n" + FOOTER)
    with pytest.raises(EvidenceError, match="damaged"):
        read_earlier(path)


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/urandom", "/dev/full"])
def test_a_device_without_end(device: str) -> None:
    with pytest.raises(EvidenceError, match=device):
        read_records(Path(device))


def test_a_file_that_grows_when_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "LONGEST_LINE", 1 << 20)
    monkeypatch.setattr(lines, "MOST_BYTES", 8 << 20)
    one_line, many = tmp_path / "one", tmp_path / "many"
    one_line.write_bytes(zstandard.compress(HEADER + b" " * (64 << 20)))
    many.write_bytes(zstandard.compress(HEADER + BLOCK * 60_000))
    for path in (one_line, many):
        with pytest.raises(EvidenceError, match="too long to be read"):
            read_records(path)
