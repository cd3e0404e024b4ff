"""Changes that no hypothetical record can be made of say what is missing."""

from dataclasses import replace

import pytest
from unit.hypothesis.recorded import pair

from layerfork.hypothesis import UnappliableError, suppose
from layerfork.hypothesis.suppose import Settled
from layerfork.keys import keys_of
from layerfork.record.change import (
    BuildArgIs,
    Change,
    DockerfileIs,
    EntryIs,
    LineAdded,
    LineIs,
    ModeIs,
    PatternsAre,
    RequestIs,
    SourceIs,
    TransportIs,
    XattrIs,
)
from layerfork.record.context import Transport
from layerfork.record.record import BuildRecord


def reader(name: str) -> BuildRecord:
    return pair(name)[1]


def refusal(record: BuildRecord, *changes: Change, example: BuildRecord | None = None) -> str:
    with pytest.raises(UnappliableError) as refused:
        suppose(record, changes, example)
    return str(refused.value)


CLASSIC, BUILDKIT, BUILDAH = (f"{builder}-build-arg" for builder in ("classic", "buildkit", "buildah"))
BUILDERS = pytest.mark.parametrize("name", [CLASSIC, BUILDKIT, BUILDAH])


def with_dockerfile(record: BuildRecord, text: str | None) -> BuildRecord:
    return replace(record, request=replace(record.request, dockerfile=text))


@BUILDERS
def test_a_hidden_value(name: str) -> None:
    record = reader(name)
    hiding = replace(record, request=replace(record.request, build_args=(("A", "hidden:0123"),)))
    assert refusal(hiding, BuildArgIs(name="A", value="1")) == "the value of A is hidden"
    assert refusal(record, BuildArgIs(name="A", value="hidden:0123")) == "the value of A is hidden"


@BUILDERS
def test_no_dockerfile(name: str) -> None:
    record = with_dockerfile(reader(name), None)
    for change in (LineIs(line=3, text="RUN id"), RequestIs(field="target", value="s")):
        assert refusal(record, change) == "the Dockerfile was not recorded"


@pytest.mark.parametrize(
    "change",
    [BuildArgIs(name="A", value="1"), LineIs(line=3, text=""), RequestIs(field="network", value="none")],
)
def test_no_definition(change: Change) -> None:
    said = "the definition of the build was not recorded"
    assert refusal(reader("buildkit-unexplained"), change) == said
    assert refusal(replace(reader(BUILDKIT), definition=None), change) == said


def test_entries_need_no_definition() -> None:
    record = replace(reader("buildkit-content"), definition=None)
    suppose(record, (EntryIs(path="a", values=(("mode", 0o600),)),))


@BUILDERS
def test_no_stage_of_that_name(name: str) -> None:
    said = "the Dockerfile has no stage nowhere"
    assert refusal(reader(name), RequestIs(field="target", value="nowhere")) == said


@BUILDERS
def test_no_line_there(name: str) -> None:
    for change in (LineIs(line=99, text=""), LineAdded(before_line=99, text="RUN id")):
        assert refusal(reader(name), change) == "no instruction begins at line 99"


@BUILDERS
def test_a_line_that_is_none(name: str) -> None:
    said = refusal(reader(name), LineIs(line=1, text="FROM"))
    assert said.startswith("the changed Dockerfile does not parse: ")
    two = LineIs(line=3, text="RUN id\nRUN id", example_line=3)
    assert "other instructions" in refusal(reader(name), two)


def test_other_escape_characters() -> None:
    writer, record = pair(CLASSIC)
    other = with_dockerfile(writer, "# escape=`\nFROM alpine\n")
    said = refusal(record, LineIs(line=2, text=""), example=other)
    assert said == "the two Dockerfiles have different escape characters"


@pytest.mark.parametrize(
    "change",
    [
        EntryIs(path="none", values=(("mode", 0o600),)),
        ModeIs(path="none", mask=0o7777, value=0o600),
        XattrIs(path="none", name="user.note", value=b""),
    ],
)
def test_an_entry_that_was_not_sent(change: Change) -> None:
    assert refusal(reader("classic-content"), change) == "none was not sent"


def test_no_context() -> None:
    record = replace(reader("classic-content"), context=None)
    assert refusal(record, ModeIs(path="a", mask=0o7777, value=0)) == "context was not recorded"
    assert refusal(record, PatternsAre(patterns=())) == "the context was not recorded"
    other = TransportIs(transport=Transport.TAR, context="other")
    assert refusal(record, other) == "other was not recorded"


@pytest.mark.parametrize("name", [CLASSIC, BUILDKIT, BUILDAH])
def test_a_source_that_nobody_read(name: str) -> None:
    said = refusal(reader(name), SourceIs(identifier="https://host/x", digest="sha256:0"))
    assert said == "nothing was read from https://host/x"


def test_another_frontend() -> None:
    text = "# syntax=other/frontend\nFROM alpine\n"
    said = refusal(reader(BUILDKIT), DockerfileIs(text=text))
    assert said == "the changed Dockerfile names another frontend"


def test_what_an_unknown_base_image_sets_in_the_classic_builder() -> None:
    """Such a hypothetical build can be made; its keys say what they lack."""
    record = replace(reader("classic-build-arg-swallowed-alone"), base_images=())
    hypothesis = suppose(record, (BuildArgIs(name="A", value=None),))
    keys = Settled(record=record, keys=keys_of(record)).keys_of(hypothesis)
    assert keys.steps[-1].key.unknown == ("whether the base image sets A",)
