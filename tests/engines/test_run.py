"""`layerfork run` end to end: real clients, a real engine, the command as a person types it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from layerfork.harness.evidence import read_records

pytestmark = pytest.mark.engine
LAYERFORK = Path(sys.executable).with_name("layerfork")


def layerfork(*words: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run the command and wait for it."""
    return subprocess.run(
        [LAYERFORK, *map(str, words)],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=240,
        check=False,
    )


def report(*words: str | Path, code: int) -> dict[str, Any]:
    """The JSON document of a private run that ends with ``code``."""
    done = layerfork("run", "--engine", "private", "--format", "json", *words)
    assert done.returncode == code, done.stderr + done.stdout
    document: dict[str, Any] = json.loads(done.stdout)
    return document


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """A context of its own, with the Dockerfile of the experiment."""
    (tmp_path / "Dockerfile").write_text("FROM alpine\nRUN echo one\nCOPY data.txt /\nRUN echo two\n")
    (tmp_path / "data.txt").write_text("data\n")
    return tmp_path


def test_the_2015_experiment_on_the_classic_builder(tmp_path: Path) -> None:
    records = tmp_path / "records.jsonl"
    document = report("--builder", "classic", "-o", records, code=1)
    assert document["verdict"] == "forked"
    assert document["classes"] == [
        ["docker_py-context-build", "docker-context-build"],
        ["docker_py-build", "docker-compose-build", "docker-build"],
    ]
    (fork,) = document["forks"]
    assert (fork["writer"], fork["reader"]) == ("docker_py-context-build", "docker_py-build")
    assert (fork["step"], fork["consequences"]) == (3, [4])
    assert fork["instruction"] == "COPY important.txt /"
    (cause,) = fork["causes"]
    assert (cause["code"], cause["status"]) == ("entry-name", "PROVEN")
    assert (cause["writer"], cause["reader"]) == ("./important.txt", "important.txt")
    assert fork["seconds_lost"] > 0
    assert all(build["control"] == "hit" for build in document["builds"])
    assert [record.client.id for record in read_records(records)] == [
        build["client"] for build in document["builds"]
    ]
    assert all(record.complete for record in read_records(records))


def test_the_table_of_2015_as_text() -> None:
    done = layerfork("run", "--engine", "private", "--builder", "classic", "--no-controls")
    rows = {
        name.strip(): cells
        for name, colon, cells in (line.partition(": [") for line in done.stdout.splitlines())
        if colon
    }
    assert list(rows) == [
        "docker_py-context-build",
        "docker_py-build",
        "docker-compose-build",
        "docker-context-build",
        "docker-build",
    ]
    ids = {name: cells.strip("]").replace("'", "").split(", ") for name, cells in rows.items()}
    first = ids["docker_py-context-build"]
    assert all(cells[:2] == first[:2] for cells in ids.values())
    assert ids["docker-context-build"] == first
    assert ids["docker-build"] == ids["docker_py-build"] != first
    assert ids["docker-compose-build"][:4] == ids["docker-build"]
    assert "PROVEN entry-name" in done.stdout
    assert "does not hold here" in done.stdout
    assert "Server Version: 26.1.5" in done.stdout


def test_the_clients_defaults_are_two_caches() -> None:
    document = report(code=1)
    builders = {build["client"]: build["builder"] for build in document["builds"]}
    assert builders["docker-build"] == builders["docker-compose-build"] == "buildkit"
    assert builders["docker_py-build"] == "classic"
    causes = {cause["code"]: fork for fork in document["forks"] for cause in fork["causes"]}
    assert causes["builder"]["step"] == 1
    assert causes["builder"]["miss_kind"] == "other-builder"


@pytest.mark.parametrize("builder", ["classic", "buildkit"])
def test_layers_of_random_runs_confirm_what_the_wire_said(builder: str, tmp_path: Path) -> None:
    records = tmp_path / "records.jsonl"
    words = [
        "--client",
        "docker-build",
        "--client",
        "docker-context-build",
        "--client",
        "docker-compose-build",
    ]
    document = report(
        "seed-random", "--builder", builder, "-o", records, *words, code=int(builder == "classic")
    )
    assert [caution for caution in document["warnings"] if caution["code"] == "contradiction"] == []
    first, second, third = (
        record.result.image.diff_ids for record in read_records(records) if record.result.image is not None
    )
    assert third[:4] == first[:4]
    assert (second == first) == (builder == "buildkit")
    assert second[:2] == first[:2]


def test_a_directory_with_arguments_labels_and_a_target(context: Path) -> None:
    (context / "Dockerfile").write_text(
        "FROM alpine AS base\nARG WORD=none\nRUN echo $WORD\nCOPY data.txt /\n"
        "FROM base AS extra\nRUN exit 1\n"
    )
    words = ["--target", "base", "--build-arg", "WORD=given", "--label", "who=me", "--no-controls"]
    document = report(context, "--builder", "classic", *words, code=1)
    assert [build["outcome"] for build in document["builds"]] == ["succeeded"] * 5
    steps = [step["instruction"] for step in document["builds"][0]["steps"]]
    assert any("LABEL" in step and "who" in step for step in steps)
    assert not any("exit 1" in step for step in steps)


