"""A commit read from git's objects is what a client would send of a real checkout of it."""

import os
import random
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from unit.builders.commits.repositories import MadeRepository, new_repository

from layerfork.builders.commits.checkout import CheckedOut, Sending, check_out
from layerfork.builders.commits.commitlist import Repository, commits_of, find_repository, output_of
from layerfork.builders.commits.objects import Blobs, Trees
from layerfork.context.clientrules import find_rules
from layerfork.context.manifest import read_context
from layerfork.errors import UsageError
from layerfork.record.context import ContextManifest, EntryType

NAMES = ("a", "b.py", "d/c", "d/e/f", "d/e/g.log", "d.x/h", "left/i", "caf\udce9", "ü")


@pytest.fixture
def made(tmp_path: Path) -> MadeRepository:
    return new_repository(tmp_path / "repository")


def read(
    made: MadeRepository, caches: Path, sending: Sending, below: str = "", trees: Trees | None = None
) -> CheckedOut:
    """The newest commit; ``trees`` are of those before it."""
    repository = find_repository(made.directory / below)
    (*_, newest) = commits_of(repository, "HEAD~1..HEAD")
    return check_out(repository, newest, sending, trees or Trees(repository), Blobs(repository, caches))


def names(found: CheckedOut) -> list[str]:
    return [each.name for each in found.read.manifest.entries]


def told(manifest: ContextManifest) -> ContextManifest:
    """Without times, which a commit does not have."""
    return replace(manifest, entries=tuple(replace(each, mtime_ns=0) for each in manifest.entries))


def edit(source: random.Random, root: Path) -> None:
    """Some change of some file."""
    path = root / source.choice(NAMES)
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = source.choice(("write", "write", "mode", "link", "remove", "ignore"))
    if kind == "ignore":
        (root / ".dockerignore").write_text(source.choice(("left\n*.log\n", "d\n!d/e\n", "**/*.log\n", "")))
    elif kind == "remove":
        path.unlink(missing_ok=True)
    elif kind == "link":
        path.unlink(missing_ok=True)
        path.symlink_to(source.choice(("a", "../a", "nowhere", "d")))
    elif kind == "mode" and path.is_file() and not path.is_symlink():
        path.chmod(path.stat().st_mode ^ 0o111)
    else:
        path.unlink(missing_ok=True)
        path.write_bytes(source.randbytes(source.randrange(40)))


