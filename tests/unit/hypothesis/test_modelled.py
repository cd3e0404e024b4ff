"""Lines that no build shows: what our model of the frontend makes of them has the keys that they then had."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from corpus.constructs import constructs
from unit.hypothesis.defined import construct_records
from unit.hypothesis.recorded import CORPUS, REGRESSIONS, pair, whole_difference

from layerfork.dockerfile.recorded import dockerfile_of
from layerfork.hypothesis import Hypothesis, suppose
from layerfork.hypothesis.edited_dockerfile import source_text
from layerfork.hypothesis.suppose import Settled
from layerfork.keys import keys_of
from layerfork.record.build import Builder
from layerfork.record.cachekey import BuildKeys
from layerfork.record.change import BuildArgIs, DockerfileIs, LineAdded, LineIs
from layerfork.record.record import BuildRecord

FETCHED = ("buildkit-remote-source", "buildkit-mount-engine-fetched")
"""Builds whose URLs only the engine read: what they held is in no other build's record."""


def is_seen(record: BuildRecord) -> bool:
    seen = record.definition is not None and record.request.dockerfile is not None
    return seen and record.builder is Builder.BUILDKIT


CONSTRUCTS = {name: build.dockerfile for name, build in constructs()}
NAMES = [
    name for name in (*REGRESSIONS, *CORPUS) if all(map(is_seen, pair(name))) and not name.startswith(FETCHED)
]


def reader(name: str) -> BuildRecord:
    return pair(name)[1]


def keys_in(record: BuildRecord, hypothesis: Hypothesis) -> BuildKeys:
    return Settled(record=record, keys=keys_of(record)).keys_of(hypothesis)


def compare(hypothesis: Hypothesis, found: BuildKeys, real: BuildKeys) -> int:
    """How many steps have the keys of the build that did happen; all others must be not modelled."""
    unmodelled = set(hypothesis.unmodelled)
    assert len(found.steps) == len(real.steps)
    equal = 0
    for one, other in zip(found.steps, real.steps, strict=True):
        assert one.parents == other.parents, hypothesis.record.steps[one.index - 1]
        if unmodelled & {one.index, *one.parents}:
            unmodelled.add(one.index)
            continue
        if not one.key.unknown:
            assert sorted(one.key.all_parts) == sorted(other.key.all_parts)
            equal += 1
    return equal


@pytest.mark.parametrize("name", NAMES)
def test_every_line_made_by_the_model_alone(name: str) -> None:
    record = reader(name)
    dockerfile = dockerfile_of(record)
    assert dockerfile is not None
    lines = [LineIs(line=each.first_line, text=source_text(record, each)) for each in dockerfile.instructions]
    hypothesis = suppose(record, lines)
    equal = compare(hypothesis, keys_in(record, hypothesis), keys_of(record))
    assert not hypothesis.unmodelled
    assert equal >= len(record.steps) - 1
    assert not hypothesis.index_of


@pytest.mark.parametrize("name", NAMES)
def test_another_dockerfile_as_a_whole(name: str) -> None:
    """From a build to another one of which only the text and what was sent are known."""
    writer, record = pair(name)
    text = writer.request.dockerfile
    assert text is not None
    others = [each for each in whole_difference(writer, record) if not isinstance(each, LineAdded | LineIs)]
    hypothesis = suppose(record, (*others, DockerfileIs(text=text)))
    compare(hypothesis, keys_in(record, hypothesis), keys_of(writer))


@pytest.mark.parametrize("name", ["triggers of a stage", "triggers of the base image"])
def test_lines_that_a_base_triggers(name: str) -> None:
    for build, record in construct_records():
        dockerfile = dockerfile_of(record)
        assert dockerfile is not None
        if record.request.dockerfile != CONSTRUCTS[name]:
            continue
        lines = [
            LineIs(line=each.first_line, text=source_text(record, each)) for each in dockerfile.instructions
        ]
        hypothesis = suppose(record, lines)
        assert not hypothesis.unmodelled, build
        assert compare(hypothesis, keys_in(record, hypothesis), keys_of(record)) == len(record.steps)


