"""What is said about an exported cache before a build agrees with what an engine then reuses of it."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from engines.remotecaches import Desk, desk_on
from today import engines_of_today

from layerfork.app.cache import inspect_cache
from layerfork.builders.caches.cacheconfig import read_cache
from layerfork.builders.caches.cachedsteps import find_steps
from layerfork.builders.caches.exported import exported_manifest
from layerfork.builders.caches.forecast import Imported, import_steps
from layerfork.builders.caches.opening import open_cache
from layerfork.cli import call
from layerfork.errors import ExitCode
from layerfork.record.prediction import CacheState
from layerfork.record.record import BuildOutcome, BuildRecord
from layerfork.record.store.recordfile import RecordFile

pytestmark = pytest.mark.engine

STAGES = """\
FROM alpine AS one
RUN echo x >/x
COPY a.txt /
FROM alpine
WORKDIR /w
RUN echo y >/y
COPY --from=one /x /
COPY b.txt /b
RUN echo {} >/z
"""
KINDS = {
    "local max": ("type=local,dest={dir}/max,mode=max", "type=local,src={dir}/max"),
    "local min": ("type=local,dest={dir}/min,mode=min", "type=local,src={dir}/min"),
    "registry max": ("type=registry,ref={at}/cache:max,mode=max", "type=registry,ref={at}/cache:max"),
    "registry index": (
        "type=registry,ref={at}/cache:old,mode=max,image-manifest=false,oci-mediatypes=false",
        "type=registry,ref={at}/cache:old",
    ),
    "inline": ("type=inline", "type=registry,ref={at}/image:1"),
}


@pytest.fixture(scope="module", params=engines_of_today("private:26.1+containerd", "private:28.5+containerd"))
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk_on(request.param, tmp_path_factory.mktemp("caches")) as found:
        yield found


def export(desk: Desk, kind: str, dockerfile: str) -> BuildRecord:
    """Build with an empty cache, and export; again only where something else lies there by now."""
    if kind in desk.exports and desk.exports[kind].request.dockerfile == dockerfile:
        desk.write(dockerfile, **{"a.txt": "a", "b.txt": "b"})
        return desk.exports[kind]
    desk.write(dockerfile, **{"a.txt": "a", "b.txt": "b"})
    desk.engine.reset()
    tag = f"{desk.inside}/image:1" if kind == "inline" else "x"
    record = desk.build("--cache-to", KINDS[kind][0].format(dir=desk.directory, at=desk.inside), tag=tag)
    assert record.result.outcome is BuildOutcome.SUCCEEDED, record.result.error
    if kind == "inline":
        desk.push(tag)
    desk.exports[kind] = record
    return record


def predict(desk: Desk, kind: str, record: BuildRecord) -> tuple[Imported, ...]:
    """For a build like the recorded one on an engine whose cache is empty."""
    source = open_cache(KINDS[kind][1].format(dir=desk.directory, at=desk.outside))
    return import_steps(find_steps(record, read_cache(source), source))


def predict_tree(
    desk: Desk, capsys: pytest.CaptureFixture[str], tmp_path: Path, kind: str, record: BuildRecord
) -> list[dict[str, Any]]:
    """What the command says of the tree as it is now."""
    with RecordFile(tmp_path / "record.jsonl") as file:
        file.add(record)
    place = KINDS[kind][1].format(dir=desk.directory, at=desk.outside)
    words = ["predict", str(desk.context), "--against", str(tmp_path / "record.jsonl"), "--cache-from", place]
    capsys.readouterr()
    assert call([*words, "--format", "json"]) == ExitCode.FORKED
    steps: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["steps"]
    return steps


def import_(desk: Desk, kind: str) -> BuildRecord:
    desk.engine.reset()
    return desk.build("--cache-from", KINDS[kind][1].format(dir=desk.directory, at=desk.inside))


def happened(record: BuildRecord) -> list[str]:
    return [step.status.value for step in record.steps]


def foreseen(steps: tuple[Imported, ...]) -> list[str]:
    return [step.forecast.value for step in steps]


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_build_again(desk: Desk, kind: str) -> None:
    predicted = predict(desk, kind, export(desk, kind, STAGES.format("z")))
    assert foreseen(predicted) == happened(import_(desk, kind)) == ["hit"] * 9
    states = [step.found.state for step in predicted]
    left_out = CacheState.PRESENT if kind.endswith("max") or "index" in kind else CacheState.NOT_EXPORTED
    assert [states[1], states[2]] == [left_out] * 2


EDITS = {
    "b.txt": (STAGES.format("z"), ["hit"] * 7 + ["miss", "miss"]),
    "RUN": (STAGES.format("z").replace("echo y", "echo other"), ["hit"] * 5 + ["miss"] * 4),
    "last RUN": (STAGES.format("other"), ["hit"] * 8 + ["miss"]),
}


@pytest.mark.parametrize(
    ("kind", "edit"),
    [
        ("local max", "b.txt"),
        ("local min", "RUN"),
        ("registry max", "last RUN"),
        ("inline", "b.txt"),
    ],
)
def test_a_tree_that_is_another_now(
    desk: Desk, capsys: pytest.CaptureFixture[str], tmp_path: Path, kind: str, edit: str
) -> None:
    """Predicted from the build that exported, before the next one is made."""
    record = export(desk, kind, STAGES.format("z"))
    if kind == "registry max":
        # Nobody asks a builder in a container about images: what the cache was made on tells.
        record = replace(record, base_images=())
    text, expected = EDITS[edit]
    desk.write(text, **({"b.txt": "other"} if edit == "b.txt" else {}))
    steps = predict_tree(desk, capsys, tmp_path, kind, record)
    reality = happened(import_(desk, kind))
    predicted = [step["prediction"] for step in steps]
    if kind == "local min":
        # What a stage without layers left is made anew, and files are read of it.
        expected = ["hit", "miss", "miss", *expected[3:]]
    assert predicted == reality == expected


def test_a_second_export_takes_the_place_of_the_first(desk: Desk) -> None:
    kind = "registry max"
    first = export(desk, kind, STAGES.format("z"))
    export(desk, kind, "FROM alpine\nRUN echo something else\n")
    source = open_cache(KINDS[kind][1].format(at=desk.outside))
    cache = read_cache(source)
    assert exported_manifest(first) not in (None, cache.manifest)
    desk.write(STAGES.format("z"))
    predicted = predict(desk, kind, first)
    assert foreseen(predicted) == happened(import_(desk, kind))
    assert foreseen(predicted).count("hit") == 2


OPERATIONS = """\
FROM alpine AS base
ARG WHO=me
RUN echo $WHO >/who
FROM scratch AS files
COPY a.txt b.txt /f/
FROM base AS tools
RUN --mount=type=bind,source=a.txt,target=/mnt/a --mount=type=cache,target=/c cat /mnt/a >/tool
FROM base
WORKDIR /w
COPY <<TEXT /text
  what it says
