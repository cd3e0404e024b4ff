"""Classes as rows and engines as columns: rows share a cache where their cells have one letter."""

from dataclasses import replace

from golden.cases import ENGINE, FORKED, NO_ENGINE, TROUBLE, build

from layerfork.record.answer import Judgement, Verdict
from layerfork.record.record import BuildOutcome
from layerfork.record.run import RunReport, TrialBuild
from layerfork.report.views.overview import Overview, overviews


def run(version: str, *classes: tuple[str, ...], missing: tuple[str, ...] = ()) -> RunReport:
    """A run with these classes on an engine of this version; forks are those of the example."""
    builds = [build(client, number, "abcd", "") for number, each in enumerate(classes) for client in each]
    failed = [
        TrialBuild(client=client, builder="classic", outcome=BuildOutcome.UNSUPPORTED) for client in missing
    ]
    return replace(
        FORKED,
        engine=replace(ENGINE, version=version),
        builds=(*builds, *failed),
        judgement=replace(FORKED.judgement, classes=classes),
    )


def cells(overview: Overview) -> dict[str, str]:
    return {" ".join(row.clients): "".join(row.cells) for row in overview.rows}


def test_engines_agree_when_every_cache_has_the_same_clients() -> None:
    classes = (("tar-client",), ("dir-client", "other"))
    (overview,) = overviews([run("26.1.5+dfsg1", *classes), run("28.5.2", *classes)])

    assert overview.agree
    assert overview.engines == ("26.1.5", "28.5.2")
    assert cells(overview) == {"tar-client": "AA", "dir-client other": "BB"}


def test_a_client_that_changes_sides_has_a_row_of_its_own() -> None:
    one = run("20.10", ("tar-client", "moves"), ("dir-client",))
    other = run("28.5", ("tar-client",), ("dir-client", "moves"))
    (overview,) = overviews([one, other])

    assert not overview.agree
    assert cells(overview) == {"tar-client": "AA", "dir-client": "BB", "moves": "AB"}


def test_clients_without_a_result_on_one_engine_come_last_and_those_without_any_not_at_all() -> None:
    one = run("20.10", ("tar-client",), missing=("late", "never"))
    other = run("28.5", ("late", "tar-client"), missing=("never",))
    (overview,) = overviews([one, other])

    assert cells(overview) == {"tar-client": "AA", "late": "-A"}


def test_the_same_fork_on_two_engines_is_one_edge() -> None:
    classes = (("tar-client",), ("dir-client",))
    (overview,) = overviews([run("20.10", *classes), run("28.5", *classes)])

    (edge,) = overview.edges
    assert (edge.writer, edge.reader, edge.engines) == ("A", "B", (0, 1))
    assert edge.seconds_lost == (0.7, 0.7)


def test_another_cause_is_another_edge() -> None:
    (fork,) = FORKED.judgement.forks
    gone = replace(fork, causes=(replace(fork.causes[0], code="mode"),))
    judgement = Judgement(verdict=Verdict.FORKED, classes=FORKED.judgement.classes, forks=(gone,))
    later = replace(FORKED, engine=replace(ENGINE, version="28.5"), judgement=judgement)
    (overview,) = overviews([FORKED, later])

    assert [edge.engines for edge in overview.edges] == [(0,), (1,)]


def test_scenarios_are_apart_and_engines_that_did_not_come_up_are_left_out() -> None:
    seen = overviews([FORKED, NO_ENGINE, replace(TROUBLE, scenario="other")])

    assert [(each.scenario, len(each.reports)) for each in seen] == [("seed", 1), ("other", 1)]


def test_engines_of_one_version_are_told_apart_by_what_differs() -> None:
    other = replace(FORKED, engine=replace(ENGINE, image_store="containerd"))
    (overview,) = overviews([FORKED, other])
    (twice,) = overviews([FORKED, FORKED])

    assert overview.engines == ("26.1.5 graphdriver", "26.1.5 containerd")
    assert len(set(twice.engines)) == 2
