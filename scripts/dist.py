"""Builds sdist and wheel twice, in places that share nothing but the files, and keeps them if they are equal.

    dist.py DIRECTORY

What git tracks is built, as it lies here. The second time the checkout has another path, umask and times, and
the wheel is made without the sdist. SOURCE_DATE_EPOCH is that of the newest commit unless it is set.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
UV = Path(sys.executable).with_name("uv")


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=TOP, check=True, capture_output=True, text=True)
    return [name for name in listed.stdout.split("\0") if name and (TOP / name).exists()]


def date_of_source() -> str:
    shown = ["git", "log", "-1", "--format=%ct"]
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    return given or subprocess.run(shown, cwd=TOP, check=True, capture_output=True, text=True).stdout.strip()


def build(names: list[str], place: Path, umask: int, date: str, kinds: tuple[tuple[str, ...], ...]) -> Path:
    """Copy the files to a place and build there; the directory with what came out."""
    before = os.umask(umask)
    try:
        for name in names:
            copy = place / "tree" / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(TOP / name, copy)
        for kind in kinds:
            argv = [UV, "build", "-q", *kind, "-o", place / "out", place / "tree"]
            subprocess.run(argv, check=True, env={**os.environ, "SOURCE_DATE_EPOCH": date})
    finally:
        os.umask(before)
    return place / "out"


def sums(directory: Path) -> dict[str, str]:
    files = [path for path in directory.iterdir() if path.suffix in (".whl", ".gz")]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(files)}


def main(target: Path) -> int:
    names, date = tracked(), date_of_source()
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory(prefix="elsewhere-") as other:
        built = build(names, Path(one), 0o022, date, ((),))
        again = build(names[::-1], Path(other), 0o077, date, (("--wheel",), ("--sdist",)))
        found, second = sums(built), sums(again)
        if found != second:
            sys.stderr.write(f"dist: two builds differ:\n  {found}\n  {second}\n")
            return 1
        target.mkdir(parents=True, exist_ok=True)
        for name, sha256 in found.items():
            shutil.copyfile(built / name, target / name)
            sys.stdout.write(f"{sha256}  {target / name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