TEXT
COPY --link b.txt /linked
COPY --chown=7:8 --chmod=640 *.txt /owned/
RUN --mount=type=bind,from=files,source=/f,target=/m --mount=type=bind,from=tools,target=/t cat /t/tool >/y
RUN --network=none --mount=type=tmpfs,target=/tmp true
COPY --from=files /f/a.txt /f/b.txt /two/
COPY . /all
USER 7
RUN id >/tmp/id
"""


def test_every_kind_of_operation(desk: Desk) -> None:
    kind = "local max"
    predicted = predict(desk, kind, export(desk, kind, OPERATIONS))
    assert {step.found.state for step in predicted} == {CacheState.PRESENT}
    assert all(step.found.certain for step in predicted)
    assert foreseen(predicted) == happened(import_(desk, kind))


@pytest.mark.parametrize("edit", ["b.txt", "tools"])
def test_every_kind_of_operation_once_something_is_another(
    desk: Desk, capsys: pytest.CaptureFixture[str], tmp_path: Path, edit: str
) -> None:
    """Of files that stages make anew nobody can tell; whatever is said is right."""
    record = export(desk, "local max", OPERATIONS)
    text = OPERATIONS.replace(">/tool", ">/tool; echo >>/tool") if edit == "tools" else OPERATIONS
    desk.write(text, **({"b.txt": "other"} if edit == "b.txt" else {}))
    steps = predict_tree(desk, capsys, tmp_path, "local max", record)
    pairs = list(
        zip((step["prediction"] for step in steps), happened(import_(desk, "local max")), strict=True)
    )
    assert [pair for pair in pairs if pair[0] not in ("unknown", pair[1])] == []
    assert ("miss", "miss") in pairs


TWO = """\
FROM alpine AS one
COPY a.txt /
RUN cat /a.txt >/x
FROM alpine AS two
COPY b.txt /
RUN cat /b.txt >/y
FROM alpine
COPY --from=one /x /
COPY --from=two /y /
"""


def test_a_cache_of_its_own_and_an_imported_one(
    desk: Desk, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """One stage is in the one alone, one in the other alone; then commits, by builders without their own."""
    kind = "local max"
    export(desk, kind, TWO)
    desk.engine.reset()
    desk.write(TWO, **{"a.txt": "other", "b.txt": "new"})
    _commit(desk.context, "first")
    own = desk.build()
    desk.write(TWO, **{"a.txt": "a", "b.txt": "new"})
    _commit(desk.context, "second")
    place = KINDS[kind][1].format(dir=desk.directory)
    with RecordFile(tmp_path / "record.jsonl") as file:
        file.add(own)
    words = ["predict", str(desk.context), "--against", str(tmp_path / "record.jsonl"), "--cache-from", place]
    capsys.readouterr()
    call([*words, "--own-cache", "--format", "json"])
    predicted = [step["prediction"] for step in json.loads(capsys.readouterr().out)["steps"]]
    call([*words, "--git", "HEAD~2..HEAD", "--format", "json"])
    commits = json.loads(capsys.readouterr().out)["commits"]
    both = happened(desk.build("--cache-from", place))
    assert predicted[:8] == both[:8] == ["hit"] * 8
    assert predicted[8] in (both[8], "unknown")
    second = happened(import_(desk, kind))
    desk.write(TWO, **{"a.txt": "other", "b.txt": "new"})
    reality = [happened(import_(desk, kind)), second]
    assert reality[0][1:3] == ["miss", "miss"]
    assert reality[1][1:6] == ["hit", "hit", "hit", "miss", "miss"]
    for commit, actual in zip(commits, reality, strict=True):
        told = [step["prediction"] for step in commit["steps"]]
        assert all(each in ("unknown", is_) for each, is_ in zip(told, actual, strict=True))
        states = [step["cache"]["state"] for step in commit["steps"]]
        assert [state == "present" for state in states[1:6]] == [is_ == "hit" for is_ in actual[1:6]]


def _commit(directory: Path, subject: str) -> None:
    (directory / ".dockerignore").write_text(".git\n")
    git = ["git", "-C", str(directory), "-c", "user.name=n", "-c", "user.email=e@example.com"]
    if not (directory / ".git").exists():
        subprocess.run([*git, "init", "-q"], check=True)
        subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "empty"], check=True)
    subprocess.run([*git, "add", "--all"], check=True)
    subprocess.run([*git, "commit", "-q", "-m", subject], check=True)


def test_a_layer_that_is_gone_from_the_registry_breaks_the_build(desk: Desk) -> None:
    """The last test of the module: what failed leaves records that no prune removes."""
    kind = "registry max"
    record = export(desk, kind, STAGES.format("z"))
    cache = read_cache(open_cache(KINDS[kind][1].format(at=desk.outside)))
    (number,) = find_steps(record, cache).step(record.steps[5]).records
    gone = cache.layers[cache.records[number].layers[-1]].digest
    shutil.rmtree(desk.storage / "docker/registry/v2/blobs/sha256" / gone[7:9] / gone[7:])
    predicted = predict(desk, kind, record)
    assert [step.found.state for step in predicted] == [CacheState.PRESENT] * 5 + [CacheState.BLOB_GONE] * 4
    assert gone in predicted[5].reason
    desk.engine.reset()
    place = KINDS[kind][1].format(at=desk.inside)
    failed = desk.build("--cache-from", place, f"--output=type=tar,dest={desk.directory}/t")
    assert failed.result.outcome is BuildOutcome.FAILED
    assert gone in failed.result.error
    assert "not found" in failed.result.error


SIZED = (
    "FROM alpine AS build\nRUN head -c 3000000 /dev/urandom > /a && echo b > /b\n"
    "FROM alpine\nCOPY --from=build /b /\nRUN head -c 1000000 /dev/urandom > /c\n"
)
"""Random bytes: a layer is hardly smaller than its files."""


def test_where_the_bytes_come_from(desk: Desk, tmp_path: Path) -> None:
    """By step and stage; what mode=max adds to mode=min is what such an export of the same build lacks.

    A builder that has exported the layers of other stages before exports them with mode=min as well.
    """
    record = export(desk, "local max", SIZED)
    again = desk.build("--cache-to", f"type=local,dest={desk.directory}/again,mode=min")
    assert happened(again) == ["hit"] * 5
    export(desk, "local min", SIZED)
    with RecordFile(tmp_path / "record.jsonl") as file:
        file.add(record)
    sizes = inspect_cache(str(desk.directory / "max"), str(tmp_path / "record.jsonl")).sizes
    assert sizes is not None
    assert [(each.step, each.stage, each.in_image) for each in sizes.steps] == [
        (2, "build", False),
        (4, "stage-1", True),
        (5, "stage-1", True),
    ]
    assert 3_000_000 < sizes.beyond_image_bytes < 3_010_000
    assert 1_000_000 < sizes.image_bytes < 1_010_000
    assert sizes.other_bytes == 0
    whole = sizes.base_bytes + sizes.image_bytes + sizes.beyond_image_bytes
    assert bytes_in(desk.directory / "max") == bytes_in(desk.directory / "again") == whole
    # Built once more: the random bytes are others, and as many.
    assert abs(bytes_in(desk.directory / "min") - sizes.base_bytes - sizes.image_bytes) < 10_000


def bytes_in(directory: Path) -> int:
    return sum(each.size_bytes or 0 for each in read_cache(open_cache(str(directory))).layers)
