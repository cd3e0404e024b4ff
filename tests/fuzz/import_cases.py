"""Broken files that builds might have left behind: each case is made from one number."""

import gzip
import json
import random
import tarfile
from collections.abc import Callable
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from fuzz.buildkit_cases import mutate

LEFT = Path(__file__).parent.parent / "imports" / "left"
_ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    1 << 70,
    0.5,
    "",
    "sha256:",
    "\ud800",
    [],
    {},
    [[]],
    {"": {}},
    "step0:0",
)


class Files:
    """Real files to start from."""

    def __init__(self) -> None:
        paths = sorted(path for path in LEFT.iterdir() if path.suffix != ".md")
        self.all = [path.read_bytes() for path in paths if not path.name.endswith(".records.jsonl")]
        self.archives = [path.read_bytes() for path in paths if path.suffix == ".dockerbuild"]
        self.values = [json.loads(path.read_bytes()) for path in paths if path.suffix == ".json"]


def broken_file(files: Files, rng: random.Random) -> bytes:
    """Bytes of a real file with a few things wrong."""
    data = rng.choice(files.all)
    if data.startswith(b"\x1f\x8b") and rng.random() < 0.7:
        data = gzip.decompress(data)
    return mutate(data, rng)


def broken_value(files: Files, rng: random.Random) -> bytes:
    """Provenance with other values in some places."""
    value = json.loads(json.dumps(rng.choice(files.values)))
    for _ in range(rng.randrange(1, 6)):
        _spoil(value, rng)
    return json.dumps(value).encode()


def broken_archive(files: Files, rng: random.Random) -> bytes:
    """An archive whose blobs are damaged, lost or swapped, and found all the same."""
    members: dict[str, bytes] = {}
    with tarfile.open(fileobj=BytesIO(gzip.decompress(rng.choice(files.archives)))) as archive:
        for member in archive:
            file = archive.extractfile(member)
            if file is not None:
                members[member.name] = file.read()
    for name in rng.sample(sorted(members), rng.randrange(1, 4)):
        members[name] = _spoilt(members[name], rng)
    return _packed(_renamed(members), rng)


def lines_shuffled(files: Files, rng: random.Random) -> bytes:
    """Lines of several logs in one, in any order, with whatever a CI puts before them."""
    lines = [line for _ in range(rng.randrange(1, 4)) for line in rng.choice(files.all).split(b"\n")[:400]]
    if rng.random() < 0.5:
        rng.shuffle(lines)
    before = rng.choice((b"", b"2026-01-02T03:04:05.6789Z ", b"[a] ", b"a\tb\t", b"03:04:05 ", b"\x1b[0K"))
    return b"\n".join(before + line if rng.random() < 0.95 else line for line in lines)


def zipped(files: Files, rng: random.Random) -> bytes:
    """A zip of broken files, itself broken."""
    packed = BytesIO()
    with ZipFile(packed, "w") as archive:
        for number in range(rng.randrange(1, 4)):
            archive.writestr(f"{number}.txt", broken_file(files, rng))
    return mutate(packed.getvalue(), rng)


CASES: tuple[Callable[[Files, random.Random], bytes], ...] = (
    broken_file,
    broken_value,
    broken_archive,
    lines_shuffled,
    zipped,
)


def _spoil(value: Any, rng: random.Random) -> None:
    """Give one place inside a value another one."""
    while True:
        places = list(value) if isinstance(value, dict) else list(range(len(value)))
        if not places:
            return
        place = rng.choice(places)
        inner = value[place]
        if isinstance(inner, dict | list) and inner and rng.random() < 0.9:
            value = inner
            continue
        value[place] = json.loads(json.dumps(rng.choice(_ODD)))
        return


def _spoilt(data: bytes, rng: random.Random) -> bytes:
    try:
        value = json.loads(data)
    except ValueError:
        return mutate(data, rng)
    if not value or rng.random() < 0.3:
        return mutate(data, rng)
    _spoil(value, rng)
    return json.dumps(value).encode()


def _renamed(members: dict[str, bytes]) -> dict[str, bytes]:
    """Blobs under the digests that they have now; whatever names them follows, as far as it goes."""
    for _ in range(4):
        for name, data in list(members.items()):
            if name.startswith("blobs/sha256/"):
                old, new = name.rpartition("/")[2], sha256(data).hexdigest()
                if old != new:
                    del members[name]
                    members = {key: each.replace(old.encode(), new.encode()) for key, each in members.items()}
                    members[f"blobs/sha256/{new}"] = data
    return members


def _packed(members: dict[str, bytes], rng: random.Random) -> bytes:
    packed = BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, BytesIO(data))
    data = packed.getvalue()
    return gzip.compress(data) if rng.random() < 0.3 else data
