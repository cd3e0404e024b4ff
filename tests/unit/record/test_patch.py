"""`git apply` and `patch -p1` make of the old file the new one, whatever it holds and is called."""

import shutil
import subprocess
from pathlib import Path

import pytest

from layerfork.record.fixing import FilePatch, unified

LONG = b"".join(b"line %d\n" % number for number in range(40))
CASES = {
    "changed": (b"a\nb\nc\n", b"a\nB\nc\n"),
    "new": (None, b".git\n"),
    "new, no last end": (None, b".git"),
    "emptied file grows": (b"", b"x\n"),
    "no last end before": (b"a\nb", b"a\nb\nc\n"),
    "no last end after": (b"a\nb\n", b"b\na"),
    "CRLF": (b"a\r\nb\r\n", b"b\r\na\r\n"),
    "not UTF-8": (b"\xff\n\x85\n\x0c\n", b"\xff\nx\n\x0c\n"),
    "two hunks": (LONG, LONG.replace(b"line 2\n", b"").replace(b"line 37\n", b"37\n")),
    "trailing blanks": (b"a  \n\n\tb\n", b"\n\tb\na  \n"),
}
NAMES = ("Dockerfile", "d/e f", 'quo"te\\', "ünï", "a\tb")


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("program", ["git", "patch"])
def test_what_is_applied_is_the_new_file(case: str, program: str, tmp_path: Path) -> None:
    before, after = CASES[case]
    apply(tmp_path, program, FilePatch(path="", name="Dockerfile", before=before, after=after))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("program", ["git", "patch"])
def test_any_name_is_found(name: str, program: str, tmp_path: Path) -> None:
    apply(tmp_path, program, FilePatch(path="", name=name, before=b"a\n", after=b"b\n"))


def apply(place: Path, program: str, patch: FilePatch) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    file = place / patch.name
    file.parent.mkdir(exist_ok=True)
    if patch.before is not None:
        file.write_bytes(patch.before)
    words = ["git", "apply", "-"] if program == "git" else ["patch", "-s", "--binary", "-p1"]
    done = subprocess.run(words, cwd=place, input=unified([patch]), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode() + unified([patch]).decode("utf-8", "replace")
    assert file.read_bytes() == patch.after


def test_nothing_changed_is_no_patch_but_its_head() -> None:
    same = FilePatch(path="", name="f", before=b"a\n", after=b"a\n")
    assert b"@@" not in unified([same])