def test_a_client_that_cannot_is_listed_with_the_reason(context: Path) -> None:
    document = report(
        context, "--builder", "buildkit", "--client", "docker-build", "--client", "docker_py-build", code=0
    )
    rows = {build["client"]: build for build in document["builds"]}
    assert rows["docker_py-build"]["outcome"] == "unsupported"
    assert "BuildKit" in rows["docker_py-build"]["reason"]
    assert rows["docker-build"]["outcome"] == "succeeded"


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


def test_ctrl_c_keeps_what_was_measured(context: Path, tmp_path: Path) -> None:
    (context / "Dockerfile").write_text("FROM alpine\nRUN sleep 2\nARG LATER=0\nRUN sleep $LATER\nCOPY . /\n")
    process = subprocess.Popen(
        [
            LAYERFORK,
            "run",
            context,
            "--engine",
            "private",
            "--builder",
            "classic",
            "--no-controls",
            "--format",
            "json",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "[1/5]" in line:
            break
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    stdout, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    document = json.loads(stdout)
    assert document["builds"][0]["outcome"] == "succeeded"
    assert any("interrupted" in problem for problem in document["problems"])


def test_an_engine_that_dies_keeps_what_was_measured(context: Path, tmp_path: Path) -> None:
    (context / "Dockerfile").write_text("FROM alpine\nRUN sleep 3\nCOPY . /\nRUN sleep 3\n")
    engines = tmp_path / "engines"
    engines.mkdir()
    process = subprocess.Popen(
        [
            LAYERFORK,
            "run",
            context,
            "--engine",
            "private",
            "--builder",
            "classic",
            "--no-controls",
            "--format",
            "json",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "[1/5]" in line:
            break
    dockerd = descendants(process.pid, "dockerd")
    assert dockerd
    os.kill(dockerd[0], signal.SIGKILL)
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
    assert "No space left" in done.stderr


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


@pytest.mark.parametrize("builder", ["classic", "buildkit"])
def test_contexts_from_a_url_and_from_git_are_served(builder: str) -> None:
    clients = ["--client=docker-build", "--client=docker-url-build"]
    clients += ["--client=docker-git-build"] if builder == "classic" else []
    document = report("--builder", builder, *clients, code=int(builder == "classic"))
    assert [build["outcome"] for build in document["builds"]] == ["succeeded"] * len(clients)
    assert [build["control"] for build in document["builds"]] == ["hit"] * len(clients)
    expected = [["docker-build", "docker-git-build"], ["docker-url-build"]]
    assert document["classes"] == (
        expected if builder == "classic" else [["docker-build", "docker-url-build"]]
    )


def test_a_client_of_ones_own_is_a_full_citizen(context: Path) -> None:
    own = "mine=docker build -q -t {tag} {context}"
    document = report(context, "--builder", "classic", "--client", own, "--client", "docker-build", code=0)
    assert document["classes"] == [["mine", "docker-build"]]


def test_a_docker_cli_of_another_generation_forks_by_its_mode(context: Path) -> None:
    clients = ["--client", "docker-build@20.10.24", "--client", "docker-build"]
    document = report(context, "--builder", "classic", *clients, code=1)
    ((cause,),) = (fork["causes"] for fork in document["forks"])
    assert (cause["code"], cause["status"]) == ("mode-type-bits", "PROVEN")


def test_engines_side_by_side_and_resumed(context: Path, tmp_path: Path) -> None:
    file = tmp_path / "records.jsonl"
    words = ["--engine=private:20.10", "--engine=private", "--builder=classic", "--format=json"]
    clients = ["--client=docker-build", "--client=docker_py-build", "--no-controls"]
    first = layerfork("run", context, *words, *clients, "-o", file)
    assert first.returncode == 1, first.stderr
    document = json.loads(first.stdout)
    assert document["schema"] == "layerfork/matrix/1"
    verdicts = {run["engine"]["version"][:5]: run["verdict"] for run in document["runs"]}
    assert verdicts == {"20.10": "forked", "26.1.": "reused"}
    again = layerfork("run", context, *words, *clients, "--resume", file)
    assert again.stderr.count("taken from the earlier run") == 2
    assert json.loads(again.stdout)["runs"] == document["runs"]


def test_a_plan_builds_nothing(context: Path) -> None:
    done = layerfork(
        "run", context, "--engine=private", "--plan", "--client=docker-build", "--client=podman-build"
    )
    assert done.returncode == 0, done.stderr
    assert "1 builds" in done.stdout
    assert "podman-build: podman-build builds with podman only" in done.stdout
