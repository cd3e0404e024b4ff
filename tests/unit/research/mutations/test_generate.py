"""Subjects and mutations: reproducible, and laid out as they say."""

import io
import itertools
import os
import tarfile
from pathlib import Path
from random import Random

import pytest
from today import part_of_today

from layerfork.dockerfile import parse_dockerfile
from layerfork.record.build import Builder
from layerfork.record.context import EntryType
from research.mutations.change import Change
from research.mutations.context_mutations import new_ignore_rule
from research.mutations.generate import _copy, generate
from research.mutations.layout import tar_of, write_directory
from research.mutations.mutate import ALL, mutate
from research.mutations.reads import live_stages, reads, resolve
from research.mutations.subject import Arena, Delivery, Line, Node, Stage, Subject

ARENAS = [
    Arena(builder=builder, delivery=delivery) for builder, delivery in itertools.product(Builder, Delivery)
]


@pytest.mark.parametrize("arena", ARENAS, ids=lambda arena: f"{arena.builder}-{arena.delivery}")
def test_one_seed_is_one_case(arena: Arena) -> None:
    def case() -> tuple[bytes, bytes, str]:
        rng = Random(7)
        subject = generate(rng, arena)
        change = mutate(rng, subject, arena)
        return tar_of(subject), tar_of(change.after), change.name

    assert case() == case()


@pytest.mark.parametrize(
    "arena", part_of_today(ARENAS, 3), ids=lambda arena: f"{arena.builder}-{arena.delivery}"
)
def test_every_mutation_is_found_and_changes_what_is_sent(arena: Arena) -> None:
    found: dict[int, list[Change]] = {number: [] for number in range(len(ALL))}
    for seed, (number, each) in itertools.product(range(24), enumerate(ALL)):
        subject = generate(Random(seed), arena)
        change = each(Random(seed), subject, arena)
        if change is not None:
            assert change.after != subject
            parse_dockerfile(change.after.dockerfile())
            found[number].append(change)
    never = {ALL[number].__name__ for number, changes in found.items() if not changes}
    tar_only = {
        "other_owner_name",
        "other_prefix",
        "type_bits",
        "no_directories",
        "other_order",
        "other_compression",
    }
    allowed = tar_only if arena.delivery is Delivery.DIRECTORY else set()
    allowed |= {"other_heredoc"} if arena.builder is not Builder.BUILDKIT else set()
    # Needs directories that are all as an unpacker makes them, which is rare.
    allowed |= {"no_directories"} if arena.builder is not Builder.CLASSIC else set()
    assert never <= allowed


def test_a_tar_holds_what_the_nodes_say() -> None:
    subject = Subject(
        nodes=(
            Node(path="d", type=EntryType.DIRECTORY, mode=0o775, uid=5),
            Node(path="d/f", data=b"data", mode=0o4755, gid=9, xattrs=(("user.note", b"x"),), mtime=7),
            Node(path="d/l", type=EntryType.SYMLINK, mode=0o777, target="f"),
            Node(path="h", type=EntryType.HARDLINK, target="d/f"),
        ),
        stages=(Stage(name="s0"),),
        ignore=("a",),
    )
    with tarfile.open(fileobj=io.BytesIO(tar_of(subject))) as tar:
        members = {member.name: member for member in tar}
        assert members.keys() == {"d", "d/f", "d/l", "h", "Dockerfile", ".dockerignore"}
        assert (members["d"].mode, members["d"].uid) == (0o775, 5)
        file = members["d/f"]
        assert (file.mode, file.gid, file.mtime) == (0o4755, 9, 7)
        assert file.pax_headers == {"SCHILY.xattr.user.note": "x"}
        assert members["d/l"].linkname == "f"
        assert members["h"].islnk()
        assert members["h"].linkname == "d/f"


