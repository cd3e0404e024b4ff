"""What a stage holds of a copied file: the options of the COPY decide what of it counts."""

from dataclasses import replace

import pytest

from layerfork.record.build import Builder
from research.mutations.stagefiles import files_behind
from research.mutations.subject import Arena, Delivery, Line, Node, Stage, Subject

TAR = Arena(builder=Builder.BUILDKIT, delivery=Delivery.TAR)


def files(node: Node, *flags: str) -> str:
    copy = Line(keyword="COPY", words=("a", "/o"), flags=flags)
    return files_behind(Subject(nodes=(node,), stages=(Stage(name="s", lines=(copy,)),)), TAR, "s", "/o")


NODE = Node(path="a", data=b"1")


@pytest.mark.parametrize(
    ("option", "other"), [("--chmod=0750", replace(NODE, mode=0o600)), ("--chown=7:7", replace(NODE, uid=7))]
)
def test_an_attribute_that_the_copy_sets_does_not_count(option: str, other: Node) -> None:
    assert files(NODE) != files(other)
    assert files(NODE, option) == files(other, option)
    assert files(NODE, option) != files(replace(NODE, data=b"2"), option)
