"""The context as it is served: the very tar, and a repository that can be cloned."""

import os
import subprocess
import tarfile
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from layerfork.builders.environments.served import cloned_tar, make_repository, served_context
from layerfork.builders.environments.workspace import Workspace, make_tar
from layerfork.builders.process import find_program
from layerfork.errors import ClientError

needs_git = pytest.mark.skipif(find_program("git") is None, reason="there is no git on this machine")


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    context = tmp_path / "context"
    context.mkdir()
    (context / "Dockerfile").write_text("FROM alpine\n")
    (context / "run.sh").write_text("true\n")
    (context / "run.sh").chmod(0o700)
    (context / ".gitignore").write_text("run.sh\n")
    (context / ".gitattributes").write_text("Dockerfile export-ignore\n")
    place = Workspace(root=tmp_path, context=context, dockerfile=context / "Dockerfile", name="n")
    make_tar(place)
    return place


def git(*words: str | Path, directory: Path) -> str:
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    done = subprocess.run(
        ["git", *map(str, words)], cwd=directory, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_tar_is_served_byte_for_byte_while_it_is_open(place: Workspace) -> None:
    with served_context(place, None) as served:
        with urllib.request.urlopen(served.tar_url) as answer:
            assert answer.read() == place.context_tar.read_bytes()
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(served.tar_url.replace("context.tar", "other.tar"))
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(served.tar_url)


@needs_git
@pytest.mark.parametrize("depth", [(), ("--depth=1",)])
def test_a_clone_has_every_file_whatever_the_context_says_to_git(
    place: Workspace, tmp_path: Path, depth: tuple[str, ...]
) -> None:
    with served_context(place, None) as served:
        git("clone", "--quiet", *depth, served.git_url, tmp_path / "clone", directory=tmp_path)
    clone = tmp_path / "clone"
    assert {path.name for path in clone.iterdir()} - {".git"} == {
        path.name for path in place.context.iterdir()
    }
    assert git("log", "--format=%an %s %at", directory=clone) == "layerfork context 0\n"


@needs_git
def test_the_tar_of_the_clone_is_what_an_engine_finds(place: Workspace, tmp_path: Path) -> None:
    assert make_repository(place.context, tmp_path / "r.git", place.context_tar)
    with tarfile.open(cloned_tar(place.context_tar)) as tar:
        modes = {member.name: member.mode for member in tar.getmembers()}
    assert modes == {"Dockerfile": 0o644, "run.sh": 0o755, ".gitignore": 0o644, ".gitattributes": 0o644}


@needs_git
def test_what_git_refuses_is_told_in_its_words(place: Workspace, tmp_path: Path) -> None:
    """A repository without a commit inside the context cannot be added."""
    git("init", "--quiet", "inner", directory=place.context)
    with pytest.raises(ClientError, match="could not make a git repository") as raised:
        make_repository(place.context, tmp_path / "r.git", place.context_tar)
    assert "inner/" in str(raised.value)


def test_a_machine_without_git_has_no_repository(
    place: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with served_context(place, None) as served:
        assert served.git_url == ""
        assert served.tar_url


def test_a_namespace_that_is_gone_is_named(place: Workspace, tmp_path: Path) -> None:
    with (
        pytest.raises(ClientError, match="cannot serve the context"),
        served_context(place, tmp_path / "net"),
    ):
        pass
