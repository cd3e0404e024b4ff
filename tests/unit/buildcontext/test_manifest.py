import os
from hashlib import sha256
from pathlib import Path

import pytest

from layerfork.buildcontext.clientrules import RULES, find_rules
from layerfork.buildcontext.ignore.docker_py import docker_py_paths
from layerfork.buildcontext.ignore.other import dockerode_paths, podman_py_paths
from layerfork.buildcontext.manifest import read_context
from layerfork.buildcontext.selection import buildkit_paths, classic_cli_paths
from layerfork.buildcontext.walk import scan
from layerfork.errors import UsageError
from layerfork.model.context import ContentSource, ContextEntry, EntryType


@pytest.fixture
def context(tmp_path: Path) -> Path:
    root = tmp_path / "context"
    (root / "d" / "sub").mkdir(parents=True)
    (root / "Dockerfile").write_text("FROM a\n")
    (root / ".dockerignore").write_text("d\n!d/sub/keep\nDockerfile\n")
    (root / "d" / "x").write_text("X")
    (root / "d" / "sub" / "keep").write_text("K")
    (root / "a.txt").write_text("hello\n")
    (root / "a.txt").chmod(0o4640)
    (root / "b").symlink_to("nowhere")
    (root / "d" / "sub").chmod(0o700)
    os.link(root / "a.txt", root / "second")
    os.mkfifo(root / "pipe")
    return root


def by_name(root: Path, rules_id: str) -> dict[str, ContextEntry]:
    return {entry.name: entry for entry in read_context(root, find_rules(rules_id)).manifest.entries}


def test_docker_cli(context: Path) -> None:
    sent = by_name(context, "docker-cli")
    assert list(sent) == [".dockerignore", "Dockerfile", "a.txt", "b", "d/sub/keep", "pipe", "second"]
    assert (sent["a.txt"].mode, sent["a.txt"].uid, sent["a.txt"].uname) == (0o4640, 0, "")
    assert sent["a.txt"].content == "sha256:" + sha256(b"hello\n").hexdigest()
    assert sent["a.txt"].content_source is ContentSource.DISK
    assert sent["a.txt"].mtime_ns % 10**9 == 0
    assert (sent["b"].type, sent["b"].linkname) == (EntryType.SYMLINK, "nowhere")
    assert (sent["second"].type, sent["second"].linkname, sent["second"].size) == (
        EntryType.HARDLINK,
        "a.txt",
        0,
    )
    assert by_name(context, "docker-cli-23")["a.txt"].mode == 0o104640


def test_buildkit_sends_the_parents_of_what_is_kept(context: Path) -> None:
    sent = by_name(context, "buildkit")
    assert list(sent) == [".dockerignore", "a.txt", "b", "d", "d/sub", "d/sub/keep", "pipe", "second"]
    assert (sent["d/sub"].mode, sent["d/sub"].typeflag) == (0o700, "")


def test_tar_takes_everything_with_its_owner(context: Path) -> None:
    os.chown(context / "a.txt", 1234, 4321)
    sent = by_name(context, "tar")
    assert next(iter(sent)) == "./"
    assert {"./d/", "./d/x", "./d/sub/keep", "./Dockerfile"} < sent.keys()
    assert (sent["./a.txt"].uid, sent["./a.txt"].gid) == (1234, 4321)
    assert sent["./second"].linkname == "./a.txt"


def test_docker_py_sorts_paths_and_keeps_the_dockerfile(context: Path) -> None:
    (context / ".dockerignore").write_text("d\nDockerfile\n.dockerignore\n")
    sent = by_name(context, "docker-py")
    assert list(sent) == [".dockerignore", "Dockerfile", "a.txt", "b", "pipe", "second"]
    assert sent["a.txt"].mode == 0o4640


def test_tar_fs_masks_modes_and_copies_hard_links(context: Path) -> None:
    sent = by_name(context, "tar-fs")
    assert sent["b"].mode == 0o755
    assert (sent["second"].type, sent["second"].size) == (EntryType.FILE, 6)


def test_podman_py_drops_second_names(context: Path) -> None:
    sent = by_name(context, "podman-py")
    assert "second" not in sent
    assert "pipe" not in sent
    assert "d/" not in sent
    assert sent["a.txt"].uname == "root"