@pytest.mark.parametrize("rules", ["buildkit", "docker-cli", "docker-cli-20.10", "docker-py", "dockerode"])
@pytest.mark.parametrize("seed", [1, 2])
def test_each_commit_is_what_a_checkout_of_it_sends(
    made: MadeRepository, tmp_path: Path, rules: str, seed: int
) -> None:
    source = random.Random(seed)
    (made.directory / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    made.commit()
    sending = Sending(rules=find_rules(rules))
    trees = Trees(find_repository(made.directory))
    for number in range(6):
        for _ in range(4):
            edit(source, made.directory)
        commit = made.commit()
        place = made.check_out(commit, tmp_path / str(number) / "context")
        found = read(made, tmp_path / "cache", sending)
        assert read(made, tmp_path / "cache", sending, trees=trees) == found
        assert told(found.read.manifest) == told(read_context(place, sending.rules).manifest)
        assert found.dockerfile == "FROM scratch\nCOPY . /\n"
        assert found.unmodelled == {}


def test_a_file_may_become_a_directory_and_a_directory_a_file(made: MadeRepository, tmp_path: Path) -> None:
    root, sending = made.directory, Sending(rules=find_rules("buildkit"))
    (root / "y/deep").mkdir(parents=True)
    for path in ("x", "y/z", "y/deep/w", "z"):
        (root / path).write_text(path)
    made.commit()
    made.commit()
    trees = Trees(find_repository(root))
    before = read(made, tmp_path / "cache", sending, trees=trees)
    assert [each.name for each in before.read.manifest.entries] == [
        "x",
        "y",
        "y/deep",
        "y/deep/w",
        "y/z",
        "z",
    ]
    (root / "x").unlink()
    shutil.rmtree(root / "y")
    (root / "x/in").mkdir(parents=True)
    (root / "x/in/side").write_text("new")
    (root / "y").write_text("new")
    made.commit()
    after = read(made, tmp_path / "cache", sending, trees=trees)
    assert names(after) == ["x", "x/in", "x/in/side", "y", "z"]
    assert after == read(made, tmp_path / "cache", sending)


def test_a_context_below_the_top_is_read_alone(made: MadeRepository, tmp_path: Path) -> None:
    for path in ("app/Dockerfile", "app/src/a", "other", "application/b"):
        (made.directory / path).parent.mkdir(parents=True, exist_ok=True)
        (made.directory / path).write_text(path)
    made.commit()
    (made.directory / "app/src/a").write_text("new")
    place = made.check_out(made.commit(), tmp_path / "checkout")
    sending = Sending(rules=find_rules("buildkit"))
    found = read(made, tmp_path / "cache", sending, "app")
    assert told(found.read.manifest) == told(read_context(place / "app", sending.rules).manifest)
    assert [each.name for each in found.read.manifest.entries] == ["Dockerfile", "src", "src/a"]


def test_what_a_checkout_would_convert_is_not_modelled(made: MadeRepository, tmp_path: Path) -> None:
    (made.directory / ".gitattributes").write_text(
        "*.bat eol=crlf\n*.raw -text eol=crlf\n*.big filter=lfs\n*.id ident\n*.txt text=auto\n"
    )
    for name in ("a.bat", "a.raw", "a.big", "a.id", "a.txt", "left.bat"):
        (made.directory / name).write_text("one\ntwo\n")
    (made.directory / ".dockerignore").write_text("left*\n")
    made.commit()
    made.commit()
    found = read(made, tmp_path / "cache", Sending(rules=find_rules("buildkit")))
    assert found.unmodelled == {"a.bat": "eol=crlf", "a.big": "filter=lfs", "a.id": "ident"}
    unknown = {
        each.name
        for each in found.read.manifest.entries
        if each.type is EntryType.FILE and each.content is None
    }
    assert unknown == set(found.unmodelled)
    assert found.read.manifest.complete


def test_submodules_and_git_s_own_directory_are_not_modelled(made: MadeRepository, tmp_path: Path) -> None:
    (made.directory / "a").write_text("a")
    commit = made.commit()
    made.git("update-index", "--add", "--cacheinfo", f"160000,{commit},vendor")
    made.git("commit", "--quiet", "--message", "vendor")
    sending = Sending(rules=find_rules("buildkit"), sends_git=True)
    assert read(made, tmp_path / "cache", sending).unmodelled == {
        "vendor": "submodule",
        ".git": "git's own directory",
    }


def test_a_dockerfile_and_an_ignore_file_may_be_links_or_lie_above(
    made: MadeRepository, tmp_path: Path
) -> None:
    for path in ("app/a", "app/left", "other/Dockerfile", "other/ignore"):
        (made.directory / path).parent.mkdir(parents=True, exist_ok=True)
        (made.directory / path).write_text("left\n" if path.endswith("ignore") else "FROM scratch\n")
    (made.directory / "app" / "Dockerfile").symlink_to("../other/Dockerfile")
    (made.directory / "app" / ".dockerignore").symlink_to("../other/ignore")
    (made.directory / "loop").symlink_to("loop")
    made.commit()
    place = made.check_out(made.commit(), tmp_path / "checkout")
    rules = find_rules("buildkit")
    for dockerfile in ("Dockerfile", "../other/Dockerfile"):
        sending = Sending(rules=rules, dockerfile=dockerfile)
        found = read(made, tmp_path / "cache", sending, "app")
        assert found.dockerfile == "FROM scratch\n"
        assert [each.name for each in found.read.manifest.entries] == [".dockerignore", "Dockerfile", "a"]
        expected = read_context(place / "app", rules, dockerfile=dockerfile).manifest
        assert told(found.read.manifest) == told(expected)
    for dockerfile in ("nowhere", "../loop", "../../Dockerfile", "../other"):
        sending = Sending(rules=rules, dockerfile=dockerfile)
        assert read(made, tmp_path / "cache", sending, "app").dockerfile is None


def test_blobs_are_read_once(made: MadeRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (made.directory / "a").write_text("a")
    made.commit()
    made.commit()
    repository = find_repository(made.directory)
    (commit,) = commits_of(repository, "HEAD~1..HEAD")
    sending = Sending(rules=find_rules("buildkit"))
    blobs = Blobs(repository, tmp_path / "cache")
    first = check_out(repository, commit, sending, Trees(repository), blobs)
    blobs.save()
    again = Blobs(repository, tmp_path / "cache")
    monkeypatch.setattr(again, "_read", lambda ids: pytest.fail(f"read again: {ids}"))
    assert check_out(repository, commit, sending, Trees(repository), again).read == first.read


def test_commits_are_listed_the_oldest_first(made: MadeRepository) -> None:
    made.commit("one")
    made.git("switch", "--quiet", "--create", "side")
    made.commit("beside")
    made.git("switch", "--quiet", "main")
    made.commit("two")
    made.git("merge", "--quiet", "--no-edit", "-m", "three", "side")
    subjects = [each.subject for each in commits_of(find_repository(made.directory), "HEAD~2..HEAD")]
    assert subjects == ["two", "three"]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("HEAD", "HEAD is not a range"),
        ("nowhere..HEAD", "git log: "),
        ("HEAD..HEAD", "HEAD..HEAD contains no commits"),
        ("--output=x..y", "git log: "),
    ],
)
def test_a_bad_range_is_said(made: MadeRepository, wanted: str, said: str) -> None:
    made.commit()
    with pytest.raises(UsageError, match=said):
        commits_of(find_repository(made.directory), wanted)
    assert not (made.directory / "x..y").exists()


def test_what_is_no_repository_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(UsageError, match="not a git repository"):
        find_repository(tmp_path)
    with pytest.raises(UsageError, match="there is no directory"):
        find_repository(tmp_path / "nowhere")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="git"):
        output_of(tmp_path, "version")


def test_a_repository_is_found_from_below(made: MadeRepository) -> None:
    (made.directory / "d" / "e").mkdir(parents=True)
    found = find_repository(made.directory / "d" / "e")
    assert found == Repository(
        directory=made.directory / "d" / "e",
        prefix="d/e/",
        store=Path(os.path.realpath(made.directory / ".git")),
    )
