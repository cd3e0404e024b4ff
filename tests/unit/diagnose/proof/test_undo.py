"""What undoes each cause, on records of real builds: these changes of the reader's build and no others."""

import pytest
from corpus.make import RECORDS

from layerfork.diagnose import JudgedBuild
from layerfork.diagnose.compare.comparable import share_definitions
from layerfork.diagnose.compare.stepwalk import compare
from layerfork.diagnose.proof.counterfactual import Reasoner
from layerfork.diagnose.proof.forks import find_forks
from layerfork.diagnose.proof.weighing import Weighed
from layerfork.keys import keys_of
from layerfork.record.change import (
    BuildArgIs,
    Change,
    EntriesAre,
    EntryIs,
    LabelsAre,
    LineAdded,
    LineIs,
    ModeIs,
    OptionIs,
    PatternsAre,
    RequestIs,
    TransportIs,
    XattrIs,
)
from layerfork.record.context import Transport
from layerfork.record.record import BuildRecord
from layerfork.record.store.recordfile import read_records


def records(name: str) -> tuple[BuildRecord, BuildRecord]:
    writer, reader = read_records(RECORDS / f"{name}.jsonl")
    return writer, reader


def weighed(name: str) -> tuple[Weighed, ...]:
    writer, reader = records(name)
    judged = (
        JudgedBuild(client="writer", record=writer, keys=keys_of(writer)),
        JudgedBuild(client="reader", record=reader, keys=keys_of(reader)),
    )
    return find_forks(Reasoner(comparison=compare(*share_definitions(judged))))


ARG_A = BuildArgIs(name="A", value="1")
UNDONE: dict[str, tuple[Change, ...]] = {
    "classic-build-arg": (ARG_A,),
    "buildkit-build-arg-derived": (ARG_A,),
    "buildah-build-arg-only-reader": (BuildArgIs(name="A", value=None),),
    "buildkit-build-arg-two-of-two": (ARG_A, BuildArgIs(name="B", value="10")),
    "classic-build-arg-swallowed": (BuildArgIs(name="B", value="10"),),
    "classic-proxy": (BuildArgIs(name="http_proxy", value=None),),
    "buildah-proxy": (BuildArgIs(name="http_proxy", value=None),),
    "buildkit-env": (LineIs(line=2, text="ENV E=1", example_line=2),),
    "classic-instruction": (LineIs(line=2, text="RUN echo 1", example_line=2),),
    "buildkit-instruction-added": (LineIs(line=2, text=""),),
    "buildah-instruction-removed": (LineAdded(before_line=2, text="RUN echo 1", example_line=2),),
    "buildkit-instruction-user": (LineIs(line=2, text="USER 1", example_line=2),),
    "classic-label": (LineIs(line=2, text="LABEL a=1", example_line=2),),
    "buildah-label-of-request": (LabelsAre(labels=(("a", "1"),)),),
    "buildkit-run-option-ulimit": (OptionIs(name="ulimit", value=None),),
    "buildkit-run-option-add-host": (OptionIs(name="add-hosts", value=None),),
    "buildkit-mount-shm-size": (OptionIs(name="shm-size", value=None),),
    "buildkit-mount": (LineIs(line=2, text="RUN --mount=type=cache,target=/c id", example_line=2),),
    "buildkit-network": (RequestIs(field="network", value=""),),
    "buildkit-network-of-line": (LineIs(line=2, text="RUN id", example_line=2),),
    "buildkit-platform": (RequestIs(field="platform", value=""),),
    "buildah-image-format": (OptionIs(name="outputformat", value=None),),
    "classic-uid": (EntryIs(path="a", values=(("uid", 0),)),),
    "classic-uid-and-gid": (
        EntryIs(path="a", values=(("uid", 0),)),
        EntryIs(path="a", values=(("gid", 0),)),
    ),
    "classic-mode": (ModeIs(path="a", mask=0o7777, value=0o644),),
    "classic-mode-type-bits": (ModeIs(path="a", mask=~0o7777, value=0),),
    "buildkit-xattr": (XattrIs(path="a", name="user.note", value=None),),
    "classic-link-target": (EntryIs(path="l", values=(("linkname", "a"),)),),
    "classic-entry-name": (EntryIs(path="a", values=(("name", "a"),)),),
    "buildah-entry-extra": (EntriesAre(path="d/y", entries=()),),
    "buildkit-root-header": (TransportIs(transport=Transport.TAR),),
}


@pytest.mark.parametrize("name", UNDONE)
def test_exactly_these_changes(name: str) -> None:
    assert [each for fork in weighed(name) for each in fork.changes] == list(UNDONE[name])


def test_every_entry_that_one_decision_changed() -> None:
    """Other steps then follow from the fork."""
    (fork,) = weighed("classic-uid-of-all")
    changed = {each.path for each in fork.changes if isinstance(each, EntryIs)}
    assert changed == {"a", "d", "d/x"}
    (fork,) = weighed("classic-entry-name-of-all")
    changed = {each.path for each in fork.changes if isinstance(each, EntryIs)}
    assert changed == {"a", "d", "d/x"}


def test_entries_are_what_the_writer_sent() -> None:
    for name, path in (("classic-entry-missing", "d/y"), ("classic-directory-entry", "d")):
        writer, _ = records(name)
        assert writer.context is not None
        (fork,) = weighed(name)
        sent = tuple(each for each in writer.context.entries if each.name.rstrip("/") == path)
        assert fork.changes == (EntriesAre(path=path, entries=sent),)


def test_patterns_come_with_what_they_leave_out() -> None:
    writer, _ = records("classic-ignore-rule")
    assert writer.context is not None
    (fork,) = weighed("classic-ignore-rule")
    entries, patterns = fork.changes
    assert isinstance(entries, EntriesAre)
    assert entries.path == "d/y"
    assert patterns == PatternsAre(patterns=writer.context.excludes)


def test_content_comes_with_its_size() -> None:
    writer, _ = records("classic-content-and-mode")
    assert writer.context is not None
    entry = next(each for each in writer.context.entries if each.name == "a")
    (fork,) = weighed("classic-content-and-mode")
    content = next(each for each in fork.changes if isinstance(each, EntryIs))
    assert dict(content.values) == {"content": entry.content, "size": entry.size}


def test_what_does_not_matter_is_said_aside() -> None:
    (fork,) = weighed("classic-build-arg-swallowed")
    assert [finding.path for _, finding in fork.claims] == ["B"]
    assert [finding.path for finding in fork.unneeded] == ["A"]


def test_what_follows_is_said_aside() -> None:
    (fork,) = weighed("buildkit-build-arg-derived")
    assert [finding.path for _, finding in fork.claims] == ["A"]
    assert [finding.path for finding in fork.derived] == ["B"]
    assert fork.unneeded == ()
