"""Shell completion, in real shells."""

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from layerfork.cli import call

CAPTURE = "layerfork() { printf '\\n'; printf '<%s>' \"$@\"; printf '%s\\n' E''ND; }"
"""A function in place of the program: it says with which words it was called. Completion asks the program."""
PATIENCE_S = 30.0


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with record files and others, and `layerfork` on PATH."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "layerfork").write_text(
        f"#!{sys.executable}\nfrom layerfork.cli import main\nmain()\n", encoding="utf-8"
    )
    (programs / "layerfork").chmod(0o755)
    (programs / "my-build-tool").write_text("#!/bin/sh\n")
    work = tmp_path / "work"
    work.mkdir()
    for name in ("main.jsonl", "main.txt", "other.jsonl.zst"):
        (work / name).touch()
    (work / "context").mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    return work


class Terminal:
    """A shell that somebody types into."""

    def __init__(self, *argv: str) -> None:
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.execvp(argv[0], argv)
        self.seen = ""

    def type(self, text: str) -> None:
        os.write(self.descriptor, text.encode())

    def wait_for(self, text: str) -> str:
        """What was printed since the last call, up to this text."""
        end = time.monotonic() + PATIENCE_S
        while text not in self.seen:
            assert time.monotonic() < end, f"no {text!r} in {self.seen!r}"
            if select.select([self.descriptor], [], [], 1)[0]:
                self.seen += os.read(self.descriptor, 4096).decode(errors="replace")
        found, _, self.seen = self.seen.partition(text)
        return found

    def close(self) -> None:
        os.close(self.descriptor)
        os.waitpid(self.pid, 0)


@pytest.fixture
def terminal(place: Path, request: pytest.FixtureRequest) -> Iterator[Terminal]:
    argv, after = {
        "bash": (("bash", "--norc", "--noprofile", "-i"), ""),
        "zsh": (("zsh", "-f", "-i"), "autoload -U compinit; compinit -u -D; unsetopt zle_bracketed_paste;"),
    }[request.param]
    if shutil.which(argv[0]) is None:
        pytest.skip(f"{argv[0]} is not installed")
    opened = Terminal(*argv)
    opened.type(f"{after} eval \"$(layerfork completion {argv[0]})\"; {CAPTURE}; echo ready'.'\n")
    opened.wait_for("ready.")
    yield opened
    opened.type("\x03exit\n")
    opened.close()


CASES = {
    "layerfork chec\t\n": "<check>",
    "layerfork engines ge\t\n": "<engines><get>",
    "layerfork check --max-l\t3\n": "<check><--max-lost><3>",
    "layerfork run --engine private:28\t\n": "<run><--engine><private:28.5>",
    "layerfork run --client docker_py-build@4.4\t\n": "<run><--client><docker_py-build@4.4.4>",
    "layerfork check --allow base-con\t\n": "<check><--allow><base-config>",
    "layerfork explain ignore-ru\t\n": "<explain><ignore-rule>",
    "layerfork lint --ignore copy-before-i\t\n": "<lint><--ignore><copy-before-install>",
    "layerfork why --format sar\t\n": "<why><--format><sarif>",
    "layerfork show ma\t\n": "<show><main.jsonl>",
    "layerfork pack con\t\n": "<pack><context>",
    "layerfork record -o main.t\t-- my-bui\t\n": "<record><-o><main.txt><--><my-build-tool>",
}


@pytest.mark.shell
@pytest.mark.parametrize("terminal", ["bash", "zsh"], indirect=True)
def test_what_is_typed_with_a_tab_is_completed(terminal: Terminal) -> None:
    for typed, words in CASES.items():
        for part in typed.replace("\t", "\t\0").split("\0"):
            terminal.type(part)
            if part.endswith("\t"):
                time.sleep(0.1)
        got = terminal.wait_for("END\r\n").rpartition("\n")[2]
        assert got.replace("/>", ">") == words, typed


def test_bash_completes_a_value_behind_an_equals_sign(place: Path) -> None:
    assert offered("layerfork run --engine=private:28") == ["plain,28.5", "plain,28.5+containerd"]
    assert offered("layerfork why --format=js") == ["plain,json"]
    assert offered("layerfork run --client docker_py-build@4.4") == ["plain,@4.4.4"]


def test_a_broken_settings_file_does_not_matter(place: Path) -> None:
    (place / "layerfork.toml").write_text("[")
    assert offered("layerfork why --format js") == ["plain,json"]


def offered(line: str) -> list[str]:
    environment = {
        **os.environ,
        "COMP_WORDS": line,
        "COMP_WORDBREAKS": " \t\n\"'@><=;|&(:",
        "_LAYERFORK_COMPLETE": "bash_complete",
    }
    done = subprocess.run(["layerfork"], env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.shell
@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
def test_fish_offers_the_same_with_what_they_stand_for(place: Path) -> None:
    lines = [typed.partition("\t")[0] for typed in CASES]
    asked = "; ".join(f"complete -C {line!r}; echo ---" for line in lines)
    done = subprocess.run(
        ["fish", "--no-config", "-c", f"layerfork completion fish | source; {asked}"],
        capture_output=True,
        text=True,
        check=True,
    )
    answers = done.stdout.split("---\n")
    for line, words, answer in zip(lines, CASES.values(), answers, strict=False):
        wanted = words.strip("<>").split("><")[len(line.split()) - 2]
        assert wanted in [each.partition("\t")[0].rstrip("/") for each in answer.splitlines()], (line, answer)
    assert len(answers) == len(CASES) + 1


def test_an_unknown_shell_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["completion", "tcsh"]) == 2
    assert "'bash', 'zsh', 'fish'" in capsys.readouterr().err
