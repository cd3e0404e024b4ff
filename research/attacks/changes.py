"""A tree that changes while `fix --apply` works on it: what somebody saves meanwhile is there afterwards."""

import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from layerfork.builders.engines import open_engine
from layerfork.builders.projectedits import check_editable, write_patches
from layerfork.errors import LayerforkError
from layerfork.record.fixing import FilePatch
from research.attacks.outcome import Outcome
from research.attacks.secrets import environment_of

LAYERFORK = (sys.executable, "-c", "from layerfork.cli import main; main()")
DOCKERFILE = "FROM alpine\nARG SHA\nRUN echo a\nRUN echo $SHA\n"
MINE = "FROM alpine\nRUN echo mine\n"
GIT = ("git", "-c", "user.name=user", "-c", "user.email=user@example.com", "-c", "commit.gpgsign=false")
RACE_S = 0.004
"""About as long as one edit takes."""
Change = Callable[[Path, Path], object]
"""Of the project's Dockerfile; the other path lies outside of the project."""


def _saved(file: Path, outside: Path) -> None:
    new = file.with_name("saved")
    new.write_text(MINE)
    new.replace(file)


def _linked(file: Path, to: Path) -> None:
    new = file.with_name("saved")
    new.symlink_to(to)
    new.replace(file)


def _behind_a_link(file: Path, outside: Path) -> None:
    """The directory becomes a link to one that lies outside, with the same files."""
    shutil.copytree(file.parent, outside.parent / "moved")
    file.parent.rename(outside.parent / "before")
    file.parent.symlink_to(outside.parent / "moved")


def _directory(file: Path, outside: Path) -> None:
    file.unlink()
    file.mkdir()
    (file / "mine").write_text(MINE)


def _pipe(file: Path, outside: Path) -> None:
    file.unlink()
    os.mkfifo(file)


CHANGES: dict[str, Change] = {
    "saved": _saved,
    "written in place": lambda file, outside: file.write_text(MINE),
    "deleted": lambda file, outside: file.unlink(),
    "a link to the same text outside": _linked,
    "a link to nothing": lambda file, outside: _linked(file, outside.parent / "nothing"),
    "a directory": _directory,
    "read-only": lambda file, outside: file.chmod(0o444),
    "a pipe": _pipe,
    "its directory a link": _behind_a_link,
}
_AT_ONCE = ("saved", "deleted", "a link to the same text outside", "a link to nothing")
"""Changes that are one operation: either side of ours."""


def attack_changes(count: int, seed: int) -> Outcome:
    """So many races of one edit with one change; and each change once between the proof and the edit."""
    outcome = Outcome(what=f"{count:,} races, and {len(CHANGES)} changes during fix --apply")
    rng = random.Random(seed)
    refused = sum(_race(outcome, f"seed {seed}, race {number}", rng) for number in range(count))
    said = sum(_fixes(outcome))
    outcome.numbers = {
        "lost": str(len(outcome.failures)),
        "races in which the edit was refused": str(refused),
        "changes that were said": str(said),
    }
    return outcome


def _race(outcome: Outcome, where: str, rng: random.Random) -> bool:
    """Edit a file while somebody changes it once; whether the edit was refused."""
    name = rng.choice(_AT_ONCE)
    with tempfile.TemporaryDirectory(prefix="lfa-") as directory:
        file, outside = Path(directory, "project", "Dockerfile"), Path(directory, "outside")
        file.parent.mkdir()
        file.write_text(DOCKERFILE)
        outside.write_text(DOCKERFILE)
        patch = FilePatch(path=str(file), name=file.name, before=DOCKERFILE.encode(), after=b"FROM ours\n")
        changing = threading.Timer(rng.uniform(0, RACE_S), CHANGES[name], (file, outside))
        changing.start()
        refused = False
        try:
            check_editable([patch], file.parent, force=True)
            write_patches([patch], file.parent)
        except LayerforkError:
            refused = True
        changing.join()
        outcome.failures += [f"{where}: {name}: {lost}" for lost in _lost(name, file, outside)]
    return refused


def _lost(name: str, file: Path, outside: Path) -> Iterator[str]:
    """What somebody did that is not there any more."""
    if outside.read_text() != DOCKERFILE:
        yield "the file outside was edited"
    if name == "saved" and file.read_text() != MINE:
        yield f"holds {file.read_text()!r}"
    if name == "deleted" and os.path.lexists(file):
        yield "is there again"
    if "link to" in name and not file.is_symlink():
        yield "is no link any more"
    left = sorted(each.name for each in file.parent.iterdir() if each.name not in (".git", "a", file.name))
    if left:
        yield f"left {left}"


def _fixes(outcome: Outcome) -> Iterator[bool]:
    """`fix --apply` on a real engine, with each change while it builds; whether it was said."""
    with open_engine("private").start(os.environ, lambda line: None) as engine:
        for number, (name, change) in enumerate(CHANGES.items()):
            with tempfile.TemporaryDirectory(prefix="lfa-", dir="/tmp") as directory:
                place = Path(directory)
                env = {
                    **environment_of("buildkit", engine, place / "docker"),
                    "XDG_STATE_HOME": str(place / "state"),
                    "TMPDIR": directory,
                }
                file, outside = _project(place)
                for value in ("1", "2"):
                    build = ("docker", "build", "--build-arg", f"SHA={number}{value}", ".")
                    _run(("why", "--engine", "host", "--", *build), file.parent, env)
                code, said = _fixed(file, outside, env, change)
                failed = [*_untouched(name, file, outside)]
                if code not in (0, 1) or "Traceback" in said:
                    failed.append(f"ended with {code}")
                outcome.failures += [f"fix --apply, {name}: {each}: {said[-400:]}" for each in failed]
                yield code == 1


def _project(place: Path) -> tuple[Path, Path]:
    project, outside = place / "project", place / "outside"
    project.mkdir()
    (project / "Dockerfile").write_text(DOCKERFILE)
    outside.write_text(DOCKERFILE)
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "all")):
        subprocess.run([*GIT, *words], cwd=project, check=True, capture_output=True)
    return project / "Dockerfile", outside


def _run(words: tuple[str, ...], cwd: Path, env: Mapping[str, str]) -> None:
    subprocess.run([*LAYERFORK, *words], cwd=cwd, env=env, check=False, capture_output=True, timeout=300)


def _fixed(file: Path, outside: Path, env: Mapping[str, str], change: Change) -> tuple[int, str]:
    """Change the tree as soon as the last build of the proof begins."""
    process = subprocess.Popen(
        [*LAYERFORK, "fix", "--apply", "--engine", "host"],
        cwd=file.parent,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said = []
    with _ended(process):
        for line in process.stdout:
            said.append(line)
            if "[2/2]" in line:
                change(file, outside)
    return process.returncode, "".join(said)


@contextmanager
def _ended(process: "subprocess.Popen[str]") -> Iterator[None]:
    deadline = threading.Timer(300, process.kill)
    deadline.start()
    try:
        with process:
            yield
    finally:
        deadline.cancel()


def _untouched(name: str, file: Path, outside: Path) -> Iterator[str]:
    yield from _lost(name, file, outside)
    if name == "written in place" and file.read_text() != MINE:
        yield f"holds {file.read_text()!r}"
    if name == "a directory" and (file / "mine").read_text() != MINE:
        yield "what the directory held is lost"
    if name == "read-only" and file.read_text() != DOCKERFILE:
        yield "was edited"
    if name == "a pipe" and not file.is_fifo():
        yield "is no pipe any more"
    if name == "its directory a link" and (outside.parent / "moved" / file.name).read_text() != DOCKERFILE:
        yield "was edited outside"