def test_another_line_that_a_stage_triggers() -> None:
    """The FROM that runs it reads as before."""
    text = CONSTRUCTS["triggers of a stage"]
    record = next(each for _, each in construct_records() if each.request.dockerfile == text)
    hypothesis = suppose(record, (DockerfileIs(text=text.replace("RUN echo $P", "RUN echo other")),))
    before, after = keys_of(record).steps, keys_in(record, hypothesis).steps
    differing = [
        one.index for one, other in zip(before, after, strict=True) if one.key.parts != other.key.parts
    ]
    assert [record.steps[index - 1].instruction.removeprefix("ONBUILD ") for index in differing] == [
        "RUN echo 1"
    ]


PLAIN = "buildkit-build-arg"


def added(*texts: str, name: str = PLAIN) -> Hypothesis:
    """The build with lines at the end of its Dockerfile."""
    return suppose(reader(name), [LineAdded(before_line=0, text=text) for text in texts])


def last_op(hypothesis: Hypothesis) -> object:
    definition = hypothesis.record.definition
    assert definition is not None
    step = hypothesis.record.steps[-1]
    return next(op for op in definition.ops if op.digest == step.vertices[-1])


def test_a_new_run() -> None:
    hypothesis = added("RUN echo new")
    op = last_op(hypothesis)
    assert op.kind == "exec"  # type: ignore[attr-defined]
    assert op.exec.args == ("/bin/sh", "-c", "echo new")  # type: ignore[attr-defined]
    assert hypothesis.record.steps[-1].instruction == "RUN echo new"
    assert not hypothesis.unmodelled


def test_a_line_without_operations_is_no_step() -> None:
    before = len(reader(PLAIN).steps)
    assert len(added("CMD new", "USER 7", "WORKDIR /").record.steps) == before


def test_what_is_not_modelled_says_why_and_the_rest_is_known() -> None:
    hypothesis = added("ADD git@host:a/repo.git /r", "RUN echo after")
    last = len(hypothesis.record.steps)
    assert hypothesis.unmodelled == {last - 1: "a copy of the repository git@host:a/repo.git"}
    assert hypothesis.record.steps[-1].instruction == "RUN echo after"


@pytest.mark.parametrize("line", ["RUN --device=gpu true", "COPY http://x/y /", "COPY --from=7 a /"])
def test_of_what_buildkit_refuses_nothing_is_known(line: str) -> None:
    hypothesis = added(line, "RUN echo after")
    (reason,) = set(hypothesis.unmodelled.values())
    assert "which BuildKit refuses" in reason
    assert len(hypothesis.unmodelled) >= len(hypothesis.record.steps) - 1


def test_an_unknown_base_image() -> None:
    record = replace(reader("buildkit-build-arg-swallowed-alone"), base_images=())
    hypothesis = suppose(record, (BuildArgIs(name="A", value=None),))
    assert list(hypothesis.unmodelled.values()) == ["whether the base image sets A was not recorded"]


def test_a_record_that_contradicts_the_model() -> None:
    record = reader("buildkit-build-arg-expanded")
    assert record.definition is not None
    ops = tuple(
        replace(op, file=tuple(replace(action, dest="/elsewhere") for action in op.file)) if op.file else op
        for op in record.definition.ops
    )
    strange = replace(record, definition=replace(record.definition, ops=ops))
    hypothesis = suppose(strange, (BuildArgIs(name="A", value="3"),))
    said = "the frontend made another dest of COPY a /$A/ than the model says"
    assert said in hypothesis.unmodelled.values()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("COPY --from=$STAGE a /", "a variable in --from, which BuildKit refuses"),
        ("RUN --mount=type=ssh true", "SSH_AUTH_SOCK of a mount of type ssh, which records hide"),
        ("RUN --mount=type=cache,target=/c,colour=red true", "colour of the mount"),
        ("RUN --mount=type=bind,from=0,target=/m true", "a mount from an image whose name is a number"),
        ("ADD git@host:repo.git /r", "a copy of the repository"),
        ("ADD https://me@host/repo.git /r", "a copy of the repository"),
        ("ADD https://host/repo.git?ref=v1 /r", "a copy of the repository"),
        ("ADD https://host/a/../repo.git /r", "a copy of the repository"),
        ("ADD https://host//repo.git /r", "a copy of the repository"),
        ("ADD https://host/repo.git#v1:/sub /r", "a copy of the repository"),
        ("ADD https://host/repo.git#v%31 /r", "a copy of the repository"),
        ("ADD https://host/repo.git# /r", "a copy of the repository"),
    ],
)
def test_lines_that_are_not_modelled(line: str, reason: str) -> None:
    (said,) = added(line).unmodelled.values()
    assert said.startswith(reason)


