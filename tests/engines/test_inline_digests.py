"""The BuildKit key model computes the very digests that engines without containerd's store write into an
image as its inline cache: four generations, from BuildKit 0.8 on."""

import base64
import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from engines.keymodel import Recorded, build_buildkit
from engines.test_key_model_buildkit import a_context, assert_exported, of_directory

from layerfork.builders.engines import RunningEngine, fetch_toolchain, open_engine
from layerfork.builders.process import run
from layerfork.record.build import Command, Toolchain

pytestmark = pytest.mark.engine

DOCKERFILE = """\
FROM alpine
COPY a.txt /a.txt
COPY d /d/
COPY a.txt b.txt /m/
COPY *.txt /w/
COPY link /l
COPY dlink /dl
COPY dlink/sub /ds/
COPY . /all/
COPY d* /matched/
COPY d/s* /glob/
COPY l*k /wl/
ADD --chown=1:2 a.txt /ad
WORKDIR /work
RUN echo tail > /tail
RUN --mount=type=bind,source=d,target=/mnt --mount=type=tmpfs,target=/t touch /m1
RUN --mount=type=cache,target=/c,id=own,sharing=locked touch /m2
RUN --mount=type=cache,target=/c touch /m3
"""
"""Each step makes a layer: of others the inline cache says nothing."""


@pytest.fixture(scope="module", params=["private:20.10.5", "private:20.10", "private:26.1", "private:28.5"])
def engine(request: pytest.FixtureRequest) -> Iterator[RunningEngine]:
    with open_engine(request.param).start(os.environ, print) as running:
        yield running


def test_digests_of_an_inline_cache(engine: RunningEngine, tmp_path: Path) -> None:
    toolchain = fetch_toolchain("26.1", os.environ, print)
    context = a_context(tmp_path / "context")
    (context / "d" / "dangling").unlink()
    (context / "Dockerfile").write_text(DOCKERFILE)
    options = ["--build-arg=BUILDKIT_INLINE_CACHE=1", "--load", str(context)]
    built = build_buildkit(engine, tmp_path / "scratch", options, export=False, toolchain=toolchain)
    assert len(built.record.steps) == DOCKERFILE.count("\n")
    inline = inline_digests(engine, toolchain, tmp_path / "image.tar")
    assert_exported(Recorded(built.record, inline), of_directory(context))


def inline_digests(engine: RunningEngine, toolchain: Toolchain, image: Path) -> frozenset[str]:
    """Digests of all records in the inline cache of the image that was built last."""
    argv = (str(toolchain.docker), "save", "-o", str(image), "key-model")
    done = run(Command(argv=argv, env={"PATH": os.defpath, "DOCKER_HOST": f"unix://{engine.socket}"}))
    assert done.ok, done.stderr
    with tarfile.open(image) as archive:
        (manifest,) = member(archive, "manifest.json")
        config = member(archive, manifest["Config"])
    return frozenset(
        each["digest"] for each in json.loads(base64.b64decode(config["moby.buildkit.cache.v0"]))
    )


def member(archive: tarfile.TarFile, name: str) -> Any:
    file = archive.extractfile(name)
    assert file is not None
    return json.loads(file.read())
