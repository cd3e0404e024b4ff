"""What a base image is after somebody built it again."""

import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from typing import Any

import pytest

from layerfork.builders.engines.baseimage import (
    base_archive,
    image_id,
    moved_base,
    rebuilt_base,
    reconfigured_base,
)

USUAL = base_archive(b"\x7fELF not really", ("bin/sh",), "amd64")


def opened(archive: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """Configuration and layers, each where manifest.json says."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        members = {each.name: file.read() for each in tar if (file := tar.extractfile(each))}
    (image,) = json.loads(members["manifest.json"])
    assert image["RepoTags"] == ["alpine:latest"]
    config = members[image["Config"]]
    assert image["Config"] == f"{hashlib.sha256(config).hexdigest()}.json"
    return json.loads(config), [members[name] for name in image["Layers"]]


@pytest.mark.parametrize("change", [moved_base, reconfigured_base, rebuilt_base])
def test_it_is_another_image_with_the_layers_that_it_names(change: Callable[[bytes], bytes]) -> None:
    changed = change(USUAL)
    config, layers = opened(changed)

    assert changed == change(USUAL)
    assert image_id(changed) != image_id(USUAL)
    named = [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in layers]
    assert config["rootfs"]["diff_ids"] == named
    assert len(config["history"]) == len(layers)
    assert layers[0] == opened(USUAL)[1][0]


def test_a_moved_base_has_one_more_file() -> None:
    _, (_, added) = opened(moved_base(USUAL))
    with tarfile.open(fileobj=io.BytesIO(added)) as tar:
        assert tar.getnames() == ["etc/base-release"]


def test_a_reconfigured_base_has_one_more_variable_and_the_rest_as_before() -> None:
    before, after = opened(USUAL)[0], opened(reconfigured_base(USUAL))[0]
    before["config"]["Env"].append("BASE_RELEASE=2")
    assert after == before


def test_a_rebuilt_base_has_other_times_and_the_rest_as_before() -> None:
    before, after = opened(USUAL)[0], opened(rebuilt_base(USUAL))[0]
    assert before["created"] != after["created"]
    assert before["history"][0].pop("created") != after["history"][0].pop("created")
    assert before | {"created": ""} == after | {"created": ""}
