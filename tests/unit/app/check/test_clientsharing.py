"""Clients that must share one cache: what counts, and what leaves it open."""

from dataclasses import replace

import pytest
from golden.cases import FORKED, NO_ENGINE, REUSED, TROUBLE
from golden.recorded import filed

from layerfork.app.check.allowing import Allowed, read_allowed
from layerfork.app.check.checking import exit_code
from layerfork.app.check.clientsharing import check_clients, gate_clients
from layerfork.errors import UsageError
from layerfork.record.run import RunReport
from layerfork.record.scenario import RunOptions

NOTHING = Allowed()


def test_clients_that_share_pass() -> None:
    report = gate_clients([REUSED], NOTHING)

    assert (report.passed, exit_code(report)) == (True, 0)
    assert (report.steps, report.rebuilt) == (3, 0)


def test_a_fork_counts_with_its_steps() -> None:
    report = gate_clients([FORKED], NOTHING)

    assert (exit_code(report), report.steps, report.rebuilt) == (1, 3, 2)
    assert report.seconds_lost == pytest.approx(0.7)


@pytest.mark.parametrize("word", ["entry-name", "Dockerfile:3", "step 3"])
def test_it_may_be_allowed(word: str) -> None:
    report = gate_clients([FORKED], read_allowed([word]))

    assert (exit_code(report), report.rebuilt, report.allowed, report.notes) == (0, 0, 2, ())
    report = gate_clients([FORKED], read_allowed([word, "gid"]))
    assert report.notes == ("nothing needed --allow gid",)
    assert report.runs[0].judgement.forks == ()


def test_so_may_its_seconds() -> None:
    assert exit_code(gate_clients([FORKED], NOTHING, 0.8)) == 0
    assert exit_code(gate_clients([FORKED], NOTHING, 0.6)) == 1
    assert gate_clients([FORKED], NOTHING, 0.8).blamed_runs[0].judgement.forks == ()


def unknown_class() -> RunReport:
    return replace(REUSED, judgement=replace(REUSED.judgement, class_unknown=("other-client",)))


def parted() -> RunReport:
    return replace(FORKED, judgement=replace(FORKED.judgement, forks=()), answers=())


def own_miss() -> RunReport:
    first, other = REUSED.builds
    return replace(REUSED, builds=(first, replace(other, control="miss")))


@pytest.mark.parametrize("report", [TROUBLE, unknown_class(), parted(), own_miss()])
def test_what_leaves_it_open_does_not_pass(report: RunReport) -> None:
    assert exit_code(gate_clients([report], NOTHING)) == 3


def test_an_engine_that_did_not_come_up_does_not_pass() -> None:
    assert exit_code(gate_clients([NO_ENGINE], NOTHING)) == 3


def test_the_five_of_2015_fork() -> None:
    report = gate_clients(filed("seed-default"), NOTHING)

    assert (exit_code(report), report.problems) == (1, ())


def test_one_client_is_not_enough() -> None:
    with pytest.raises(UsageError, match="at least two"):
        check_clients(RunOptions(clients=("docker-build",)), (), None, lambda event: None)
