"""`layerfork run` end to end: the experiment of 2015 as a person types it."""

from pathlib import Path

import pytest
from engines.running import layerfork, report

from layerfork.record.store.recordfile import read_records

pytestmark = pytest.mark.engine


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
    assert "Versions used: Engine 26.1.5" in done.stdout


def test_what_report_says_of_a_run_is_what_the_run_said(tmp_path: Path) -> None:
    """In every format: nothing that a report needs is missing in the file."""
    file, formats = tmp_path / "run.jsonl", ("html", "svg", "markdown", "junit", "json", "table")
    wanted = [word for each in formats for word in ("--report", f"{each}:{tmp_path / each}")]
    clients = ("--client", "docker_py-context-build", "--client", "docker_py-build")

    layerfork("run", "--engine", "private", *clients, "-o", str(file), *wanted)

    for each in formats:
        again = layerfork("report", str(file), "--format", each)
        assert again.stdout == (tmp_path / each).read_text("utf-8"), each


def test_many_clients_at_a_glance(tmp_path: Path) -> None:
    clients = [f"docker_py-build@{each}" for each in ("1.6.0", "4.4.4", "7.2.0")]
    chosen = [word for each in (*clients, "docker_py-context-build") for word in ("--client", each)]

    done = layerfork(
        *("run", "--engine", "private:20.10", "--engine", "private:28.5", "--no-controls", *chosen)
    )

    assert " A  docker_py-build@1.6-7.2  A         A" in done.stdout.splitlines()
    assert " B  docker_py-context-build  B         B" in done.stdout.splitlines()
    assert "  engines agree" in done.stdout.splitlines()
    assert done.stdout.count("missed: ") == 1
    assert "on all engines" in done.stdout


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
