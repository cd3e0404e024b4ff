"""What goes wrong with starting a private engine is said in words, and leaves nothing."""

import contextlib
import functools
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from engines.traces import engine_names, wait_until_gone

from layerfork.builders.debian.packages import unpack
from layerfork.builders.debian.roots import (
    ensure_root,
    find_toolchain,
    root_path,
    verify_root,
    write_wrappers,
)
from layerfork.builders.engines import open_engine
from layerfork.builders.engines.baseimage import ensure_base_archive
from layerfork.builders.engines.private import docker_startup
from layerfork.builders.namespace import launch
from layerfork.builders.process import run
from layerfork.builders.suites import SUITES
from layerfork.errors import EngineError
from layerfork.record.build import Command

pytestmark = pytest.mark.engine

START = """\
import os
from layerfork.builders.engines import open_engine
from layerfork.errors import EngineError
try:
    with open_engine("private").start(os.environ, print):
        print("ready")
except EngineError as error:
    print(error)
"""
GRAPHDRIVER = functools.partial(docker_startup, "graphdriver")
DROP_CAPABILITY = "import ctypes; assert ctypes.CDLL(None).prctl(24, {number}, 0, 0, 0) == 0\n"
"""prctl 24 is PR_CAPBSET_DROP: root's next program will not have the capability."""
CAP_SYS_ADMIN, CAP_NET_ADMIN = 21, 12


@contextlib.contextmanager
def mounted(place: Path, kind: str, options: str) -> Iterator[None]:
    place.mkdir(parents=True, exist_ok=True)
    mounting = run(
        Command(argv=("mount", "-t", kind, "-o", options, kind, str(place)), env={"PATH": os.defpath})
    )
    assert mounting.ok, mounting.stderr
    try:
        yield
    finally:
        run(Command(argv=("umount", "-l", str(place)), env={"PATH": os.defpath}))


def start_without(capability: int, base: Path) -> str:
    program = (
        f"{DROP_CAPABILITY.format(number=capability)}import os, sys\nos.execv(sys.executable, sys.argv[1:])"
    )
    env = {**os.environ, "LAYERFORK_ENGINE_DIR": str(base)}
    argv = (sys.executable, "-c", program, sys.executable, "-c", START)
    completed = run(Command(argv=argv, env=env), timeout_s=60)
    assert completed.ok, completed.stderr
    return completed.stdout


def test_root_without_the_right_to_make_namespaces_is_told(engine_directory: Path) -> None:
    output = start_without(CAP_SYS_ADMIN, engine_directory)
    assert "cannot be made on this machine" in output
    assert "unshare: not permitted" in output
    assert "--engine host" in output


def test_engine_that_may_not_set_up_a_network_says_so(engine_directory: Path) -> None:
    output = start_without(CAP_NET_ADMIN, engine_directory)
    assert "ready" not in output
    assert "not permitted" in output or "ended with status" in output


def test_data_on_overlay_moves_into_memory(engine_directory: Path, tmp_path: Path) -> None:
    for name in ("lower", "upper", "work"):
        (tmp_path / name).mkdir()
    options = f"lowerdir={tmp_path}/lower,upperdir={tmp_path}/upper,workdir={tmp_path}/work"
    environment = {**os.environ, "LAYERFORK_ENGINE_DIR": str(engine_directory / "e")}
    with mounted(engine_directory, "overlay", options):
        with open_engine("private").start(environment, print) as engine:
            assert engine.info.storage_driver == "overlay2"
            assert engine.image_facts("alpine").image_id
        assert wait_until_gone(engine_directory / "e", set()) == []
    engine_directory.rmdir()


def test_full_disk_is_named(engine_directory: Path) -> None:
    environment = {**os.environ, "LAYERFORK_ENGINE_DIR": str(engine_directory / "e")}
    with mounted(engine_directory, "tmpfs", "size=600k"):
        with (
            pytest.raises(EngineError, match="no space left") as caught,
            open_engine("private").start(environment, print),
        ):
            pass
        assert str(engine_directory) in caught.value.hint
    engine_directory.rmdir()


@pytest.fixture
def broken_root(tmp_path: Path) -> Path:
    """A root whose containerd is a shell script to be written."""
    real = ensure_root(SUITES[0].docker, os.environ, print).path
    root = tmp_path / "root"
    for name in ("usr/bin", "usr/sbin", "proc", "sys", "dev", "run", "tmp", "etc", "var"):
        (root / name).mkdir(parents=True)
    shutil.copy(real / "usr/bin/busybox", root / "usr/bin/busybox")
    return root


def write_containerd(root: Path, text: str) -> None:
    program = root / "usr/bin/containerd"
    program.write_text(f"#!/usr/bin/busybox sh\n{text}\n")
    program.chmod(0o755)


