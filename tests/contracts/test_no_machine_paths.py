"""What is kept of real builds names no place of the machine that made it."""

import gzip
import io
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from layerfork.record.store.blocks import numbered_lines

TESTS = Path(__file__).parents[1]
KEPT = (
    "corpus/records",
    "golden/records",
    "imports/left",
    "unit/research/mutations/regressions",
    "../docs/evidence",
)
CHECKOUT = TESTS.parent.resolve()
PLACES = [rb"/root/", rb"(?<!\d)/home/", rb"/tmp/(?!app\b|one\b|layerfork-run-|layerfork-0/)"]
"""Below ``/tmp`` those where `imports/make.sh` builds and where an engine has its socket are everybody's;
``/tmp/one`` lies in an image, and each numbered build of a run has a ``home``."""
if len(CHECKOUT.parts) > 2:  # ``/app`` may as well be a place in an image
    PLACES.append(re.escape(bytes(CHECKOUT)) + rb"\b")
MACHINE = re.compile(b"|".join(PLACES))


@pytest.mark.parametrize("folder", KEPT)
def test_records_name_no_place_of_a_machine(folder: str) -> None:
    files = sorted((TESTS / folder).glob("*.jsonl"))
    assert files
    lines = ((file.name, MACHINE.search(line)) for file in files for _, line in numbered_lines(file))
    assert [(name, found[0]) for name, found in lines if found] == []


def contents(archive: Path) -> Iterator[bytes]:
    """What an exported build history holds, unpacked: a compressed tar of files, some compressed again."""
    with tarfile.open(archive) as tar:
        for member in tar:
            if (file := tar.extractfile(member)) is not None:
                data = file.read()
                yield gzip.GzipFile(fileobj=io.BytesIO(data)).read() if data.startswith(b"\x1f\x8b") else data


def test_archives_name_no_place_of_a_machine() -> None:
    archives = sorted((TESTS / "imports" / "left").glob("*.dockerbuild"))
    assert len(archives) >= 8
    found = ((archive.name, MACHINE.search(data)) for archive in archives for data in contents(archive))
    assert [(name, hit[0]) for name, hit in found if hit] == []
