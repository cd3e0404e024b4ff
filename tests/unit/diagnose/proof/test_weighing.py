"""A claim is proven by what undoing it does, so a key model that says anything proves nothing."""

from collections.abc import Callable

import pytest
from corpus.make import RECORDS

from layerfork.diagnose import JudgedBuild, explain_pair
from layerfork.diagnose.proof import weighing
from layerfork.diagnose.proof.counterfactual import Reasoner
from layerfork.diagnose.proof.weighing import NOT_REACHED, REACHED_WITHOUT
from layerfork.hypothesis import UnappliableError
from layerfork.keys import keys_of
from layerfork.record.answer import CauseStatus, Fork
from layerfork.record.change import BuildArgIs, Change
from layerfork.record.store.recordfile import read_records

PROVEN_PAIRS = ("classic-uid", "buildkit-content", "buildah-build-arg", "classic-instruction-removed")
Reaches = Callable[[Reasoner, object, tuple[Change, ...]], bool]


def only_fork(name: str) -> Fork:
    writer, reader = read_records(RECORDS / f"{name}.jsonl")
    judged = (
        JudgedBuild(client="writer", record=writer, keys=keys_of(writer)),
        JudgedBuild(client="reader", record=reader, keys=keys_of(reader)),
    )
    (fork,) = explain_pair(*judged)
    return fork


def lie(monkeypatch: pytest.MonkeyPatch, reaches: Reaches) -> None:
    monkeypatch.setattr(weighing, "reaches_writer", reaches)


@pytest.mark.parametrize("name", PROVEN_PAIRS)
def test_they_are_proven_without_a_lie(name: str) -> None:
    assert {cause.status for cause in only_fork(name).causes} == {CauseStatus.PROVEN}


@pytest.mark.parametrize("name", PROVEN_PAIRS)
@pytest.mark.parametrize(("answer", "doubt"), [(True, REACHED_WITHOUT), (False, NOT_REACHED)])
def test_one_answer_for_everything_proves_nothing(
    name: str, answer: bool, doubt: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lie(monkeypatch, lambda reasoner, site, changes: answer)
    for cause in only_fork(name).causes:
        assert cause.status is CauseStatus.SUSPECTED
        assert f"not proven: {doubt}" in cause.evidence


@pytest.mark.parametrize("name", PROVEN_PAIRS)
def test_what_cannot_be_applied_is_said(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(reasoner: Reasoner, site: object, changes: tuple[Change, ...]) -> bool:
        raise UnappliableError("it was not seen")

    lie(monkeypatch, refuse)
    for cause in only_fork(name).causes:
        assert cause.status is CauseStatus.SUSPECTED
        assert "not proven: it was not seen" in cause.evidence


def test_of_two_that_suffice_the_first_in_order_of_blame_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    lie(monkeypatch, lambda reasoner, site, changes: bool(changes))
    fork = only_fork("classic-uid-and-gid")
    assert [cause.code for cause in fork.causes] == ["uid"]
    assert [line for line in fork.ruled_out if line.endswith("does not matter here")] != []


def test_all_that_are_needed_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    both = {BuildArgIs(name="A", value="1"), BuildArgIs(name="B", value="10")}
    lie(monkeypatch, lambda reasoner, site, changes: set(changes) >= both)
    fork = only_fork("buildkit-build-arg-two-of-two")
    assert [(cause.code, cause.path, cause.status) for cause in fork.causes] == [
        ("build-arg", "A", CauseStatus.PROVEN),
        ("build-arg", "B", CauseStatus.PROVEN),
    ]


def test_claims_that_one_change_undoes_are_needed_together() -> None:
    fork = only_fork("buildkit-mount")
    assert [cause.path for cause in fork.causes] == ["/c", "/d"]
    assert {cause.status for cause in fork.causes} == {CauseStatus.PROVEN}
