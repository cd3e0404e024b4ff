"""`layerfork run` end to end: what can go wrong, and what stays then."""

import contextlib
import json
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from engines.running import LAYERFORK, layerfork, report, started

pytestmark = pytest.mark.engine


def test_a_run_that_fails_in_every_client(context: Path) -> None:
    (context / "Dockerfile").write_text("FROM alpine\nRUN echo fine\nRUN exit 7\n")
    document = report(context, "--builder", "classic", code=3)
    assert document["verdict"] == "error"
    assert {build["outcome"] for build in document["builds"]} == {"failed"}
    assert all("7" in build["reason"] for build in document["builds"])


@pytest.mark.parametrize(
    ("dockerfile", "message"),
    [
        (None, "no Dockerfile"),
        ("", "Dockerfile"),
        ("FROM alpine\nNONSENSE here\n", "NONSENSE"),
    ],
)
def test_a_bad_dockerfile_is_named_before_anything_starts(
    tmp_path: Path, dockerfile: str | None, message: str
) -> None:
    if dockerfile is not None:
        (tmp_path / "Dockerfile").write_text(dockerfile)
    done = layerfork("run", tmp_path, "--engine", "private")
    assert done.returncode == 2
    assert message in done.stderr
    assert "hint:" in done.stderr
    assert done.stdout == ""


def test_an_unknown_client_is_named_with_what_is_near() -> None:
    done = layerfork("run", "--client", "docker-biuld")
    assert done.returncode == 2
    assert "docker-build" in done.stderr


def test_a_missing_base_image_is_named(context: Path) -> None:
    (context / "Dockerfile").write_text("FROM no-such-image:9\nRUN true\n")
    done = layerfork("run", context, "--engine", "private")
    assert done.returncode == 3
    assert "no-such-image:9" in done.stderr
    assert "--load" in done.stderr


def test_names_that_are_not_utf8_pass_through(context: Path) -> None:
    (context / "Dockerfile").write_text("FROM alpine\nCOPY . /all/\n")
    (Path(os.fsdecode(os.fsencode(context) + b"/caf\xe9"))).write_bytes(b"latin-1")
    words = ["--builder", "classic", "--client", "docker-build", "--client", "docker-context-build"]
    done = layerfork("run", context, "--engine", "private", "--format", "json", *words)
    assert done.returncode == 1, done.stderr
    assert [build["outcome"] for build in json.loads(done.stdout)["builds"]] == ["succeeded"] * 2


def test_a_client_that_hangs_is_stopped_and_the_others_go_on(context: Path) -> None:
    (context / "Dockerfile").write_text("FROM alpine\nRUN sleep 60\n")
    words = ["--builder", "classic", "--no-controls", "--timeout", "3"]
    clients = ["--client", "docker-build", "--client", "docker_py-build"]
    started = time.monotonic()
    document = report(context, *words, *clients, code=3)
    assert time.monotonic() - started < 40
    assert [build["outcome"] for build in document["builds"]] == ["timed-out"] * 2
    assert "--timeout" in document["builds"][0]["reason"]


def test_ctrl_c_keeps_what_was_measured(context: Path) -> None:
    (context / "Dockerfile").write_text("FROM alpine\nRUN sleep 2\nCOPY . /\nRUN sleep 2\n")
    with started(context) as process:
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        stdout, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    document = json.loads(stdout)
    assert document["builds"][0]["outcome"] == "succeeded"
    assert any("interrupted" in problem for problem in document["problems"])


