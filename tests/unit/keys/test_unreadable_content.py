"""Sources that BuildKit refuses, and those of which nobody can tell its digest: an unknown key, no guess."""

from collections.abc import Callable

import pytest
from fakes.contenttrees import files_of, selector

from layerfork.keys import keys_of
from layerfork.keys.buildkit.content_tree import MissingPathError, PatternError, UnmodelledError
from layerfork.keys.unpacked import LinkLoopError
from layerfork.record.context import ContextEntry, EntryType
from layerfork.record.record import BuildRecord
from layerfork.releases import buildkit_rules

A_FILE = ContextEntry(name="a", type=EntryType.FILE, mode=0o644)
TO_ITSELF = ContextEntry(name="l", type=EntryType.SYMLINK, mode=0o777, linkname="l")
TO_ITS_DIRECTORY = ContextEntry(name="here", type=EntryType.SYMLINK, mode=0o777, linkname=".")


@pytest.mark.parametrize(
    ("source", "include", "exclude", "release", "error"),
    [
        ("/nothing", (), (), "0.32.0", MissingPathError),
        ("/[z", (), (), "0.32.0", PatternError),
        ("/[z", (), (), "0.8.3", PatternError),
        ("/", (), ("[z",), "0.32.0", PatternError),
        ("/", ("!",), (), "0.32.0", PatternError),
        ("/l/*.txt", (), (), "0.13.2", LinkLoopError),
        ("/l/*.txt", (), (), "0.32.0", LinkLoopError),
        ("/a*", (), (), "0.9.3", UnmodelledError),
        ("/here", (), (), "0.14.1", UnmodelledError),
    ],
)
def test_selection_fails(
    source: str, include: tuple[str, ...], exclude: tuple[str, ...], release: str, error: type[Exception]
) -> None:
    files = files_of([A_FILE, TO_ITSELF, TO_ITS_DIRECTORY], {"a": b"1"})
    tree = files.tree(buildkit_rules(release, ""), on_disk=False)
    with pytest.raises(error):
        files.digest_of_one(tree, selector(source, include, exclude))


def test_an_implied_directory_below_one_with_the_setgid_bit_has_no_known_mode() -> None:
    above = ContextEntry(name="e", type=EntryType.DIRECTORY, mode=0o2775, gid=50)
    file = ContextEntry(name="e/sub/a", type=EntryType.FILE, mode=0o644)
    files = files_of([above, file], {"e/sub/a": b"1"})
    tree = files.tree(buildkit_rules("0.32.0", ""), on_disk=True)
    with pytest.raises(UnmodelledError):
        files.digest_of_one(tree, selector("/e"))
    assert files.digest_of_one(tree, selector("/e/sub/a"))


def test_keys_of_a_record_say_what_is_unknown(buildkit_record: Callable[..., BuildRecord]) -> None:
    entries = [A_FILE, TO_ITSELF]
    record = buildkit_record("FROM base\nCOPY l/*.txt /l/\nCOPY [z /z/\nCOPY a /a\n", entries)
    unknown = [step.key.unknown for step in keys_of(record).steps]
    assert [bool(each) for each in unknown[1:3]] == [True, True]