def test_container_ignore_comes_first_for_buildah(context: Path) -> None:
    (context / ".containerignore").write_text("a.txt\n")
    manifest = read_context(context, find_rules("buildah")).manifest
    assert manifest.excludes == ("a.txt",)
    assert "d/x" in {entry.name for entry in manifest.entries}


def test_the_dockerfiles_own_ignore_file_comes_first_for_buildkit(context: Path) -> None:
    (context / "Dockerfile.dockerignore").write_text("*\n!a.txt\n")
    assert list(by_name(context, "buildkit")) == ["a.txt"]


def test_every_family_reads_odd_trees(context: Path) -> None:
    os.mkfifo(os.fsencode(context) + b"/caf\xe9")
    (context / "unreadable").mkdir()
    for rules in RULES:
        names = {entry.name: entry for entry in read_context(context, rules).manifest.entries}
        found = [entry for entry in names.values() if entry.raw_name is not None]
        assert rules.id in ("podman-py", "dockerode", "tar-fs") or found[0].raw_name == (
            rules.prefix.encode() + b"caf\xe9"
        )


def test_unreadable_files_are_a_result_and_no_crash(context: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.open

    def refuse(path: str, *arguments: int) -> int:
        if path.endswith("a.txt"):
            raise PermissionError(13, "Permission denied")
        return real(path, *arguments)

    monkeypatch.setattr(os, "open", refuse)
    read = read_context(context, find_rules("tar"))
    assert not read.manifest.complete
    assert [(problem.path, problem.reason) for problem in read.problems] == [("a.txt", "Permission denied")]
    sent = {entry.name: entry for entry in read.manifest.entries}
    assert sent["./a.txt"].content_source is ContentSource.NOT_SENT


def test_bad_roots(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "dangling").symlink_to("nowhere")
    for name, message in (
        ("absent", "there is no context directory"),
        ("file", "is not a directory"),
        ("dangling", "is a link to nowhere, which does not exist"),
    ):
        with pytest.raises(UsageError, match=message):
            scan(tmp_path / name)


@pytest.mark.parametrize(
    ("version", "text", "kept"),
    [
        ((1, 6), "*.txt\n!keep.txt\n", {"Dockerfile", "d", "d/a.txt", "keep.txt"}),
        ((1, 10), "d\n", {"Dockerfile", "a.txt", "keep.txt"}),
        ((2, 7), "/d\n*.TXT\n", {"Dockerfile"}),
        ((7, 2), "# note\n**/a.*\n", {"Dockerfile", "d", "keep.txt"}),
        ((7, 2), "d\n!d/a.txt\n", {"Dockerfile", "a.txt", "keep.txt", "d/a.txt"}),
        ((7, 2), "*\n", {"Dockerfile"}),
    ],
)
def test_docker_py_versions(tmp_path: Path, version: tuple[int, int], text: str, kept: set[str]) -> None:
    (tmp_path / "d").mkdir()
    for name in ("Dockerfile", "a.txt", "keep.txt", "d/a.txt"):
        (tmp_path / name).write_text("")
    assert docker_py_paths(scan(tmp_path), text, "Dockerfile", version) == kept


def test_dockerode_asks_about_absolute_paths_below_what_is_listed(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    for name in ("a", "d/a", "d/b.log"):
        (tmp_path / name).write_text("")
    tree = scan(tmp_path)
    assert dockerode_paths(tree, "d/a\na\n", ["a", "d"]) == {"d", "d/a", "d/b.log"}
    assert dockerode_paths(tree, "**/*.log\n", ["a", "d"]) == {"a", "d", "d/a"}


def test_podman_py_knows_no_exceptions(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a").write_text("")
    (tmp_path / "x.a").write_text("")
    assert podman_py_paths(scan(tmp_path), "*a\n!x.a\n") == {"d"}


def test_go_clients_differ_where_exceptions_hold_wildcards(tmp_path: Path) -> None:
    (tmp_path / "dd").mkdir()
    (tmp_path / "dd" / "x").write_text("")
    tree = scan(tmp_path)
    assert classic_cli_paths(tree, "dd\n!d*/x\n", "Dockerfile") == []
    assert buildkit_paths(tree, "dd\n!d*/x\n") == ["dd", "dd/x"]
