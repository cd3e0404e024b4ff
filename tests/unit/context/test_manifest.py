import os
from hashlib import sha256
from pathlib import Path

import pytest

from layerfork.context.clientrules import RULES, find_rules
from layerfork.context.manifest import read_context
from layerfork.context.projectfiles import read_ignore_text
from layerfork.context.walk import scan
from layerfork.errors import UsageError
from layerfork.record.context import ContentSource, ContextEntry, EntryType


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


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
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
        assert rules.id in ("podman-py", "podman-remote", "dockerode", "tar-fs") or found[0].raw_name == (
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
    ("rules_id", "order"),
    [
        ("buildah", ["x.dockerignore", "x.containerignore", ".containerignore", ".dockerignore"]),
        ("podman-remote", [".containerignore", ".dockerignore", "x.dockerignore", "x.containerignore"]),
        ("podman-py", [".containerignore", ".dockerignore"]),
        ("buildkit", ["x.dockerignore", ".dockerignore"]),
        ("docker-cli", [".dockerignore"]),
    ],
)
def test_which_ignore_file_counts(tmp_path: Path, rules_id: str, order: list[str]) -> None:
    """Read in containers/buildah v1.19.6 and v1.39.3, containers/podman v5.4.2 and podman-py 5.8.0."""
    names = {"x.dockerignore", "x.containerignore", ".containerignore", ".dockerignore"}
    for name in names:
        (tmp_path / name).write_text(name)
    found = []
    while text := read_ignore_text(tmp_path, find_rules(rules_id), "x"):
        found.append(text)
        (tmp_path / text).unlink()
    assert found == order


def test_patterns_that_are_not_utf8_are_recorded_as_go_reads_them(context: Path) -> None:
    (context / ".dockerignore").write_bytes(b"caf\xe9\n")
    for rules_id in ("buildah", "tar", "buildkit"):
        assert read_context(context, find_rules(rules_id)).manifest.excludes == ("caf\ufffd",)
