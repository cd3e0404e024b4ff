"""What every client of a run gets to build."""

import os
import tarfile
from pathlib import Path

import pytest

from layerfork.builders.environments.workspace import Workspace, make_tar, open_workspace, prepare
from layerfork.errors import LayerforkError, UsageError
from layerfork.record.scenario import Entry, EntryKind, Phase, RunOptions, Scenario


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A context with odd modes, as an umask or a checkout may have made them."""
    source = tmp_path / "source"
    (source / "deep").mkdir(parents=True)
    (source / "Dockerfile").write_text("FROM alpine\n")
    (source / "deep" / "file").write_text("text")
    (source / "deep" / "file").chmod(0o600)
    (source / "deep").chmod(0o700)
    return source


def scenario(source: Path) -> Scenario:
    return Scenario(name="s", context=source, dockerfile=source / "Dockerfile")


def staged(folder: Path, *, other: bool = False) -> Scenario:
    deep = Entry(name=b"deep", kind=EntryKind.DIRECTORY, mode=0o755)
    phase = Phase(
        dockerfile="FROM alpine\n", entries=(deep, Entry(name=b"deep/file", mode=0o640, content=b"text"))
    )
    file = folder / "Dockerfile" if other else folder / "scenario.toml"
    return Scenario(name="s", context=folder, dockerfile=file, phases=(phase,), other_dockerfile=other)


def modes(context: Path) -> dict[str, int]:
    return {
        str(path.relative_to(context)): path.stat().st_mode & 0o7777 for path in sorted(context.rglob("*"))
    }


def test_a_persons_own_directory_is_used_where_it_is(source: Path, tmp_path: Path) -> None:
    before = modes(source)
    found = prepare(scenario(source), tmp_path / "layerfork-run-1234")
    assert (found.context, found.dockerfile) == (source, source / "Dockerfile")
    assert found.name == "1234"
    assert modes(source) == before


def test_a_scenarios_context_is_made_as_its_first_phase_says(tmp_path: Path) -> None:
    root = tmp_path / "layerfork-run-1234"
    root.mkdir()
    before = os.umask(0o077)
    try:
        found = prepare(staged(tmp_path), root)
    finally:
        os.umask(before)
    assert found.context == root / "context"
    assert found.dockerfile == root / "context" / "Dockerfile"
    assert modes(found.context) == {"Dockerfile": 0o644, "deep": 0o755, "deep/file": 0o640}
    assert (found.context / "deep" / "file").read_text() == "text"
    assert found.context.stat().st_mode & 0o777 == 0o755


def test_a_dockerfile_outside_the_context_stays_where_it_is(tmp_path: Path) -> None:
    root = tmp_path / "run"
    root.mkdir()
    found = prepare(staged(tmp_path, other=True), root)
    assert found.dockerfile == tmp_path / "Dockerfile"


def test_every_request_has_a_tag_and_a_home_of_its_own(source: Path, tmp_path: Path) -> None:
    place = Workspace(root=tmp_path, context=source, dockerfile=source / "Dockerfile", name="n")
    options = RunOptions(build_args=(("A", "1"),), labels=(("l", "2"),), target="t")
    first = place.request("docker_py-build@4.4.4", 1, options, ("tar-url", "git-url"))
    second = place.request("Docker-build+classic", 2, options)
    assert first.tag == "layerfork-n/docker-py-build-4.4.4:1"
    assert second.tag == "layerfork-n/docker-build-classic:2"
    assert first.scratch != second.scratch
    assert all((request.scratch / "home").is_dir() for request in (first, second))
    assert (first.build_args, first.labels, first.target) == ((("A", "1"),), (("l", "2"),), "t")
    assert (first.context_url, first.context_git, second.context_url) == ("tar-url", "git-url", "")


def test_a_number_is_used_once(source: Path, tmp_path: Path) -> None:
    place = Workspace(root=tmp_path, context=source, dockerfile=source / "Dockerfile", name="n")
    place.request("docker-build", 1, RunOptions())
    with pytest.raises(FileExistsError):
        place.request("docker-build", 1, RunOptions())


def test_the_workspace_goes_and_the_context_stays(source: Path) -> None:
    with open_workspace(scenario(source)) as place:
        assert place.root.is_dir()
    assert not place.root.exists()
    assert source.is_dir()


def test_the_tar_is_that_of_2015(source: Path, tmp_path: Path) -> None:
    place = Workspace(root=tmp_path, context=source, dockerfile=source / "Dockerfile", name="n")
    make_tar(place)
    with tarfile.open(place.context_tar) as tar:
        assert sorted(tar.getnames()) == [".", "./Dockerfile", "./deep", "./deep/file"]
        assert tar.getmember("./deep/file").mode == 0o600


def test_a_context_that_tar_cannot_read_is_named(tmp_path: Path) -> None:
    place = Workspace(root=tmp_path, context=tmp_path / "c", dockerfile=tmp_path / "Dockerfile", name="n")
    (tmp_path / "c").mkdir()
    (tmp_path / "context.tar").mkdir()
    with pytest.raises(UsageError, match="could not pack build context") as raised:
        make_tar(place)
    assert "readable" in str(raised.value)


def test_a_machine_without_tar_is_told_what_to_install(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.fspath(tmp_path / "nothing"))
    place = Workspace(root=tmp_path, context=source, dockerfile=source / "Dockerfile", name="n")
    with pytest.raises(LayerforkError, match="tar is not installed"):
        make_tar(place)
