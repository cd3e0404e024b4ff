"""Broken input for everything that reads bytes of a socket or of a file: no crash, no hang, no growth."""

import faulthandler
import gc
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from fuzz.buildkit_cases import Seeds, mutate
from fuzz.fuzz_buildkit import one_case
from fuzz.import_cases import LEFT

from layerfork.builders.api import apianswers
from layerfork.builders.imports.recognition import import_bytes
from layerfork.context.ignore.containers_storage import storage_matcher
from layerfork.context.ignore.dockerode import _read_rules
from layerfork.context.ignore.ignorefile import read_containers_ignorefile, read_docker_ignorefile
from layerfork.context.ignore.moby import moby_matcher
from layerfork.context.ignore.python_clients import _read_stripped
from layerfork.dockerfile import BadSubstitutionError, expand, find_syntax, parse_dockerfile
from layerfork.errors import LayerforkError
from layerfork.record.store.recordfile import read_stored
from layerfork.record.visible import visible
from layerfork.wire.printed.logs import read_output
from layerfork.wire.redact import Redactor
from layerfork.wire.tar.decompress import Decompressor
from layerfork.wire.tar.tarstream import TarDecoder
from research.attacks.outcome import Outcome

Reader = Callable[[bytes, random.Random], object]
HANG_S = 1.0
"""Of the processor's time, for one input."""
MAY_GROW_BYTES = 96 << 20
WARM_UP = 2_000
_EXPECTED = (LayerforkError, BadSubstitutionError)
_NASTY = (
    *(
        b"[" * 3000,
        b"{" * 3000,
        b"${a:-" * 500,
        b"\\" * 3000,
        b"'" * 999,
        b'"' * 999,
        b" " * 5000,
        b"\n" * 5000,
    ),
    *(b"9" * 5000, b"<<A " * 200, b"*a" * 100, b"a." * 3000, b"token=" * 500, b"-----BEGIN " * 300),
    *(b"\xff\xfe", b"\x00" * 512, b"\x1b[2J", b"\xed\xa0\x80", b"%25" * 900, b"\\u0041" * 500),
)


def damaged(seed: bytes, rng: random.Random) -> bytes:
    """A seed with a few changes, at times one of them large."""
    data = bytearray(mutate(seed, rng))
    if rng.random() < 0.2:
        at = rng.randrange(len(data) + 1)
        data[at:at] = rng.choice(_NASTY)
    return bytes(data)


def readers(directory: Path) -> dict[str, tuple[list[bytes], Reader]]:
    """What reads, with inputs to start from; slow ones are chosen less often."""
    left = [path.read_bytes() for path in LEFT.iterdir() if path.is_file() and path.suffix != ".md"]
    files = [each for each in left if len(each) < 60_000]
    texts = [each for each in files if b"\x00" not in each]
    dockerfile = (
        b'# syntax=docker/dockerfile:1\n# escape=`\nARG A=1\nFROM alpine AS one\nENV B=${A:-x} C="a b"\n'
        b'RUN <<EOF\necho $B\nEOF\nCOPY --from=one --chown=1:2 a b /c/\nHEALTHCHECK CMD ["a", "b"]\n'
        b"ONBUILD RUN x\nLABEL a.b=c\n"
    )
    ignore = b"# c\n*.log\n!a/*.log\n**/x\n/b/[a-z]?\n\\#d\n"
    answer = b'{"Version":"1","ApiVersion":"1.45","Components":[{"Name":"a","Version":"b"}],"Id":"sha256:1"}'
    secret = b"RUN curl -u me:pass -H 'Authorization: Bearer abcdefghijklmnop' https://u:p@h/x?token=a&b=c\n"
    record_file = directory / "records.jsonl"
    header = b'{"schema":"layerfork/records/2"}\n{"complete":true,"records":0}\n'
    return {
        "Dockerfile": ([dockerfile], lambda data, _: parse_dockerfile(_text(data))),
        "words": ([dockerfile[80:140]], lambda data, _: expand(_text(data), {"A": "aaa", "B": "b" * 300})),
        "directives": ([dockerfile], lambda data, _: find_syntax(_text(data))),
        "ignore files": ([ignore], lambda data, _: _read_ignore(_text(data))),
        "engine's answers": ([answer], _read_answer),
        "texts with secrets": ([secret, dockerfile, *texts[:3]], _redact),
        "visible texts": ([secret], lambda data, _: visible(_text(data))),
        "tar": (_tars(), _read_tar),
        "compressed contexts": (files, _read_compressed),
        "logs": (texts, lambda data, _: read_output(_text(data), _text(data), layers=True)),
        "imports": (files, lambda data, _: import_bytes(data, b"key", 0.0)),
        "record files": ([header, *_compressed(header)], lambda data, _: _read_records(record_file, data)),
    }


