"""Classes of real relays against what the layers of the images say (see relays/README.md)."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import pytest

from layerfork.diagnose import JudgedBuild, judge_relay
from layerfork.keys import keys_of
from layerfork.record.answer import CauseStatus, Judgement
from layerfork.record.record import BuildOutcome, BuildRecord, StepStatus
from layerfork.record.store.recordfile import read_records

DIRECTORY = Path(__file__).parent / "relays"
WITH_DEFINITIONS = ("modes", "modes-other-order", "extra", "extra-other-order", "stages")
WITHOUT = ("modes-no-definition", "extra-no-definition", "stages-no-definition")
PODMAN = ("owners-podman",)
EVERY = WITH_DEFINITIONS + WITHOUT + PODMAN
Classes = set[frozenset[str]]

MODES = {
    frozenset({"docker-build", "buildx-bake"}),
    frozenset({"docker-context-build", "dockerode-context-build", "docker_node_sdk-context-build"}),
    frozenset({"dockerode-build", "dockerode-tar_fs-build", "testcontainers_node-build"}),
}
"""As measured: the file sync sends uid 0; the tar was made by tar; node's packers apply its umask."""
EXTRA = {
    frozenset({"docker-build", "buildx-bake"}),
    frozenset(
        {
            "docker-context-build",
            "dockerode-context-build",
            "dockerode-tar_fs-build",
            "docker_node_sdk-context-build",
        }
    ),
    frozenset({"testcontainers_node-build"}),
}
"""As measured: a directory, a tar with everything in it, a tar without what is ignored."""

OWNERS = {
    frozenset({"docker-build"}),
    frozenset({"docker_py-build"}),
    frozenset({"podman-build", "podman-context-build"}),
}
"""As measured on podman 5.4.2: docker's CLI sends uid 0, docker-py 1000; its own
programs write another image format."""
WHOLE_CONTEXT = {
    ("dockerfile-in-context", ".dockerignore"),
    ("ignore-rule", "big.log"),
    ("root-header", "."),
    ("entry-missing", "big.log"),
}
"""What a directory with an ignore file, a tar of everything and a tar without what is ignored differ in."""
FORKED_STEPS = {"modes": {5}, "extra": {4}, "stages": {4, 8}}
"""Where the engine missed first: in one chain of steps, or in two stages."""
MEASURED = {"modes": MODES, "stages": MODES, "extra": EXTRA, "owners": OWNERS}


def records(name: str) -> list[BuildRecord]:
    return list(read_records(DIRECTORY / f"{name}.jsonl"))


def judge(found: Sequence[BuildRecord], *, clean: bool = True, random_runs: bool = False) -> Judgement:
    builds = [
        JudgedBuild(client=each.client.id, record=each, keys=keys_of(each), control="hit") for each in found
    ]
    return judge_relay(builds, clean_cache=clean, random_runs=random_runs)


def classes_of(judgement: Judgement) -> Classes:
    return set(map(frozenset, judgement.classes))


def by_last_layer(found: Sequence[BuildRecord]) -> Classes:
    groups = defaultdict(set)
    for record in found:
        if record.result.image is not None and record.result.outcome is BuildOutcome.SUCCEEDED:
            groups[record.result.image.diff_ids[-1]].add(record.client.id)
    return set(map(frozenset, groups.values()))


@pytest.mark.parametrize("name", EVERY)
def test_the_layers_say_what_was_measured(name: str) -> None:
    measured = MEASURED[name.partition("-")[0]]
    present = {record.client.id for record in records(name)}

    assert by_last_layer(records(name)) == {each & present for each in measured if each & present}


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("random_runs", [False, True])
def test_classes_are_those_of_the_layers(name: str, random_runs: bool) -> None:
    judgement = judge(records(name), random_runs=random_runs)

    assert classes_of(judgement) == by_last_layer(records(name))
    assert not [caution for caution in judgement.warnings if caution.code != "incomplete-record"]


