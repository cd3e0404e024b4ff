"""A recorded command builds the copy, and leaves nothing behind besides the cache."""

from pathlib import Path

import pytest

from layerfork.builders.replaying import Copied, NoReplayError, on_copy, root_to_copy

COPIED = Copied(source=Path("/srv/app"), target=Path("/copy/app"))


@pytest.mark.parametrize(
    ("argv", "ran_in", "words", "directory"),
    [
        ("docker build .", "/srv/app", "docker build .", "/copy/app"),
        ("docker build -t app -o out --push .", "/srv/app", "docker build .", "/copy/app"),
        ("docker build -tapp --tag=b --target=t .", "/srv/app", "docker build --target=t .", "/copy/app"),
        ("docker build /srv/app", "/root", "docker build /copy/app", "/root"),
        (
            "docker build -f ../srv/app/D ../srv/app",
            "/root",
            "docker build -f /copy/app/D /copy/app",
            "/root",
        ),
        (
            "docker build --file=/srv/app/D sub",
            "/srv/app/x",
            "docker build --file=/copy/app/D sub",
            "/copy/app/x",
        ),
        ("docker build /srv/apple", "/root", "docker build /srv/apple", "/root"),
        ("make image TAG=app -t x", "/srv/app", "make image TAG=app -t x", "/copy/app"),
    ],
)
def test_paths_lead_into_the_copy(argv: str, ran_in: str, words: str, directory: str) -> None:
    assert on_copy(argv.split(), ran_in, COPIED) == (tuple(words.split()), Path(directory))


def test_a_plain_build_needs_its_context_and_its_dockerfile(tmp_path: Path) -> None:
    (tmp_path / "repo" / ".git").mkdir(parents=True)
    app, other = tmp_path / "repo" / "app", tmp_path / "repo" / "docker"
    app.mkdir()
    other.mkdir()
    plain = ("docker", "build", ".")
    assert root_to_copy(str(app), str(app), str(app / "Dockerfile"), plain) == app
    assert root_to_copy(str(app), str(app), str(other / "Dockerfile"), plain) == tmp_path / "repo"
    assert root_to_copy(str(app), str(app), "", ("make", "image")) == tmp_path / "repo"


def test_nobody_copies_a_whole_disk(tmp_path: Path) -> None:
    with pytest.raises(NoReplayError, match="a copy of /"):
        root_to_copy("/srv", "/srv", "/root/Dockerfile", ("docker", "build", "."))
    with pytest.raises(NoReplayError, match="no longer exists"):
        root_to_copy("/", str(tmp_path / "gone"), "", ("docker", "build", "."))


def test_a_cache_takes_the_place_of_the_commands_own() -> None:
    argv = ["docker", "buildx", "build", "--cache-from=type=gha", "--cache-to", "type=gha", "-t", "app", "."]
    words, _ = on_copy(argv, "/srv/app", COPIED, cache="--cache-to=type=local,dest=/c")
    assert words == ("docker", "buildx", "build", "--cache-to=type=local,dest=/c", ".")


def test_variables_before_a_command_are_set() -> None:
    words, _ = on_copy(("DOCKER_BUILDKIT=1", "docker", "build", "-t", "app", "."), "/srv/app", COPIED)
    assert words == ("env", "DOCKER_BUILDKIT=1", "docker", "build", ".")


def test_a_link_of_the_copy_does_not_lead_back(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    target.mkdir()
    (source / "real").write_text("FROM a\n")
    (target / "real").write_text("FROM a\n")
    (target / "absolute").symlink_to(source / "real")
    (target / "relative").symlink_to("real")
    copied = Copied(source=source, target=target)
    assert copied.file(str(source / "relative")) == target / "relative"
    for path in (source / "absolute", tmp_path / "elsewhere"):
        with pytest.raises(NoReplayError, match="out of the copy"):
            copied.file(str(path))
