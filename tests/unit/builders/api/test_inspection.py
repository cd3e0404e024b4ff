"""What the Engine API says, as facts."""

from typing import Any, cast

import msgspec
import pytest

from layerfork.builders.api.apianswers import LoadLine
from layerfork.builders.api.engineapi import ApiError, EngineApi
from layerfork.builders.api.engineimages import load_archive
from layerfork.builders.api.inspection import read_engine_info, read_image_facts
from layerfork.errors import EngineError

VERSION = {
    "Version": "26.1.5",
    "ApiVersion": "1.45",
    "Os": "linux",
    "Arch": "amd64",
    "Components": [{"Name": "Engine", "Version": "26.1.5"}, {"Name": "runc", "Version": "1.1"}],
}
INFO = {"ID": "abc", "Driver": "overlay2", "DriverStatus": [["Backing Filesystem", "extfs"]]}
IMAGE = {
    "Id": "sha256:2",
    "RootFS": {"Layers": ["sha256:a", "sha256:b"]},
    "Config": {
        "Env": ["A=1"],
        "User": "me",
        "WorkingDir": "/w",
        "Shell": ["/bin/ash", "-c"],
        "OnBuild": ["RUN x"],
    },
}


class Answers:
    """An engine that says what it was told to say."""

    docker_host = "unix:///engine.sock"

    def __init__(self, answers: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        self.answers = answers
        self.headers = headers or {}

    def get(self, path: str, kind: Any) -> Any:
        if path not in self.answers:
            raise ApiError(404, f"No such thing: {path}")
        return msgspec.convert(self.answers[path], kind)

    def ping(self) -> dict[str, str]:
        return self.headers


def api(answers: dict[str, Any], headers: dict[str, str] | None = None) -> EngineApi:
    return cast("EngineApi", Answers(answers, headers))


def row(created_by: str, size: int, number: str = "<missing>", comment: str = "") -> dict[str, Any]:
    return {"Id": number, "CreatedBy": created_by, "Size": size, "Comment": comment}


@pytest.mark.parametrize(
    ("status", "store"),
    [
        ([["Backing Filesystem", "extfs"]], "graphdriver"),
        ([["driver-type", "io.containerd.snapshotter.v1"]], "containerd"),
        (None, "graphdriver"),
    ],
)
def test_image_store_is_what_the_engine_reports(status: Any, store: str) -> None:
    info = read_engine_info(api({"/version": VERSION, "/info": {**INFO, "DriverStatus": status}}), "host")
    assert info.image_store == store


@pytest.mark.parametrize(
    ("headers", "builder"),
    [({"builder-version": "2"}, "buildkit"), ({"builder-version": "1"}, "classic"), ({}, "classic")],
)
def test_default_builder_is_what_the_ping_advises(headers: dict[str, str], builder: str) -> None:
    info = read_engine_info(api({"/version": VERSION, "/info": INFO}, headers), "host")
    assert info.default_builder == builder


def test_engine_without_components_is_still_described() -> None:
    bare = {"Version": "4.9", "ApiVersion": "1.41"}
    info = read_engine_info(api({"/version": bare, "/info": {}}), "podman")
    assert (info.version, info.components, info.instance) == ("4.9", (), "")


def test_history_is_oldest_first_without_missing_ids() -> None:
    history = [row("COPY x", 3, "sha256:2"), row("FROM", 9)]
    facts = read_image_facts(api({"/images/i/json": IMAGE, "/images/i/history": history}), "i")
    assert [step.created_by for step in facts.history] == ["FROM", "COPY x"]
    assert [step.image_id for step in facts.history] == ["", "sha256:2"]
    assert (facts.env, facts.user, facts.working_dir) == (("A=1",), "me", "/w")
    assert (facts.shell, facts.onbuild) == (("/bin/ash", "-c"), ("RUN x",))


BUILDKIT = "buildkit.dockerfile.v0"


@pytest.mark.parametrize(
    ("newest_first", "empty_oldest_first"),
    [
        pytest.param([row("COPY", 0), row("FROM", 9)], [False, False], id="an empty file was copied"),
        pytest.param(
            [row("CMD", 0), row("RUN", 5), row("FROM", 9)], [False, False, True], id="sizes settle it"
        ),
        pytest.param(
            [row("CMD sh", 0, comment=BUILDKIT), row("RUN true", 0, comment=BUILDKIT), row("FROM", 9)],
            [False, False, True],
            id="BuildKit gives a RUN without changes a layer",
        ),
        pytest.param(
            [row("CMD", 0), row("COPY empty", 0), row("FROM", 9)], [False] * 3, id="nothing settles it"
        ),
    ],
)
def test_empty_layers_are_told_where_they_can_be(
    newest_first: list[dict[str, Any]], empty_oldest_first: list[bool]
) -> None:
    facts = read_image_facts(api({"/images/i/json": IMAGE, "/images/i/history": newest_first}), "i")
    assert [step.empty_layer for step in facts.history] == empty_oldest_first


def test_missing_image_is_named() -> None:
    with pytest.raises(EngineError, match="the image nowhere"):
        read_image_facts(api({}), "nowhere")


class Loader:
    """An engine that answers a load with given lines."""

    def __init__(self, *lines: dict[str, str]) -> None:
        self.lines = lines

    def upload(self, path: str, archive: object, length: int) -> list[LoadLine]:
        return msgspec.convert(list(self.lines), list[LoadLine])


def test_loaded_tags_are_read_from_the_answer(tmp_path: Any) -> None:
    (tmp_path / "a.tar").touch()
    engine = Loader({"stream": "Loaded image: a:1\n"}, {"status": "x"}, {"stream": "Loaded image: b:2\n"})
    assert load_archive(cast("EngineApi", engine), tmp_path / "a.tar") == ("a:1", "b:2")


@pytest.mark.parametrize("line", [{"stream": "Loaded image ID: sha256:1\n"}, {"error": "bad magic"}])
def test_archive_without_tags_or_with_an_error_is_refused(tmp_path: Any, line: dict[str, str]) -> None:
    (tmp_path / "a.tar").touch()
    with pytest.raises(EngineError, match=line.get("error", "no tagged image")):
        load_archive(cast("EngineApi", Loader(line)), tmp_path / "a.tar")