@pytest.mark.parametrize(
    ("script", "message", "details"),
    [
        (
            "echo 'cannot do this' >&2; exit 3",
            "containerd of the private engine ended with status 3",
            "cannot do this",
        ),
        ("echo 'write: no space left on device'; exit 1", "no space left", "write:"),
        ("kill -9 $$", "containerd of the private engine ended with status -9", ""),
    ],
)
def test_daemon_that_ends_early_is_named_with_its_last_words(
    broken_root: Path, engine_directory: Path, script: str, message: str, details: str
) -> None:
    write_containerd(broken_root, script)
    with launch.launched(broken_root, GRAPHDRIVER, engine_directory) as daemons:
        with pytest.raises(EngineError, match=message) as caught:
            launch.await_ready(daemons)
        assert details in caught.value.details


def test_missing_program_is_named(broken_root: Path, engine_directory: Path) -> None:
    with (
        launch.launched(broken_root, GRAPHDRIVER, engine_directory) as daemons,
        pytest.raises(EngineError, match=r"/usr/bin/containerd: No such file"),
    ):
        launch.await_ready(daemons)


def test_engine_that_never_gets_ready_is_given_up(
    broken_root: Path, engine_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "READY_LIMIT_S", 0.5)
    write_containerd(broken_root, "echo thinking; sleep 100")
    with launch.launched(broken_root, GRAPHDRIVER, engine_directory) as daemons:
        names = engine_names(engine_directory)
        with pytest.raises(EngineError, match=r"not ready within 0\.5 s") as caught:
            launch.await_ready(daemons)
        assert "thinking" in caught.value.details
    assert wait_until_gone(engine_directory, names) == []


def test_unreachable_mirror_is_named_and_leaves_no_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    environment = {**os.environ, "LAYERFORK_DEBIAN_MIRROR": "http://127.0.0.1:9/debian"}
    with pytest.raises(EngineError, match="cannot be downloaded") as caught:
        ensure_root(SUITES[0].docker, environment, print)
    assert "LAYERFORK_DEBIAN_MIRROR" in caught.value.hint
    assert "127.0.0.1" in caught.value.details
    assert not root_path(SUITES[0].docker).exists()


def test_damaged_package_is_named(tmp_path: Path) -> None:
    deb = tmp_path / "broken_1_amd64.deb"
    deb.write_bytes(b"!<arch>\n" + bytes(1000))
    with pytest.raises(EngineError, match=r"broken_1_amd64\.deb is damaged"):
        unpack([deb], tmp_path / "root")


FETCH = """\
import os, sys
from layerfork.builders.engines.baseimage import ensure_base_archive
from layerfork.builders.suites import SUITES
from layerfork.builders.debian.roots import ensure_root
if sys.argv[1] == "root":
    print(ensure_root(SUITES[0].docker, os.environ, print).path, flush=True)
else:
    print(ensure_base_archive(os.environ, print), flush=True)
"""


def fetch(what: str, cache: Path) -> subprocess.Popen[str]:
    env = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    return subprocess.Popen(
        [sys.executable, "-c", FETCH, what],
        env=env,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_two_processes_fetch_once(tmp_path: Path) -> None:
    both = [fetch("base", tmp_path), fetch("base", tmp_path)]
    outputs = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum(output.startswith("fetching") for output in outputs) == 1
    assert outputs[0].splitlines()[-1] == outputs[1].splitlines()[-1]
    assert not list(tmp_path.glob("**/*.downloads"))


def test_killed_fetch_is_taken_up_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    users = ensure_base_archive(os.environ, print).read_bytes()
    first = fetch("root", tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = root_path(SUITES[0].docker)
    partial = path.with_name(f".{path.name}.partial")
    give_up = time.monotonic() + 120
    while not partial.exists() and time.monotonic() < give_up:
        time.sleep(0.01)
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    assert not path.exists()
    root = ensure_root(SUITES[0].docker, os.environ, print)
    verify_root(root.path)
    assert sorted(entry.name for entry in path.parent.iterdir()) == [f".{path.name}.lock", path.name]
    assert ensure_base_archive(os.environ, print).read_bytes() == users


def test_programs_run_with_the_roots_own_libraries(tmp_path: Path) -> None:
    """What a machine with an older C library gets: wrappers around the root's own loader."""
    real = ensure_root(SUITES[0].docker, os.environ, print)
    copy = tmp_path / "root"
    copy.mkdir()
    for name in ("usr", "lib64"):
        (copy / name).symlink_to(real.path / name)
    write_wrappers(copy, copy)
    toolchain = find_toolchain(copy, dict(real.packages))
    assert toolchain.docker.parent == copy / "tools"
    assert toolchain.cli_plugins is not None
    for program in (toolchain.docker, toolchain.cli_plugins / "docker-buildx"):
        words = ("--version",) if program.name == "docker" else ("version",)
        completed = run(Command(argv=(str(program), *words), env={"PATH": os.defpath, "HOME": str(tmp_path)}))
        assert completed.ok, completed.stderr
        assert completed.stdout