@pytest.mark.skipif(os.geteuid() != 0, reason="owners can be set by root only")
def test_a_directory_holds_what_the_nodes_say(tmp_path: Path) -> None:
    for seed in range(20):
        subject = generate(Random(seed), ARENAS[0])
        directory = tmp_path / str(seed)
        write_directory(subject, directory)
        for node in subject.all_nodes():
            found = (directory / node.path).lstat()
            assert found.st_uid == node.uid
            assert found.st_mtime == node.mtime
            if node.type is not EntryType.SYMLINK:
                assert found.st_mode & 0o7777 == node.mode
            if node.type is EntryType.FILE:
                assert (directory / node.path).read_bytes() == node.data


def subject_of(*lines: Line, nodes: tuple[Node, ...] = (), ignore: tuple[str, ...] | None = None) -> Subject:
    return Subject(nodes=nodes, stages=(Stage(name="s0", lines=lines),), ignore=ignore)


NODES = (
    Node(path="a"),
    Node(path="d", type=EntryType.DIRECTORY),
    Node(path="d/b"),
    Node(path="d/l", type=EntryType.SYMLINK, target="../a"),
    Node(path="l", type=EntryType.SYMLINK, target="d/l"),
)


def test_what_is_read_depends_on_the_builder() -> None:
    subject = subject_of(Line(keyword="COPY", words=("d", "/x/")), nodes=NODES)
    by = {a: reads(subject, a).entries for a in ARENAS if a.delivery is Delivery.TAR}
    named = {arena.builder: entries for arena, entries in by.items()}
    assert named[Builder.CLASSIC] == {"d", "d/b", "a"}
    assert named[Builder.BUILDKIT] == {"d", "d/b", "d/l"}
    assert named[Builder.BUILDAH] == {"d/b", "d/l"}


def test_what_is_excluded_is_not_read() -> None:
    line = Line(keyword="COPY", words=("d", "/x/"), flags=("--exclude=b",))
    found = reads(subject_of(line, nodes=NODES), ARENAS[0]).entries
    assert "d/b" not in found
    assert "d" in found


def test_a_step_stands_for_the_line_that_it_ran() -> None:
    """BuildKit says which; the classic builder and Podman count, from the FROM on."""
    subject = Subject(
        nodes=(),
        stages=(
            Stage(name="s0", lines=(Line(keyword="COPY", words=("a", "/")), Line(keyword="RUN", above="\n"))),
        ),
        outer=(Line(keyword="ARG", words=("A",)),),
        comment="one line",
    )
    assert subject.places() == {3: (0, 0), 4: (0, 0), 6: (0, 1)}


def test_links_are_followed_to_their_end() -> None:
    assert resolve({node.path: node for node in NODES}, "l") == "a"


def test_an_ignore_rule_counts_where_somebody_applies_it() -> None:
    nodes = tuple(node for node in NODES if node.type is not EntryType.SYMLINK)
    subject = subject_of(Line(keyword="COPY", words=("d", "/x/")), nodes=nodes)
    expected = {}
    for arena in ARENAS:
        changes = [new_ignore_rule(Random(seed), subject, arena) for seed in range(20)]
        expected[arena.builder, arena.delivery] = any(c.causes for c in changes if c is not None)
    assert expected == {
        (Builder.CLASSIC, Delivery.TAR): False,
        (Builder.CLASSIC, Delivery.DIRECTORY): True,
        (Builder.BUILDKIT, Delivery.TAR): False,
        (Builder.BUILDKIT, Delivery.DIRECTORY): True,
        (Builder.BUILDAH, Delivery.TAR): True,
        (Builder.BUILDAH, Delivery.DIRECTORY): True,
    }


def test_only_the_classic_builder_runs_stages_that_nobody_needs() -> None:
    stages = (Stage(name="s0"), Stage(name="s1"), Stage(name="s2", base="s0"))
    subject = Subject(nodes=(), stages=stages)
    assert live_stages(subject, Builder.CLASSIC) == stages
    assert live_stages(subject, Builder.BUILDKIT) == (stages[0], stages[2])


def test_a_directory_without_a_name_to_exclude_is_copied_whole() -> None:
    nodes = [Node(path="d0", type=EntryType.DIRECTORY), Node(path="d0/x y.txt")]

    line = _copy(Random(1), "exclude", nodes, "a.txt", "/o")

    assert (line.words, line.flags) == (("d0", "/o/"), ())