def attack_inputs(count: int, seed: int) -> Outcome:
    """So many inputs over all readers; every fiftieth is BuildKit traffic, which takes longest."""
    with tempfile.TemporaryDirectory() as directory:
        return _attack(count, seed, readers(Path(directory)))


def _attack(count: int, seed: int, targets: dict[str, tuple[list[bytes], Reader]]) -> Outcome:
    outcome = Outcome(what=f"{count:,} broken inputs for {len(targets) + 1} readers")
    traffic = Seeds()
    names = list(targets)
    slowest, warm, hangs = (0.0, ""), 0, 0
    for number in range(count):
        if number % 1_000 == 0:
            faulthandler.dump_traceback_later(120, exit=True)  # a hang that never ends says where
        if number == min(WARM_UP, count // 2):
            warm = _resident_bytes()
        case = seed * 1_000_000_007 + number
        rng = random.Random(case)
        name = "BuildKit traffic" if number % 50 == 49 else names[number % len(names)]
        data = b"" if name == "BuildKit traffic" else damaged(rng.choice(targets[name][0]), rng)
        started = time.process_time()
        try:
            if name == "BuildKit traffic":
                one_case(case, traffic)
            else:
                targets[name][1](data, rng)
        except _EXPECTED:
            pass
        except Exception as error:
            outcome.failures.append(f"{name}, case {case}: {type(error).__name__}: {error}"[:300])
        seconds = time.process_time() - started
        slowest = max(slowest, (seconds, f"{name}, case {case}"))
        if seconds > HANG_S:
            hangs += 1
            outcome.failures.append(f"{name}, case {case}: {seconds:.1f} s")
    faulthandler.cancel_dump_traceback_later()
    grown = _resident_bytes() - warm
    if grown > MAY_GROW_BYTES:
        outcome.failures.append(f"memory grew by {grown >> 20} MiB")
    outcome.numbers = {
        "crashes": str(len(outcome.failures) - hangs - (grown > MAY_GROW_BYTES)),
        f"hangs over {HANG_S:.0f} s": str(hangs),
        "seconds the slowest took": f"{slowest[0]:.2f} ({slowest[1]})",
        "MiB of growth": str(max(grown, 0) >> 20),
    }
    return outcome


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _read_ignore(text: str) -> None:
    for read in (
        lambda: moby_matcher(read_docker_ignorefile(text)),
        lambda: storage_matcher(read_containers_ignorefile(text)),
        lambda: _read_stripped(text, "Dockerfile"),
        lambda: list(_read_rules(text)),
    ):
        try:
            read()
        except LayerforkError:
            continue


def _read_answer(data: bytes, rng: random.Random) -> None:
    kinds = [
        apianswers.Version,
        apianswers.Info,
        apianswers.Image,
        list[apianswers.ListedImage],
        apianswers.LoadLine,
    ]
    try:
        msgspec.json.decode(data, type=rng.choice(kinds))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return


def _redact(data: bytes, rng: random.Random) -> None:
    redactor = Redactor(b"key")
    text = _text(data)
    at = rng.randrange(len(text) + 1)
    redactor.hide("A_TOKEN", text[at : at + 40])
    redactor.clean(text)


def _read_tar(data: bytes, rng: random.Random) -> None:
    decoder = TarDecoder()
    for at in range(0, len(data), 4096):
        decoder.feed(memoryview(data)[at : at + 4096])
    decoder.close()


def _read_compressed(data: bytes, rng: random.Random) -> None:
    decoder = TarDecoder()
    body = Decompressor(decoder.feed)
    body.feed(memoryview(data))
    body.close()


def _read_records(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    for record in read_stored(path):
        record.whole()


def _compressed(data: bytes) -> list[bytes]:
    import zstandard

    return [zstandard.compress(data)]


def _tars() -> list[bytes]:
    import io
    import tarfile

    made = []
    for form in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=form) as archive:
            for name in ("a", "d" * 90 + "/" + "x" * 60, "ä"):
                info = tarfile.TarInfo(name)
                info.size = 3
                archive.addfile(info, io.BytesIO(b"abc"))
        made.append(out.getvalue())
    return made


def _resident_bytes() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
