"""The answer to one pair of the corpus for every cause and every pattern, at 80 columns, and a few elsewhere.

The records are of real engines. `make golden` writes the files: read each as somebody who has ten seconds.
"""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from corpus.make import path_of
from corpus.pairs import PAIRS, patterns
from corpus.subjects import Build, Pair
from golden.test_reporters import compare

from layerfork.app.compare import comparison
from layerfork.app.compare.comparison import diff_stored
from layerfork.builders.recording import filesondisk as filelook
from layerfork.diagnose.causes.scene import FileLook
from layerfork.diagnose.patterns import PATTERNS
from layerfork.record.answer import CauseStatus, Situation
from layerfork.record.cause import CauseCode, Trait
from layerfork.record.context import ContextEntry, Digest
from layerfork.record.record import BuildRecord
from layerfork.record.run import DiffReport
from layerfork.record.store.recordfile import read_records, stored
from layerfork.report.formats import TEXT
from layerfork.report.rendering import Look

EXPECTED = Path(__file__).parent / "expected" / "answers"
BY_NAME = {pair.name: pair for pair in PAIRS}
NOT_MADE = frozenset({CauseCode.IMAGE_STORE, CauseCode.FRONTEND, CauseCode.OWNER_NAME})
"""No pair of the corpus shows them, for the reasons that `corpus.notmade` gives."""


def shows(pair: Pair, code: str) -> bool:
    return pair.matters and pair.code == code and bool(pair.forks) and not pair.control


OF_CAUSES = {
    code: next(pair.name for pair in PAIRS if shows(pair, code))
    for code in CauseCode
    if code not in NOT_MADE and Trait.WRONG_HIT not in code.traits and any(shows(p, code) for p in PAIRS)
}
NAMES = tuple(dict.fromkeys((*OF_CAUSES.values(), *(pair.name for pair in patterns.PAIRS))))
WIDTHS = (60, 120, 200)
AT_WIDTHS = ("buildkit-build-arg-commit", "buildkit-cache-not-imported", "classic-client-version")


def looker(build: Build, record: BuildRecord) -> Callable[[BuildRecord, ContextEntry], FileLook | None]:
    """Looks at the contents that a pair was made of, as if they still lay on disk."""
    contents = {node.entry.name.strip("/"): node for node in build.nodes}

    def look(asked: BuildRecord, entry: ContextEntry) -> FileLook | None:
        node = contents.get(entry.name.strip("/"))
        if asked.id != record.id or node is None:
            return None
        digest = Digest(f"sha256:{sha256(node.data).hexdigest()}")
        return filelook.look_in(node.data, entry) if digest == entry.content else None

    return look


def report_of(pair: Pair, monkeypatch: pytest.MonkeyPatch, *, again: bool) -> DiffReport:
    """As `why` reports it, or `diff` of two files that two machines wrote."""
    writer, reader = read_records(path_of(pair))
    monkeypatch.setattr(filelook, "look_at", looker(pair.reader, reader))
    if not again:
        monkeypatch.setattr(comparison, "situation_of_files", lambda *records: Situation.MACHINES)
    names = ("the earlier build", "this build") if again else ("../ci.jsonl", "../laptop.jsonl")
    return diff_stored(stored(writer), stored(reader), *names, again=again)


@pytest.mark.parametrize("name", NAMES)
def test_answers_are_as_expected(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = BY_NAME[name]
    for ending, again in (("why", True), ("diff", False)):
        report = report_of(pair, monkeypatch, again=again)
        compare(EXPECTED / f"{name}.{ending}.txt", TEXT.render("diffs", [report], Look(width=80)))


@pytest.mark.parametrize("name", AT_WIDTHS)
@pytest.mark.parametrize("width", WIDTHS)
def test_answers_fit_the_terminal(name: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    report = report_of(BY_NAME[name], monkeypatch, again=True)
    text = TEXT.render("diffs", [report], Look(width=width))
    compare(EXPECTED / f"{name}.{width}.txt", text)
    assert all(len(line) <= width for line in text.splitlines())


def test_every_cause_has_an_answer() -> None:
    told = {code for code in CauseCode if Trait.WRONG_HIT not in code.traits} - NOT_MADE
    # A target that only the reader asked for is told as a warning; what a build is of, no key holds.
    assert told - OF_CAUSES.keys() == {CauseCode.TARGET}


def test_every_pattern_has_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {
        point.pattern
        for name in NAMES
        for answer in report_of(BY_NAME[name], monkeypatch, again=True).answers
        for point in answer.points
    }
    asked_for = {pattern.code for pattern in PATTERNS} | {"install-after-copy", "changing-argument"}
    tools = {"pytest_cache-copied", "mypy_cache-copied", "ruff_cache-copied", "idea-copied", "vscode-copied"}
    assert asked_for - found <= tools


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_claims_no_more_than_its_causes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every cause is in some point, and no point is surer than the weakest of its causes."""
    report = report_of(BY_NAME[name], monkeypatch, again=True)
    for fork, answer in zip(report.judgement.forks, report.answers, strict=True):
        assert {place for point in answer.points for place in point.causes} == set(range(len(fork.causes)))
        for point in answer.points:
            weakest = max((fork.causes[place].status for place in point.causes), key=tuple(CauseStatus).index)
            assert point.status is weakest