@pytest.mark.parametrize(
    ("line", "identifier", "own"),
    [
        ("ADD https://host/repo.git /r", "git://host/repo.git", {}),
        ("ADD http://host:8080/a/repo.git#v1 /r", "git://host:8080/a/repo.git#v1", {}),
        ("ADD git://host/repo#v1:a/b /r", "git://host/repo#v1:a/b", {}),
        ("ADD https://host/repo.git#:a /r", "git://host/repo.git#:a", {}),
        ("ADD --keep-git-dir https://host/repo.git /r", "git://host/repo.git", {"git.keepgitdir": "true"}),
        ("ADD --keep-git-dir=false https://host/repo.git /r", "git://host/repo.git", {}),
    ],
)
def test_a_repository_by_a_plain_address(line: str, identifier: str, own: dict[str, str]) -> None:
    """By the source: moby/buildkit client/llb/source.go:Git @ v0.13.2 to v0.32.2.

    `tests/engines/test_key_model_git.py` compares the operations with an engine's, to the byte.
    """
    hypothesis = added(line)
    assert not hypothesis.unmodelled
    assert hypothesis.record.definition is not None
    found = [
        op.source for op in hypothesis.record.definition.ops if op.source and "git" in op.source.identifier
    ]
    fixed = {"git.authheadersecret": "GIT_AUTH_HEADER", "git.authtokensecret": "GIT_AUTH_TOKEN"}
    (address,) = (word.partition("#")[0] for word in line.split() if "://" in word)
    attrs = tuple(sorted({**fixed, "git.fullurl": address, **own}.items()))
    assert [(source.identifier, source.attrs) for source in found] == [(identifier, attrs)]


COMMIT = "0123456789" * 4


def test_a_repository_by_release() -> None:
    """By the source: convert_noaddgit.go @ v0.11.6; convert.go:dispatchCopy @ v0.21.1, v0.22.0."""
    plain, checked = "ADD https://host/r.git /r", f"ADD --checksum={COMMIT} https://host/r.git /r"
    record = reader(PLAIN)

    def reasons(release: str, line: str) -> list[str]:
        assert record.engine is not None
        old = replace(record, engine=replace(record.engine, buildkit_version=release))
        return list(suppose(old, (LineAdded(before_line=0, text=line),)).unmodelled.values())

    assert reasons("0.11.6", plain) == ["ADD of a repository, which BuildKit 0.11 refuses"]
    assert reasons("0.12.5", plain) == []
    assert reasons("0.21.1", checked) == ["--checksum of a repository, which BuildKit takes from 0.22 on"]
    assert reasons("0.22.0", checked) == []


