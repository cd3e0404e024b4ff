"""An unpacked root is used only while it is what was unpacked."""

import hashlib
import os
from pathlib import Path

import pytest

from layerfork.builders.debian import packages, roots
from layerfork.builders.debian.cachedir import making
from layerfork.builders.debian.roots import ensure_root, read_root, root_path, verify_root
from layerfork.builders.engines import private
from layerfork.builders.suites import SUITES
from layerfork.errors import EngineError
from layerfork.record.build import Command, Completed

DEBS = """\
00  docker.io_26.1.5+dfsg1-9_amd64.deb
00  docker-cli_26.1.5+dfsg1-9_amd64.deb
00  libcap2_1%3a2.75_amd64.deb
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "usr" / "bin").mkdir(parents=True)
    (tmp_path / "usr" / "libexec" / "docker" / "cli-plugins").mkdir(parents=True)
    program = tmp_path / "usr" / "bin" / "docker"
    program.write_bytes(b"program")
    found = program.stat()
    digest = hashlib.sha256(b"program").hexdigest()
    (tmp_path / "FILES").write_text(f"{found.st_size} {found.st_mtime_ns} {digest} usr/bin/docker\n")
    (tmp_path / "DEBS").write_text(DEBS)
    return tmp_path


def test_root_knows_its_packages_and_toolchain(root: Path) -> None:
    found = read_root(root)
    assert dict(found.packages)["libcap2"] == "1:2.75"
    assert found.toolchain.docker == root / "usr/bin/docker"
    assert found.toolchain.cli_plugins == root / "usr/libexec/docker/cli-plugins"
    assert found.toolchain.version == "26.1.5"
    verify_root(root)


def test_wrappers_are_preferred_where_there_are_some(root: Path) -> None:
    (root / "tools" / "cli-plugins").mkdir(parents=True)
    toolchain = read_root(root).toolchain
    assert toolchain.docker == root / "tools/docker"
    assert toolchain.cli_plugins == root / "tools/cli-plugins"


def test_changed_file_is_noticed_at_once(root: Path) -> None:
    (root / "usr/bin/docker").write_bytes(b"another program")
    with pytest.raises(EngineError, match="usr/bin/docker was changed or removed") as caught:
        read_root(root)
    assert str(root) in caught.value.hint


def test_a_change_that_hides_its_time_and_size_is_noticed_at_once(root: Path) -> None:
    program = root / "usr/bin/docker"
    found = program.stat()
    program.write_bytes(b"PROGRAM")
    os.utime(program, ns=(found.st_atime_ns, found.st_mtime_ns))
    with pytest.raises(EngineError, match="usr/bin/docker was changed or removed"):
        read_root(root)


def test_a_file_that_was_only_touched_is_still_the_same(root: Path) -> None:
    program = root / "usr/bin/docker"
    program.chmod(0o700)
    read_root(root)


def test_removed_file_is_noticed_at_once(root: Path) -> None:
    (root / "usr/bin/docker").unlink()
    with pytest.raises(EngineError, match="was changed or removed"):
        read_root(root)


@pytest.mark.parametrize("name", ["FILES", "DEBS"])
def test_missing_list_is_noticed(root: Path, name: str) -> None:
    (root / name).unlink()
    with pytest.raises(EngineError, match="was changed or removed"):
        read_root(root)


def test_damaged_list_is_noticed(root: Path) -> None:
    (root / "FILES").write_text("what\n")
    with pytest.raises(EngineError, match="was changed or removed"):
        read_root(root)


def test_same_size_and_time_with_other_content_is_found_by_verifying(root: Path) -> None:
    program = root / "usr/bin/docker"
    digest = hashlib.sha256(b"original").hexdigest()
    found = program.stat()
    (root / "FILES").write_text(f"{found.st_size} {found.st_mtime_ns} {digest} usr/bin/docker\n")
    read_root(root)
    with pytest.raises(EngineError, match="usr/bin/docker was changed or removed"):
        verify_root(root)


def test_every_generation_has_a_place_of_its_own_in_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    paths = [
        root_path(generation) for suite in SUITES for generation in (suite.docker, suite.podman) if generation
    ]
    assert len(set(paths)) == len(paths)
    assert all(path.parent == Path("/cache/layerfork/engines") for path in paths)


def test_thing_already_made_is_not_made_again(tmp_path: Path) -> None:
    with making(tmp_path / "thing", 0, print) as missing:
        assert missing
        (tmp_path / "thing").mkdir()
    with making(tmp_path / "thing", 0, print) as missing:
        assert not missing


def test_too_little_space_is_said_before_anything_is_fetched(tmp_path: Path) -> None:
    with (
        pytest.raises(EngineError, match="no space left") as caught,
        making(tmp_path / "thing", 1 << 60, print),
    ):
        pytest.fail("made anyway")
    assert "XDG_CACHE_HOME" in caught.value.hint


def test_cache_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EngineError, match="cannot be made") as caught, making(tmp_path / "file/x", 0, print):
        pytest.fail("made anyway")
    assert "XDG_CACHE_HOME" in caught.value.hint


def test_disk_that_fills_up_meanwhile_is_explained(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="No space left on device"), making(tmp_path / "x", 0, print):
        raise OSError(28, "No space left on device")


def test_no_root_user_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(EngineError, match="needs root") as caught:
        private.check_root_user()
    assert "sudo" in caught.value.hint
    assert "--engine host" in caught.value.hint


@pytest.mark.parametrize(("user", "told"), [(0, False), (1000, True)])
def test_who_cannot_run_an_engine_is_told_before_it_is_fetched(
    user: int, told: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []

    def stop(*words: object) -> None:
        raise EngineError("enough was said")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(roots, "_fetch", stop)
    with pytest.raises(EngineError, match="enough was said"):
        ensure_root(SUITES[0].docker, {}, said.append)

    name = f"Docker Engine {SUITES[0].docker.name}"
    needs_root = [f"fetching {name} needs no root; running it does (sudo)"]
    assert said[:-1] == (needs_root if told else [])
    assert said[-1].startswith(f"fetching {name} (Debian ")


URIS = """\
'http://192.0.2.1/debian/pool/main/r/runc/runc_1.1.15_amd64.deb' runc_1.1.15_amd64.deb 2957628 SHA256:00
'http://192.0.2.1/debian/pool/main/t/tini/tini_0.19.0_amd64.deb' tini_0.19.0_amd64.deb 1542400 SHA256:00
"""


def test_how_much_will_be_downloaded_is_said_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def run(command: Command, timeout_s: float) -> Completed:
        done.append(" ".join(command.argv[4:]))
        listed = URIS if "--print-uris" in command.argv else ""
        return Completed(argv=command.argv, returncode=0, stdout=listed, stderr="", seconds=0)

    monkeypatch.setattr(packages, "run", run)
    monkeypatch.setattr(packages, "find_program", Path)
    monkeypatch.setattr(packages, "_keyring", lambda: tmp_path)
    environment = {"LAYERFORK_DEBIAN_MIRROR": "http://192.0.2.1/debian"}
    debs = packages.download("trixie", ("runc", "tini"), tmp_path, environment, done.append)

    assert done == [
        "update --error-on=any",
        "download --print-uris runc tini",
        "downloading 2 packages of Debian trixie, 5 MB",
        "download runc tini",
    ]
    assert debs == [tmp_path / "debs" / name for name in ("runc_1.1.15_amd64.deb", "tini_0.19.0_amd64.deb")]
