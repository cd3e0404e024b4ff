"""The program that docker finds: what it answers alone, and where it may be written."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from layerfork import __version__
from layerfork.app.dockerplugin import install, plugin_directory, remove
from layerfork.errors import LayerforkError, UsageError


def test_it_lies_where_docker_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    assert plugin_directory({}) == Path("/home/somebody/.docker/cli-plugins")
    assert plugin_directory({"DOCKER_CONFIG": "/etc/docker"}) == Path("/etc/docker/cli-plugins")


def test_it_answers_for_itself_without_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    program = install(tmp_path / "new" / "cli-plugins")
    done = subprocess.run([program, "docker-cli-plugin-metadata"], capture_output=True, text=True, check=True)

    assert json.loads(done.stdout) == {
        "SchemaVersion": "0.1.0",
        "Vendor": "layerfork",
        "Version": __version__,
        "ShortDescription": "Show where a layer cache forks, and why",
    }
    assert [path.name for path in program.parent.iterdir()] == ["docker-layerfork"]
    assert program.stat().st_mode & 0o777 == 0o755


def test_a_layerfork_that_is_gone_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", f"{tmp_path}/it's gone/python")
    program = install(tmp_path)
    done = subprocess.run([program, "layerfork", "why"], capture_output=True, text=True, check=False)

    assert done.returncode == 3
    assert done.stderr.splitlines() == [
        f"docker-layerfork: layerfork is not any more where it was: {tmp_path}/it's gone/python",
        f"hint: install it again and run: layerfork plugin install; or remove {program}",
    ]


def test_it_is_written_again_and_removed_once(tmp_path: Path) -> None:
    assert install(tmp_path) == install(tmp_path)
    assert [remove(tmp_path), remove(tmp_path)] == [True, False]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("do", [install, remove])
def test_a_file_of_somebody_else_is_left_alone(tmp_path: Path, do: object) -> None:
    assert callable(do)
    (tmp_path / "docker-layerfork").write_text("#!/bin/sh\necho mine\n")
    with pytest.raises(UsageError, match="was not written by layerfork: it is left as it is"):
        do(tmp_path)
    assert (tmp_path / "docker-layerfork").read_text() == "#!/bin/sh\necho mine\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not write")
def test_a_directory_that_cannot_be_written_is_named() -> None:
    with tempfile.TemporaryDirectory() as place:  # pytest's own directories are closed to others
        Path(place).chmod(0o755)
        closed = Path(place, "cli-plugins")
        closed.mkdir(mode=0o755)
        os.seteuid(65534)
        try:
            with pytest.raises(LayerforkError) as caught:
                install(closed)
        finally:
            os.seteuid(0)

    assert caught.value.exit_code == 3
    assert str(caught.value).startswith(
        f"cannot write {closed}/docker-layerfork: Permission denied\nhint: name a "
    )


def test_a_file_in_place_of_the_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "cli-plugins").write_text("")
    with pytest.raises(LayerforkError, match=r"cannot make the directory .*/cli-plugins: File exists"):
        install(tmp_path / "cli-plugins")