@pytest.mark.parametrize(
    ("words", "fragment", "own"),
    [
        ("?ref=v1.2&keep-git-dir=1", "#v1.2", {"git.keepgitdir": "true"}),
        ("?tag=v1.2&keep-git-dir", "#refs/tags/v1.2", {"git.keepgitdir": "true"}),
        (
            "?branch=refs/heads/main&subdir=c/d&submodules=false",
            "#refs/heads/main:c/d",
            {"git.skipsubmodules": "true"},
        ),
        ("?subdir=c/d&submodules", "#:c/d", {}),
        (f"?commit={COMMIT}", "", {"git.checksum": COMMIT}),
        ("?ref=a&tag=b", None, {}),
        ("?ref=main#main", None, {}),
        ("?ref=", None, {}),
        ("?colour=red", None, {}),
        ("?keep-git-dir=maybe", None, {}),
        ("?ref=a&ref=a", None, {}),
        ("?ref=v1 https://host/other.git", None, {}),
    ],
)
def test_a_repository_with_options(words: str, fragment: str | None, own: dict[str, str]) -> None:
    """Measured with 28.5.2; until 0.23 nothing is said of them."""
    record = reader(PLAIN)
    assert record.engine is not None

    def added_for(release: str) -> Hypothesis:
        assert record.engine is not None
        own_record = replace(record, engine=replace(record.engine, buildkit_version=release))
        line = LineAdded(before_line=0, text=f"ADD https://host/r.git{words} /r/")
        return suppose(own_record, (line,))

    assert added_for("0.23.2").unmodelled
    hypothesis = added_for("0.25.1")
    assert bool(hypothesis.unmodelled) is (fragment is None)
    if fragment is not None:
        assert hypothesis.record.definition is not None
        (found,) = (
            op.source
            for op in hypothesis.record.definition.ops
            if op.source is not None and op.source.identifier.startswith("git:")
        )
        assert found.identifier == f"git://host/r.git{fragment}"
        assert dict(found.attrs) == {
            "git.fullurl": "https://host/r.git",
            "git.authheadersecret": "GIT_AUTH_HEADER",
            "git.authtokensecret": "GIT_AUTH_TOKEN",
            **own,
        }


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("BUILDKIT_SYNTAX", "a frontend that is not the builder's own"),
        ("BUILDKIT_CACHE_MOUNT_NS", "BUILDKIT_CACHE_MOUNT_NS"),
    ],
)
def test_arguments_that_the_frontend_itself_reads(name: str, reason: str) -> None:
    changes = (BuildArgIs(name=name, value="x"), LineAdded(before_line=0, text="RUN new"))
    assert list(suppose(reader(PLAIN), changes).unmodelled.values()) == [reason]


@pytest.mark.parametrize(
    ("version", "reason"), [("", "a BuildKit of unknown version"), ("20.10.24", "a BuildKit before 0.11")]
)
def test_builders_that_are_not_modelled(version: str, reason: str) -> None:
    record = reader(PLAIN)
    assert record.engine is not None
    other = replace(record, engine=replace(record.engine, version=version, buildkit_version=""))
    hypothesis = suppose(other, (LineAdded(before_line=0, text="RUN new"),))
    assert list(hypothesis.unmodelled.values()) == [reason]


def test_a_base_image_that_a_variable_names_otherwise() -> None:
    """The id that the engine found for one image is not that of another one under the same text."""
    record = reader("classic-text-and-variables")
    text = record.request.dockerfile or ""
    hypothesis = suppose(record, (DockerfileIs(text=text), BuildArgIs(name="BASE", value="never:seen")))
    index_of = {step.instruction: step.index for step in hypothesis.record.steps}
    keys = {step.index: step.key for step in keys_in(record, hypothesis).steps}
    assert keys[index_of["FROM ${BASE} AS s1"]].unknown == ("image id of never:seen",)
    assert not keys[index_of["FROM alpine:latest AS s0"]].unknown


@pytest.mark.parametrize(
    ("name", "edit", "made"),
    [
        ("a stage on a stage", lambda text: text.replace("AS base", "AS other"), True),
        ("COPY modes in letters", lambda text: f"FROM scratch AS alpine\nCOPY go.mod /\n{text}", False),
    ],
)
def test_a_base_that_names_something_else_now(name: str, edit: Callable[[str], str], made: bool) -> None:
    """The FROM reads as before: its stage is gone, or there is a stage of its image's name."""
    text = CONSTRUCTS[name]
    record = next(each for _, each in construct_records() if each.request.dockerfile == text)
    steps = suppose(record, (DockerfileIs(text=edit(text)),)).record.steps
    last = max(step.stage for step in steps)
    of_last = [step.instruction for step in steps if step.stage == last]
    assert of_last[0].startswith("FROM") is made