def test_ctrl_c_is_ignored_where_a_shell_says_so(context: Path) -> None:
    """A script starts it with ``&``: then Ctrl-C is for others."""
    (context / "Dockerfile").write_text("FROM alpine\nRUN sleep 1\n")
    words = ["run", context, "--engine=private", "--builder=classic", "--no-controls"]
    script = 'trap "" INT; exec "$@"'
    command = ["sh", "-c", script, "sh", str(LAYERFORK), *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any("[1/5]" in line for line in process.stderr)
        process.send_signal(signal.SIGINT)
        stdout, _ = process.communicate(timeout=150)
    assert process.returncode in (0, 1)
    assert "interrupted" not in stdout


def test_an_engine_that_dies_keeps_what_was_measured(context: Path) -> None:
    (context / "Dockerfile").write_text("FROM alpine\nRUN sleep 3\nCOPY . /\nRUN sleep 3\n")
    with started(context) as process:
        (dockerd,) = descendants(process.pid, "dockerd")
        os.kill(dockerd, signal.SIGKILL)
        stdout, stderr = process.communicate(timeout=60)
    document = json.loads(stdout)
    assert document["builds"][0]["outcome"] == "succeeded"
    assert document["builds"][1]["outcome"] != "succeeded"
    assert any("engine ended" in problem for problem in document["problems"]), stderr


def descendants(pid: int, name: str) -> list[int]:
    """Process ids below ``pid`` whose program has this name."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            ancestor = int(stat.parent.name)
            if (stat.parent / "comm").read_text().strip() != name:
                continue
            while ancestor > 1:
                if ancestor == pid:
                    found.append(int(stat.parent.name))
                    break
                ancestor = int(Path(f"/proc/{ancestor}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    return found


def test_a_client_that_cannot_be_installed_is_skipped_with_the_reason(context: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache" / "layerfork"
    cache.mkdir(parents=True)
    (cache / "engines").symlink_to(cache_home() / "layerfork" / "engines")
    words = ["--builder=classic", "--client=docker-build", "--client=docker_py-build", "--format=json"]
    done = layerfork(
        "run",
        context,
        "--engine=private",
        *words,
        XDG_CACHE_HOME=str(cache.parent),
        UV_CACHE_DIR=str(tmp_path / "uv"),
        UV_DEFAULT_INDEX="http://127.0.0.1:9/simple",
        UV_HTTP_TIMEOUT="2",
        UV_HTTP_RETRIES="0",
    )
    assert done.returncode == 3, done.stderr  # one build alone compares nothing
    rows = {build["client"]: build for build in json.loads(done.stdout)["builds"]}
    assert rows["docker-build"]["outcome"] == "succeeded"
    assert rows["docker_py-build"]["outcome"] == "skipped"
    assert "could not install docker 7.2.0" in rows["docker_py-build"]["reason"]
    assert "layerfork setup" in rows["docker_py-build"]["reason"]


def cache_home() -> Path:
    """Where this user's caches are."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def test_a_full_disk_is_named(context: Path, tmp_path: Path) -> None:
    (context / "large").write_bytes(bytes(2 << 20))
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small], check=True)
    try:
        done = layerfork("run", context, "--engine", "private", TMPDIR=str(small))
    finally:
        subprocess.run(["umount", small], check=True)
    assert done.returncode == 2, done.stderr
    assert "could not pack build context" in done.stderr
    assert "TMPDIR" in done.stderr
    assert "no space left" in done.stderr


def test_no_permission_for_namespaces_is_named(context: Path) -> None:
    done = subprocess.run(
        [
            *("setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"),
            *(LAYERFORK, "run", context, "--engine=private"),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 3, done.stderr
    assert "hint:" in done.stderr
    assert "namespace" in done.stderr


def test_kill_9_at_any_moment_leaves_nothing(context: Path) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as own:
        (Path(own) / "t").mkdir()
        places = {"TMPDIR": f"{own}/t", "LAYERFORK_ENGINE_DIR": f"{own}/e"}
        for delay in (0.3, 0.7, 1.2, 2.0):
            process = subprocess.Popen(
                [LAYERFORK, "run", context, "--engine", "private", "--builder", "classic"],
                env={**os.environ, **places},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            time.sleep(delay)
            process.kill()
            process.wait()
        words = ["--client", "docker-build", "--no-controls"]
        done = layerfork("run", context, "--engine", "private", *words, **places)
        assert done.returncode == 0, done.stderr
        give_up = time.monotonic() + 20
        while left(Path(own)) and time.monotonic() < give_up:
            time.sleep(0.2)
        assert left(Path(own)) == []


def left(own: Path) -> list[str]:
    """What runs left behind that kept everything in ``own``: files, mounts, processes."""
    files = [str(path) for path in [*(own / "t").glob("*"), *(own / "e").glob("*")]]
    mounts = [line for line in Path("/proc/self/mounts").read_text().splitlines() if str(own) in line]
    processes = []
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = line.read_bytes().decode(errors="replace")
            processes += [words] if str(own) in words else []
    return files + mounts + processes
