"""Builds whose class is unknown, in every view."""

import json
from dataclasses import replace

import pytest
from golden.cases import CASES

from layerfork.record.answer import Verdict
from layerfork.report.formats import JSON, TEXT
from layerfork.report.rendering import Look

UNKNOWN = ("dockerode-build", "docker_node_sdk-context-build")


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        (
            "forked",
            "caches (it is unknown which of them dockerode-build, docker_node_sdk-context-build used);",
        ),
        ("reused", "but it is unknown which cache dockerode-build, docker_node_sdk-context-build used."),
    ],
)
def test_it_is_shown_as_unknown(case: str, sentence: str) -> None:
    known = CASES[case]
    report = replace(known, judgement=replace(known.judgement, class_unknown=UNKNOWN))

    lines = TEXT.render("runs", [report], Look()).splitlines()
    document = json.loads(JSON.render("runs", [report], Look()))

    assert "  ?  dockerode-build, docker_node_sdk-context-build: unknown" in lines
    assert sentence in lines[lines.index("Verdict") + 1]
    assert document["class_unknown"] == list(UNKNOWN)
    assert document["verdict"] == Verdict(case).value


def test_it_is_shown_as_unknown_among_several_engines() -> None:
    known = CASES["reused"]
    builds = (*known.builds, *(replace(known.builds[0], client=each, class_index=None) for each in UNKNOWN))
    report = replace(known, builds=builds, judgement=replace(known.judgement, class_unknown=UNKNOWN))

    lines = TEXT.render("runs", [report, report], Look()).splitlines()

    assert " B  dockerode-build, docker_node_sdk-context-build  ?          ?" in lines
    assert "  ? cache unknown" in lines
