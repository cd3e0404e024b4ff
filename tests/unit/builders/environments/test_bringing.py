"""What is said of images that an engine without a network does not have, and what is brought into it."""

import json
import tarfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from fakes.engines import Obliging
from golden.recorded import recorded

from layerfork.builders.engines.baseimage import base_archive
from layerfork.builders.environments import bringing
from layerfork.builders.environments.bringing import familiar, how_to_go_on
from layerfork.errors import UsageError
from layerfork.record.context import Digest
from layerfork.record.engine import Brought, EngineInfo, ImageFacts
from layerfork.record.record import BuildOutcome, BuildRecord, BuildResult, Vertex

OURS = EngineInfo(kind="private", ours=True, version="26.1.5", api_version="1.45", image_store="graphdriver")
DOCKERFILE = "# syntax=docker/dockerfile:1\nFROM node:20 AS a\nFROM alpine:latest\nCOPY --from=a /x /x\n"
FOUND = ImageFacts(image_id="sha256:" + "1" * 64, history=(), diff_ids=())


@dataclass
class Keeping(Obliging):
    """Keeps what is loaded by its tag."""

    info: EngineInfo = OURS
    loaded: list[str] = field(default_factory=list)

    def load(self, archive: Path) -> None:
        with tarfile.open(archive) as tar:
            manifest = tar.extractfile("manifest.json")
            assert manifest is not None
            self.loaded += json.load(manifest)[0]["RepoTags"]


def failed(name: str, outcome: BuildOutcome = BuildOutcome.REFUSED) -> BuildRecord:
    vertex = Vertex(digest=Digest("sha256:" + "2" * 64), name=name, error="dial tcp: lookup r: refused")
    record = recorded("seed-buildkit")[0]
    return replace(
        record,
        steps=(),
        vertices=(vertex,),
        request=replace(record.request, dockerfile=DOCKERFILE),
        result=BuildResult(outcome=outcome, error="dial tcp: lookup r: refused"),
    )


def test_all_images_that_are_missing_are_saved_with_one_command() -> None:
    engine = Obliging(info=OURS, images={"alpine:latest": FOUND})
    record = failed("resolve image config for docker-image://docker.io/docker/dockerfile:1")
    lines = list(how_to_go_on([record], engine))
    assert lines == [
        "not on the engine: docker/dockerfile:1, node:20; bring docker/dockerfile:1 node:20",
        (
            "docker/dockerfile:1, from the `# syntax=` line: docker pull it before docker save; without that "
            "line the engine's own frontend reads the Dockerfile"
        ),
        "if the build needs only a shell from it, --stand-in node:20 makes a stand-in of busybox",
    ]
    base = failed("[internal] load metadata for docker.io/library/node:20")
    assert next(how_to_go_on([base], engine)) == "not on the engine: node:20; bring node:20"


def test_nothing_is_said_of_other_failures_and_of_a_persons_own_engine() -> None:
    engine = Obliging(info=OURS)
    assert list(how_to_go_on([failed("[2/2] RUN false")], engine)) == []
    own = Obliging(info=replace(OURS, ours=False))
    assert list(how_to_go_on([failed("[internal] load metadata for docker.io/library/node:20")], own)) == []


@pytest.mark.parametrize(
    ("reference", "short"),
    [
        ("docker.io/library/node:20", "node:20"),
        ("docker.io/docker/dockerfile:1", "docker/dockerfile:1"),
        ("example.org/docker.io/library/x", "example.org/docker.io/library/x"),
    ],
)
def test_references_are_shown_as_people_write_them(reference: str, short: str) -> None:
    assert familiar(reference) == short


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "base.tar"
    path.write_bytes(base_archive(b"busybox", ["sh"], "amd64"))
    monkeypatch.setattr(bringing, "ensure_base_archive", lambda environment, say: path)


@pytest.mark.usefixtures("base")
def test_a_stand_in_has_its_name_for_one_run_only() -> None:
    engine, said = Keeping(), list[str]()
    with bringing.bringing(engine, Brought(stand_ins=("node",)), said.append):
        assert (engine.loaded, engine.removed) == (["node:latest"], [])
    assert engine.removed == ["node:latest"]
    assert said[0].startswith("node is a stand-in made of busybox: ")


@pytest.mark.usefixtures("base")
def test_what_is_there_stays() -> None:
    engine = Keeping(images={"node:20": FOUND})
    with bringing.bringing(engine, Brought(stand_ins=("node:20",)), lambda line: None):
        pass
    assert (engine.loaded, engine.removed) == ([], [])


@pytest.mark.usefixtures("base")
def test_nothing_is_brought_into_a_persons_own_engine_and_no_digest_is_faked() -> None:
    own = Keeping(info=replace(OURS, ours=False))
    refused = bringing.bringing(own, Brought(load=("x.tar",), stand_ins=("y",)), lambda line: None)
    with (
        pytest.raises(UsageError, match="--load and --stand-in would change your own engine"),
        refused,
    ):
        pass
    digest = bringing.bringing(Keeping(), Brought(stand_ins=("y@sha256:1",)), lambda line: None)
    with pytest.raises(UsageError, match="only the image itself has its digest"), digest:
        pass
