"""What the GitHub Action installs, really installed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from integrations.scripts import jenkins_scripts, run_gitlab, run_jenkins

import layerfork

TOP = Path(__file__).parents[2]


def install(temp: Path, path: Path, programs: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["bash", "-e", TOP / "integrations" / "github" / "install.sh"],
        env={
            **{name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"},
            "GITHUB_ACTION_PATH": str(TOP),
            "GITHUB_PATH": str(path),
            "PATH": f"{programs}:{os.environ['PATH']}",
            "RUNNER_TEMP": str(temp),
        },
        cwd="/",
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_the_job_gets_the_command_and_nothing_else(tmp_path: Path) -> None:
    path, programs = tmp_path / "path", tmp_path / "programs"
    programs.mkdir()
    (programs / "uv").symlink_to(Path(sys.prefix) / "bin" / "uv")
    first = install(tmp_path, path, programs)
    assert first.returncode == 0, first.stderr
    directory = Path(path.read_text().rstrip("\n"))
    (program,) = directory.iterdir()
    said = subprocess.run([program, "--version"], cwd="/", capture_output=True, text=True, check=False)
    assert said.stdout == f"layerfork {layerfork.__version__}\n", said.stderr
    started = program.resolve().read_bytes().splitlines()[0]
    assert str(tmp_path).encode() in started  # an environment of its own, not the one of these tests
    (programs / "uv").unlink()
    again = install(tmp_path, path, programs)
    assert again.returncode == 0, again.stderr
    assert path.read_text() == f"{directory}\n" * 2


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a machine without layerfork, and a wheel that pip can install there, alone."""
    place = tmp_path_factory.mktemp("wheel")
    uv = Path(sys.prefix) / "bin" / "uv"
    subprocess.run([uv, "build", "-q", "--wheel", "-o", place, TOP], check=True)
    programs = place / "programs"
    programs.mkdir()
    (programs / "python3").symlink_to(sys._base_executable)  # type: ignore[attr-defined]
    (wheel,) = place.glob("*.whl")
    return {
        "PATH": f"{programs}:/usr/bin:/bin",
        "HOME": str(place),
        "PIP_NO_DEPS": "1",
        "PIP_NO_INDEX": "1",
        "LAYERFORK_PACKAGE": str(wheel),
    }


def test_gitlab_installs_it_where_the_image_has_none(elsewhere: dict[str, str], tmp_path: Path) -> None:
    package = elsewhere["LAYERFORK_PACKAGE"]
    job = f"test-{os.getpid()}"
    first = run_gitlab(tmp_path, {**elsewhere, "CI_JOB_ID": job}, "before_script", LAYERFORK_PACKAGE=package)
    installed = Path(f"/tmp/layerfork-{job}")
    try:
        assert first.returncode == 0, first.stdout
        assert (installed / "bin" / "layerfork").is_file()
        again = {**elsewhere, "PATH": f"{elsewhere['PATH']}:{installed}/bin", "CI_JOB_ID": "none"}
        assert run_gitlab(tmp_path, again, "before_script").returncode == 0
        assert not Path("/tmp/layerfork-none").exists()
    finally:
        shutil.rmtree(installed)


def test_jenkins_installs_it(elsewhere: dict[str, str], tmp_path: Path) -> None:
    done = run_jenkins(jenkins_scripts()[0], tmp_path, tmp_path / "tmp", elsewhere)

    assert done.returncode == 0, done.stdout
    assert (tmp_path / "tmp" / "layerfork" / "bin" / "layerfork").is_file()
