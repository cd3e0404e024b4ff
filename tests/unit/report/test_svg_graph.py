"""What a fork graph says: which lines run together, where they part, and what the labels tell."""

from dataclasses import replace
from typing import Any

from golden.cases import FORKED
from golden.recorded import compared, filed

from layerfork.record.answer import MissKind
from layerfork.record.run import RunReport
from layerfork.report.svg.draw import panels_of
from layerfork.report.svg.graph import ForkGraph, graph_of_diff, graph_of_run, graphs_of
from layerfork.report.views.overview import overviews
from layerfork.report.views.sentences import verdict_sentence


def cells(graph: ForkGraph) -> dict[str, tuple[int | None, ...]]:
    return {line.letter: line.cells for line in graph.lines}


def with_fork(report: RunReport, **changes: Any) -> RunReport:
    (fork,) = report.judgement.forks
    return replace(report, judgement=replace(report.judgement, forks=(replace(fork, **changes),)))


def test_lines_run_together_up_to_the_fork() -> None:
    graph = graph_of_run(FORKED)

    assert cells(graph) == {"A": (0, 0, 0, 0), "B": (0, 0, 1, 1)}
    (split,) = graph.splits
    assert (split.parent, split.child, split.column) == (0, 1, 2)
    assert (split.cause, split.cost) == ("entry-name", "0.7 s")


def test_a_later_step_that_does_not_follow_from_the_fork_is_shared_again() -> None:
    assert cells(graph_of_run(with_fork(FORKED, consequences=())))["B"] == (0, 0, 1, 0)


def test_with_another_builder_nothing_is_shared_not_even_what_did_not_miss() -> None:
    other = with_fork(FORKED, step=1, consequences=(2, 3), miss_kind=MissKind.OTHER_BUILDER)

    assert cells(graph_of_run(other))["B"] == (1, 1, 1, 1)


def test_a_class_that_no_fork_explains_is_drawn_apart() -> None:
    report = replace(FORKED, judgement=replace(FORKED.judgement, forks=()))

    graph = graph_of_run(report)
    assert cells(graph)["B"] == (1, 1, 1, 1)
    assert graph.splits == ()


def test_a_client_that_misses_its_own_build_is_no_fork_of_a_cache_in_picture_and_text() -> None:
    (fork,) = FORKED.judgement.forks
    own = replace(fork, reader=f"{fork.writer} again", step=2)
    alone = replace(FORKED, judgement=replace(FORKED.judgement, forks=(own,)))
    both = replace(FORKED, judgement=replace(FORKED.judgement, forks=(fork, own)))

    says = f"{fork.writer} misses its own build at step 2"
    assert graph_of_run(alone).splits == ()
    assert verdict_sentence(alone).endswith(f"does not hold here. {says}.")
    assert verdict_sentence(both).endswith(f"The cache forks at step 3. {says}.")
    for report, subtitle in ((alone, says), (both, f"they fork at step 3; {says}")):
        (panel,) = panels_of(overviews([report])[0])
        assert panel.subtitle == f"2 clients, 2 caches; {subtitle}"


def test_the_seed_of_today() -> None:
    (report,) = filed("seed-default")
    graph = graph_of_run(report)

    assert [line.names for line in graph.lines] == [
        ("docker_py-context-build",),
        ("docker_py-build",),
        ("docker-compose-build", "docker-context-build", "docker-build"),
    ]
    assert cells(graph) == {"A": (0, 0, 0, 0), "B": (0, 0, 1, 1), "C": (2, 2, 2, 2)}
    assert [split.values for split in graph.splits] == [
        "name of important.txt: ./important.txt → important.txt",
        "classic → buildkit",
    ]
    assert [(column.text, column.line) for column in graph.columns] == [
        ("FROM alpine", 1),
        ("RUN  du -s /", 3),
        ("COPY important.txt /", 4),
        ("RUN  du -s /", 5),
    ]


def test_both_values_of_a_label_are_seen_however_long_they_are() -> None:
    (fork,) = FORKED.judgement.forks
    cause = replace(fork.causes[0], writer="w" * 90, reader="r" * 90)
    (split,) = graph_of_run(replace(with_fork(FORKED, causes=(cause,)), answers=())).splits

    before, after = split.values.split(" → ")
    assert set(before) == {"w", "…"}
    assert set(after) == {"r", "…"}


def test_letters_are_those_of_the_overview_on_every_engine() -> None:
    (overview,) = overviews(filed("seed-engines"))
    graphs = dict(graphs_of(overview))

    assert [line.letter for line in graphs["Engine 20.10.24"].lines] == ["A", "B", "C", "E"]
    assert [line.letter for line in graphs["Engine 28.5.2"].lines] == ["A", "B", "C"]
    sdk = graphs["Engine 20.10.24"].lines[3]
    assert (sdk.names, sdk.color) == (("docker_node_sdk-context-build",), 4)


def test_engines_that_are_alike_share_a_graph() -> None:
    twice = [FORKED, replace(FORKED, seconds=99.0)]
    (overview,) = overviews(twice)

    assert len(list(graphs_of(overview))) == 1


def test_two_builds() -> None:
    (report,) = compared("seed-buildkit")
    graph = graph_of_diff(report)

    assert cells(graph) == {"A": (0, 0, 0, 0), "B": (0, 0, 1, 1)}
    shared = replace(report, judgement=replace(report.judgement, forks=()))
    (line,) = graph_of_diff(shared).lines
    assert line.clients == 2
