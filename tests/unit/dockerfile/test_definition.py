"""What becomes of instructions, against what BuildKit 0.13 and 0.25 made of the same Dockerfiles.

`corpus.definitions` recorded the vectors.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from corpus.definitions import BUILDS, VECTORS

from layerfork.dockerfile import parse_dockerfile
from layerfork.dockerfile.definition import Evaluated, Fields, Inputs, evaluate
from layerfork.dockerfile.scope import ValueSource, Variable
from layerfork.record.engine import ImageFacts, Release
from layerfork.releases import frontend_rules

RECORDED: dict[str, Any] = json.loads(Path(VECTORS).read_text())
OPTIONS: dict[str, Fields] = {
    "options": {
        "network": "none",
        "hostname": "",
        "extra_hosts": (("h", "10.0.0.1"),),
        "ulimits": ("nofile=1000:2000",),
        "cgroup_parent": "x",
        "shared memory": 32 << 20,
    }
}
NO_OPTIONS: Fields = {
    "network": "sandbox",
    "hostname": "",
    "extra_hosts": (),
    "ulimits": (),
    "cgroup_parent": "",
    "shared memory": 0,
}
BUILDKIT = {"private:26.1": (0, 13, 1), "private:28.5": (0, 25, 0)}
PLATFORM = {"TARGETPLATFORM": "linux/amd64", "BUILDPLATFORM": "linux/amd64", "TARGETARCH": "amd64"}


def image(facts: dict[str, Any]) -> ImageFacts:
    return ImageFacts(
        image_id="",
        history=(),
        diff_ids=(),
        env=tuple(facts["env"]),
        user=facts["user"],
        working_dir=facts["working_dir"],
        shell=tuple(facts["shell"]),
    )


def evaluated(case: str) -> dict[int, Evaluated]:
    name = case.split()[0]
    build = BUILDS[name]
    dockerfile = parse_dockerfile(build.dockerfile)
    known = {reference: image(facts) for reference, facts in RECORDED[case]["images"].items()}
    only = next(iter(known.values()))
    inputs = Inputs(
        build_args=build.args,
        builtin_args=PLATFORM,
        options=OPTIONS.get(name, NO_OPTIONS),
        images={
            stage.index: known.get(stage.base, only)
            for stage in dockerfile.stages
            if stage.base not in ("scratch", "parent", "one")
        },
        rules=frontend_rules(BUILDKIT[case.split()[1]], merges=None),
    )
    return evaluate(dockerfile, inputs)


def plain(value: Any) -> Any:
    """As it is in JSON."""
    return json.loads(json.dumps(value))


@pytest.mark.parametrize("case", RECORDED)
def test_every_recorded_field(case: str) -> None:
    found = evaluated(case)
    for line, recorded in RECORDED[case]["lines"].items():
        made = found[int(line)]
        assert made.problem == ""
        if "run" in recorded:
            assert plain(made.run) == recorded["run"], made.instruction.text
        if "actions" in recorded:
            actions = [{"include_patterns": [], **action} for action in plain(made.actions)]
            assert actions == recorded["actions"], made.instruction.text
        if "documents" in recorded:
            assert plain(made.documents) == recorded["documents"], made.instruction.text
        if "directories" in recorded:
            directories = [{"dest": each["dest"], "owner": each["owner"]} for each in made.actions]
            assert recorded["directories"] == directories, made.instruction.text


@pytest.mark.parametrize("case", RECORDED)
def test_lines_that_made_no_operation(case: str) -> None:
    for line, made in evaluated(case).items():
        if str(line) not in RECORDED[case]["lines"]:
            assert made.run is None
            assert made.actions == ()


def test_variables_that_a_text_looked_up_and_those_behind_them() -> None:
    made = evaluated("texts private:26.1")
    line = next(each for each in made.values() if each.instruction.text.startswith("ADD"))
    assert {variable.name: variable.value for variable in line.variables} == {
        "E": "7-dflt",
        "A": "7",
        "B": "dflt",
    }
    assert Variable(name="E", value="7-dflt", source=ValueSource.ENV) in line.variables


def test_an_unknown_base_image_is_assumed_to_set_nothing() -> None:
    dockerfile = parse_dockerfile(
        "FROM base\nARG A\nCOPY a /${A:-x}${B+y}\nCOPY a there\nWORKDIR /w\nCOPY a here\n"
    )
    made = evaluate(dockerfile, Inputs(build_args={"A": "1"}))
    assert made[3].assumed == {"B"}
    assert made[4].assumed == {"the working directory"}
    assert made[6].assumed == frozenset()
    assert [action["dest"] for line in (3, 4, 6) for action in made[line].actions] == [
        "/1",
        "/there",
        "/w/here",
    ]


def test_an_empty_workdir_keeps_the_directory_as_it_is_written() -> None:
    """Measured with 26.1.5 and 28.5.2, on a published Dockerfile whose variable the stand-in does not set."""
    dockerfile = parse_dockerfile(
        "FROM base\nWORKDIR $NONE\nRUN a\nWORKDIR /a/b/\nWORKDIR $NONE\nRUN b\nCOPY c .\n"
    )
    empty = ImageFacts(image_id="", history=(), diff_ids=())
    made = evaluate(dockerfile, Inputs(build_args={}, images={0: empty}))
    assert [(made[line].run or {})["cwd"] for line in (3, 6)] == ["/", "/a/b/"]
    assert [action["dest"] for line in (4, 5, 7) for action in made[line].actions] == [
        "/a/b",
        "/a/b",
        "/a/b/",
    ]
    assert made[2].actions == ()


@pytest.mark.parametrize(
    ("release", "commands"),
    [
        ((0, 26, 0), ["#!/bin/sh\necho\n", "/dev/pipes/EOF"]),
        ((0, 27, 0), ["/dev/pipes/EOF", "/dev/pipes/EOF"]),
    ],
)
def test_an_indented_program_by_release(release: Release, commands: list[str]) -> None:
    """By the source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go @ v0.26.0, v0.27.0."""
    dockerfile = parse_dockerfile(
        "FROM base\nRUN <<-EOF\n\t#!/bin/sh\n\techo\nEOF\nRUN <<-EOF\n#!/bin/sh\n\techo\nEOF\n"
    )
    made = evaluate(dockerfile, Inputs(build_args={}, rules=frontend_rules(release, None)))
    assert [(made[line].run or {})["args"][-1] for line in (2, 6)] == commands  # type: ignore[index]


@pytest.mark.parametrize(
    ("release", "destinations"),
    [
        ((0, 11, 6), ["/b", "/", "/w/b"]),
        ((0, 12, 5), ["/b/.", "/.", "/w/b"]),
        ((0, 14, 0), ["/b/.", "/.", "/w/b/."]),
    ],
)
def test_a_destination_that_ends_in_a_dot_by_release(release: Release, destinations: list[str]) -> None:
    """By the source: pathRelativeToWorkingDir of each release and client/llb/fileop.go:normalizePath."""
    dockerfile = parse_dockerfile("FROM base\nWORKDIR /w\nCOPY a /b/.\nCOPY a /.\nCOPY a b/.\n")
    made = evaluate(dockerfile, Inputs(build_args={}, rules=frontend_rules(release, None)))
    assert [action["dest"] for line in (3, 4, 5) for action in made[line].actions] == destinations


@pytest.mark.parametrize(
    ("release", "given", "environment"),
    [
        ((0, 13, 2), {}, ["E=name", "X=x", "b=", "name=x", "a=1"]),
        ((0, 14, 0), {}, ["E=name", "X=x", "${E}=x", "a=1", "b=1"]),
        ((0, 25, 0), {}, ["E=name", "X=x", "${E}=x", "a=1", "b=1"]),
        ((0, 25, 0), {"a": "2"}, ["E=name", "X=x", "${E}=x", "a=2", "b=2"]),
    ],
)
def test_arguments_of_one_line_by_release(
    release: Release, given: dict[str, str], environment: list[str]
) -> None:
    """Measured with 26.1.5 and 28.5.2: BuildKit expands a whole line first, names as well, until 0.13."""
    dockerfile = parse_dockerfile("FROM base\nENV E=name X=x\nARG ${E}=$X\nARG a=1 b=$a\nRUN r\n")
    empty = ImageFacts(image_id="", history=(), diff_ids=())
    inputs = Inputs(build_args=given, images={0: empty}, rules=frontend_rules(release, None))
    run = evaluate(dockerfile, inputs)[5].run or {}
    assert sorted(run["env"][1:]) == sorted(environment)  # type: ignore[index]