@pytest.mark.parametrize("name", WITH_DEFINITIONS)
def test_who_else_built_does_not_change_the_classes_of_two(name: str) -> None:
    """As long as somebody shows the definition, and also on a cache that nobody has emptied."""
    found = [each for each in records(name) if each.result.outcome is BuildOutcome.SUCCEEDED]
    lender = next(each for each in found if each.client.id == "docker-build")
    for pair in combinations(found, 2):
        few = [each for each in found if each in pair or each is lender]

        assert classes_of(judge(few, clean=False)) == by_last_layer(few)


@pytest.mark.parametrize("name", EVERY)
def test_no_two_of_other_layers_are_ever_in_one_class(name: str) -> None:
    """Whatever is left out, and if nobody shows a definition."""
    found = [each for each in records(name) if each.result.outcome is BuildOutcome.SUCCEEDED]
    for few in (*combinations(found, 2), *combinations(found, 3)):
        together = by_last_layer(few)

        assert all(
            any(members <= real for real in together) for members in classes_of(judge(few, clean=False))
        )


@pytest.mark.parametrize(
    ("name", "step", "causes"),
    [
        ("modes", 5, {("uid", "open.txt"), ("gid", "open.txt"), ("mode", "open.txt")}),
        ("modes-other-order", 5, {("uid", "open.txt"), ("gid", "open.txt"), ("mode", "open.txt")}),
        ("modes-no-definition", 5, {("mode", "open.txt")}),
        ("extra", 4, WHOLE_CONTEXT),
        ("stages", 4, {("uid", "b.c"), ("gid", "b.c"), ("mode", "a.c")}),
        ("stages", 8, {("mode", "conf")}),
        ("stages-no-definition", 4, {("mode", "a.c")}),
        ("stages-no-definition", 8, {("mode", "conf")}),
        (
            "extra-no-definition",
            4,
            {("dockerfile-in-context", ".dockerignore"), ("entry-missing", "big.log")},
        ),
    ],
)
def test_every_fork_is_proven(name: str, step: int, causes: set[tuple[str, str]]) -> None:
    forks = [fork for fork in judge(records(name)).forks if fork.step == step]
    found = [cause for fork in forks for cause in fork.causes]

    assert {fork.step for fork in judge(records(name)).forks} == FORKED_STEPS[name.partition("-")[0]]
    assert {(cause.code, cause.path) for cause in found} == causes
    assert {cause.status for cause in found} == {CauseStatus.PROVEN}


def test_the_evidence_says_whose_definition_it_was() -> None:
    (_, fork) = judge(records("modes")).forks

    assert fork.causes[0].evidence[-1] == (
        "BuildKit's definition of dockerode-build is not shown, but it is that of docker-build: "
        "same Dockerfile, request, frontend and base images"
    )


def test_owners_fork_podman_by_the_uid_alone() -> None:
    """The directory and the file are of uid and gid 1000; podman digests nothing of a group."""
    (fork, _) = judge(records("owners-podman")).forks

    assert (fork.writer, fork.reader, fork.step) == ("docker-build", "docker_py-build", 5)
    (cause,) = fork.causes
    assert (cause.code, cause.status, cause.path) == ("uid", CauseStatus.PROVEN, "open.txt")
    assert (cause.writer, cause.reader) == ("0", "1000")
    assert "--owner=0" in cause.remedy


def test_another_image_format_is_shown_where_the_engine_missed() -> None:
    found = {record.client.id: record for record in records("owners-podman")}
    (_, fork) = judge(list(found.values())).forks

    assert (fork.reader, fork.step, fork.consequences) == ("podman-build", 2, (3, 4, 5, 6, 7))
    assert found["podman-build"].steps[fork.step - 1].status is StepStatus.MISS
    assert [(cause.code, cause.status) for cause in fork.causes] == [("image-format", CauseStatus.PROVEN)]
