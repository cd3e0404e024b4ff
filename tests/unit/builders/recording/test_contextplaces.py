"""Which directories a context may have been sent from."""

import os
import shutil
from pathlib import Path

import pytest

from layerfork.builders.recording.contextplaces import ClientProcess, find_places
from layerfork.record.context import ContentSource, ContextEntry, ContextManifest, EntryType, Transport

EXACT_NS = 1_700_000_000_123_456_789
ROUND_NS = 1_700_000_000_000_000_000


def find_directories(manifest: ContextManifest, processes: list[ClientProcess]) -> tuple[Path, ...]:
    return tuple(place.directory for place in find_places(manifest, processes))


def lay_out(directory: Path, text: str = "text", time_ns: int = EXACT_NS) -> Path:
    directory.mkdir(parents=True)
    (directory / "file").write_text(text)
    (directory / "file").chmod(0o640)
    os.utime(directory / "file", ns=(time_ns, time_ns))
    return directory


def manifest_of(directory: Path, name: str = "") -> ContextManifest:
    found = (directory / "file").lstat()
    entry = ContextEntry(
        name="file",
        type=EntryType.FILE,
        mode=0o640,
        size=found.st_size,
        mtime_ns=found.st_mtime_ns,
        content_source=ContentSource.NOT_SENT,
    )
    return ContextManifest(transport=Transport.FILE_SYNC, entries=(entry,), directory_name=name)


def process(directory: Path, *argv: str) -> ClientProcess:
    return ClientProcess(directory=directory, argv=argv)


@pytest.mark.parametrize(
    "words",
    [
        ("docker", "build", "{}"),
        ("docker", "buildx", "build", "--build-context=docs={}", "."),
        ("docker", "buildx", "build", "--opt", "type=local,src={}"),
    ],
)
def test_a_directory_of_the_command_line(tmp_path: Path, words: tuple[str, ...]) -> None:
    context = lay_out(tmp_path / "elsewhere" / "ctx")
    (tmp_path / "cwd").mkdir()
    for place in (str(context), "../elsewhere/ctx"):
        argv = [word.format(place) for word in words]
        (found,) = find_directories(manifest_of(context), [process(tmp_path / "cwd", *argv)])
        assert found.samefile(context)


def test_what_a_command_line_names_wins_over_what_lies_around(tmp_path: Path) -> None:
    context, copy = lay_out(tmp_path / "ctx"), lay_out(tmp_path / "copy")
    assert find_directories(manifest_of(context), [process(tmp_path, "docker", "build", "ctx")]) == (context,)
    found = find_directories(manifest_of(context), [process(tmp_path, "make")])
    assert sorted(found) == [copy, context]


def test_below_the_directory_of_a_process_or_of_a_file_that_it_names(tmp_path: Path) -> None:
    context = lay_out(tmp_path / "project" / "services" / "one")
    (tmp_path / "project" / "compose.yaml").touch()
    (tmp_path / "cwd").mkdir()
    words = ("compose", "-f", "../project/compose.yaml", "build")
    for client in (process(tmp_path / "project"), process(context), process(tmp_path / "cwd", *words)):
        (found,) = find_directories(manifest_of(context), [client])
        assert found.samefile(context)
    assert find_directories(manifest_of(context), [process(tmp_path / "cwd", "compose")]) == ()


def test_only_directories_with_the_name_that_the_session_says(tmp_path: Path) -> None:
    context, copy = lay_out(tmp_path / "ctx"), lay_out(tmp_path / "copy")
    named = manifest_of(context, name="ctx")
    assert find_directories(named, [process(tmp_path)]) == (context,)
    assert find_directories(named, [process(tmp_path, "docker", "build", "copy")]) == (context,)
    assert find_directories(named, [process(copy, "docker", "build", ".")]) == ()
    assert find_directories(named, [process(context, "docker", "build", ".")]) == (context / ".",)


def test_a_link_has_the_name_that_it_was_given(tmp_path: Path) -> None:
    lay_out(tmp_path / "real")
    (tmp_path / "ctx").symlink_to("real")
    assert find_directories(manifest_of(tmp_path / "real", "ctx"), [process(tmp_path)]) == (tmp_path / "ctx",)


@pytest.mark.parametrize("changed", ["size", "time", "mode", "type", "gone"])
def test_a_directory_whose_files_are_no_longer_as_announced_is_another(tmp_path: Path, changed: str) -> None:
    context = lay_out(tmp_path / "ctx")
    manifest = manifest_of(context)
    file = context / "file"
    assert find_directories(manifest, [process(context)]) != ()
    match changed:
        case "size":
            file.write_text("longer text")
            os.utime(file, ns=(EXACT_NS, EXACT_NS))
        case "time":
            os.utime(file, ns=(EXACT_NS + 1, EXACT_NS + 1))
        case "mode":
            file.chmod(0o600)
        case "type":
            file.rename(context / "other")
            file.symlink_to("other")
        case "gone":
            file.unlink()
    assert find_directories(manifest, [process(context, "docker", "build", ".")]) == ()


def test_times_that_a_tool_has_set_prove_nothing_about_a_directory_that_nobody_named(tmp_path: Path) -> None:
    context = lay_out(tmp_path / "ctx", time_ns=ROUND_NS)
    assert find_directories(manifest_of(context), [process(tmp_path, "make")]) == ()
    assert find_directories(manifest_of(context, "ctx"), [process(tmp_path, "make")]) == (context,)
    assert find_directories(manifest_of(context), [process(tmp_path, "docker", "build", "ctx")]) == (context,)


def test_nothing_that_cannot_be_read_stops_the_search(tmp_path: Path) -> None:
    context = lay_out(tmp_path / "ctx")
    gone = lay_out(tmp_path / "gone")
    shutil.rmtree(gone)
    (tmp_path / "loop").symlink_to("loop")
    words = ("build", "loop", "no/such", "x" * 5000, "--flag=", "")
    assert find_directories(manifest_of(context), [process(gone), process(tmp_path, *words)]) == (context,)
