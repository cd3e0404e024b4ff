"""The everyday busts on a real engine: the answer names the culprit, and what it says to do heals.

docs/everyday.md holds the first three lines of each answer; ``LAYERFORK_REWRITE_GOLDEN=1`` writes them.
"""

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from engines.everyday import BUSTS, NODE, Bust, make_context
from fixing import apply_edits
from today import part_of_today

from layerfork.app.records import list_stored
from layerfork.app.why import explain_builds
from layerfork.builders.clients import CLIENTS
from layerfork.builders.engines import RunningEngine, open_engine
from layerfork.builders.environments.installing import ensure_environment
from layerfork.record.answer import Answer
from layerfork.record.record import StepStatus
from layerfork.record.run import DiffReport
from layerfork.report.rendering import Look
from layerfork.report.text.answer import first_lines

pytestmark = pytest.mark.engine
DOCS = Path(__file__).parents[2] / "docs" / "everyday.md"
SETFATTR = """\
#!/usr/bin/env python3
import os, sys
option, name, path = sys.argv[1:]
assert option == "-x"
os.removexattr(path, name)
"""
"""Stands for the program of Debian's package attr where that is not installed."""


@pytest.fixture(scope="module")
def engine() -> Iterator[RunningEngine]:
    """With a store that can export a cache."""
    with open_engine("private:26.1+containerd").start(os.environ, print) as running:
        yield running


@pytest.fixture(scope="module")
def programs(engine: RunningEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A user whose docker is this engine, with docker-py and an image that has npm."""
    assert engine.toolchain is not None
    home = tmp_path_factory.mktemp("user")
    plugins = {"cliPluginsExtraDirs": [str(engine.toolchain.cli_plugins)]}
    (home / "config.json").write_text(json.dumps(plugins))
    own = home / "bin"
    own.mkdir()
    client = next(each for each in CLIENTS if each.id == "docker_py-build")
    assert client.environment is not None
    python = ensure_environment(client.environment, print) / "bin" / "python"
    (own / "docker-py").write_text(f'#!/bin/sh\nexec {python} "$@"\n')
    (own / "setfattr").write_text(SETFATTR)
    for path in own.iterdir():
        path.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{os.environ['PATH']}:{engine.toolchain.docker.parent}:{own}")
        patch.setenv("DOCKER_CONFIG", str(home))
        patch.setenv("DOCKER_HOST", engine.docker_host)
        words = ["docker", "build", "-q", "-t", "node", "-"]
        env = {**os.environ, "DOCKER_BUILDKIT": "0"}
        subprocess.run(words, input=NODE, text=True, check=True, env=env, capture_output=True)
        yield home


def test_there_are_25_and_one_more() -> None:
    assert len(BUSTS) == 26
    assert len({bust.title for bust in BUSTS}) == 26


@pytest.mark.parametrize("bust", part_of_today(BUSTS, 2), ids=lambda bust: bust.title.replace(" ", "-"))
def test_the_answer_names_the_culprit_and_heals(
    bust: Bust, programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, store = tmp_path / "project", str(tmp_path / "store")
    make_context(bust, place)
    monkeypatch.chdir(place)
    why(bust.before, store, monkeypatch, bust.env_before)
    if bust.prunes:
        subprocess.run(["docker", "builder", "prune", "-af"], check=True, capture_output=True)
    bust.change(place)
    against = list_stored(store)[0].id if bust.against else ""
    report = why(bust.after, store, monkeypatch, bust.env_after, against)
    assert status_of(report, bust.saved) is StepStatus.MISS
    (answer, *_) = (*report.answers, *report.asked)
    lines = [line.plain for line in first_lines(answer, Look())]
    assert len(lines) <= 3
    for word in bust.culprit:
        assert word in lines[0]
    assert lines[2].startswith("  fix: ")

    healed = heal(bust, answer, place, store, monkeypatch)

    assert status_of(healed, bust.saved) is StepStatus.HIT, lines
    compare(bust, lines)


def why(
    argv: Sequence[str],
    store: str,
    monkeypatch: pytest.MonkeyPatch,
    environment: Mapping[str, str],
    against: str = "",
) -> DiffReport:
    """`layerfork why -- ARGV` in the working directory."""
    with monkeypatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        explained = explain_builds(argv, "host", store, print, against=against)
    assert explained.exit_code == 0
    (report,) = explained.reports
    return report


def status_of(report: DiffReport, instruction: str) -> StepStatus:
    return next(step.status for step in report.reader_steps if step.instruction.startswith(instruction))


def heal(bust: Bust, answer: Answer, place: Path, store: str, monkeypatch: pytest.MonkeyPatch) -> DiffReport:
    """Do what the answer says, mechanically, and build.

    An edit makes another project: it is built as it was before the change, and then with it. A command either
    is the build, or brings back what was there.
    """
    fix = answer.fix
    assert fix.edits or fix.command, fix.sentence
    if fix.command:
        if "docker" in fix.command and "build" in fix.command and "tag" not in fix.command:
            return why(("sh", "-c", fix.command), store, monkeypatch, {})
        subprocess.run(["sh", "-c", fix.command], check=True)
        return why(bust.after, store, monkeypatch, bust.env_after)
    if bust.again is not None:
        apply_edits(fix.edits, place)
        why(bust.after, store, monkeypatch, bust.env_after)
        bust.again(place)
        return why(bust.after, store, monkeypatch, bust.env_after)
    if undoes_the_change(bust, answer, place):
        return why(bust.after, store, monkeypatch, bust.env_after)
    make_context(bust, place)
    apply_edits(fix.edits, place)
    monkeypatch.chdir(place)
    why(bust.before, store, monkeypatch, bust.env_before)
    bust.change(place)
    return why(bust.after, store, monkeypatch, bust.env_after)


def undoes_the_change(bust: Bust, answer: Answer, place: Path) -> bool:
    """Whether the edits give every edited file the text that it had before; they are made then."""
    files = {edit.file for edit in answer.fix.edits}
    texts = {name: (place / name).read_text() for name in files if (place / name).exists()}
    apply_edits(answer.fix.edits, place)
    if all((place / name).read_text() == bust.files.get(name) for name in files):
        return True
    for name, text in texts.items():
        (place / name).write_text(text)
    return False


def compare(bust: Bust, lines: Sequence[str]) -> None:
    """The lines with those in the docs, but for times and for the digests of images."""
    text = DOCS.read_text(encoding="utf-8")
    number = BUSTS.index(bust) + 1
    section = re.compile(rf"(## {number}\. {re.escape(bust.title)}\n\n.*?\n\n```\n)(.*?)(```\n)", re.S)
    shown = "".join(f"{line}\n" for line in lines)
    if os.environ.get("LAYERFORK_REWRITE_GOLDEN"):
        head = f"## {number}. {bust.title}\n\n{bust.done[0].upper()}{bust.done[1:]}.\n\n```\n"
        if section.search(text) is None:
            text += f"\n{head}```\n"
        text = section.sub(lambda found: head + shown + found[3], text)
        DOCS.write_text(text, encoding="utf-8")
    found = section.search(DOCS.read_text(encoding="utf-8"))
    assert found is not None
    assert steady(found[2]) == steady(shown)


def steady(text: str) -> str:
    """Without what differs from run to run."""
    text = re.sub(r"(?:\d+\.\d|under 0\.1) s,", "T s,", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", text)
    return re.sub(r"\b[0-9a-f]{12}\b", "DIGEST", text)
