"""Ctrl-C before there is anything to end, and who may read what is written."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from layerfork.cli import call

CORPUS = Path(__file__).parents[2] / "corpus" / "records"
INTERRUPTED = """
import os, signal, sys

class Interrupts:
    left = int(sys.argv.pop(1))

    def find_spec(self, *names):
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGINT)

import layerfork.__main__
sys.meta_path.insert(0, Interrupts())
layerfork.__main__.main()
"""


@pytest.mark.parametrize("imported", [1, 2, 5, 20, 60])
def test_an_interrupt_while_loading_shows_no_traceback(imported: int) -> None:
    """At so many modules."""
    words = [sys.executable, "-c", INTERRUPTED, str(imported), "show", "/dev/null"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (130, "layerfork: interrupted\n")


def test_an_interrupt_that_is_ignored_stays_so() -> None:
    script = "import signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN)\n" + INTERRUPTED
    words = [sys.executable, "-c", script, "5", "--version"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0
    assert done.stdout.startswith("layerfork ")


def test_the_module_is_the_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "layerfork", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("layerfork ")


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o777])
def test_reports_are_for_the_user_alone(mask: int, tmp_path: Path) -> None:
    record = str(CORPUS / "classic-content.jsonl")
    files = [tmp_path / name for name in ("diff.html", "report.html")]
    kept = tmp_path / "kept.html"
    kept.touch()
    kept.chmod(0o644)
    before = os.umask(mask)
    try:
        call(["diff", f"{record}#1", f"{record}#2", "--report", f"html:{files[0]}"])
        call(["report", record, "--format", "html", "-o", str(files[1])])
        call(["report", record, "--format", "html", "-o", str(kept)])
    finally:
        os.umask(before)
    assert [stat.S_IMODE(each.stat().st_mode) for each in files] == [0o600] * 2
    assert stat.S_IMODE(kept.stat().st_mode) == 0o644, "who made it has said who may read it"
    assert all(each.stat().st_size for each in (*files, kept))


def test_a_signal_is_what_it_was_after_the_program_was_imported() -> None:
    """Whoever imports the command line without starting it keeps Python's own Ctrl-C."""
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
