"""The base image's bytes, and with them its id, depend on the busybox alone."""

import hashlib
import io
import json
import tarfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerfork.builders.engines.baseimage import BASE_TAG, base_archive, image_id

BUSYBOX = b"\x7fELF not really"
APPLETS = ("bin/sh", "usr/bin/du", "bin/busybox", "sbin/init", "usr/bin/[")


@pytest.fixture
def archive() -> bytes:
    return base_archive(BUSYBOX, APPLETS, "amd64")


def read(archive: bytes, name: str) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        stream = tar.extractfile(name)
        assert stream is not None
        return stream.read()


def config_of(archive: bytes) -> dict[str, Any]:
    name = json.loads(read(archive, "manifest.json"))[0]["Config"]
    config: dict[str, Any] = json.loads(read(archive, name))
    return config


def layer_of(archive: bytes) -> tarfile.TarFile:
    return tarfile.open(fileobj=io.BytesIO(read(archive, "layer.tar")))


@given(applets=st.permutations(APPLETS))
def test_same_busybox_gives_the_same_bytes_in_any_order(applets: list[str]) -> None:
    assert base_archive(BUSYBOX, applets, "amd64") == base_archive(BUSYBOX, APPLETS, "amd64")


def test_another_busybox_or_architecture_gives_another_id(archive: bytes) -> None:
    ids = {
        image_id(archive),
        image_id(base_archive(b"other", APPLETS, "amd64")),
        image_id(base_archive(BUSYBOX, APPLETS[:2], "amd64")),
        image_id(base_archive(BUSYBOX, APPLETS, "arm64")),
    }
    assert len(ids) == 4


def test_id_is_the_digest_of_the_configuration(archive: bytes) -> None:
    name = json.loads(read(archive, "manifest.json"))[0]["Config"]
    assert image_id(archive) == f"sha256:{hashlib.sha256(read(archive, name)).hexdigest()}"


def test_configuration_names_the_layer_and_no_time(archive: bytes) -> None:
    config = config_of(archive)
    layer = read(archive, "layer.tar")
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(layer).hexdigest()}"]
    assert config["created"] == config["history"][0]["created"] == "1970-01-01T00:00:00Z"
    assert config["config"]["Cmd"] == ["sh"]
    assert json.loads(read(archive, "manifest.json"))[0]["RepoTags"] == [BASE_TAG]


def test_layer_is_free_of_time_and_owners(archive: bytes) -> None:
    with layer_of(archive) as layer:
        members = layer.getmembers()
    assert {(m.mtime, m.uid, m.gid, m.uname, m.gname) for m in members} == {(0, 0, 0, "", "")}
    assert len({m.name for m in members}) == len(members)


def test_applets_link_to_a_busybox_that_came_before(archive: bytes) -> None:
    with layer_of(archive) as layer:
        names = layer.getnames()
        for applet in set(APPLETS) - {"bin/busybox"}:
            assert layer.getmember(applet).linkname == "bin/busybox"
            assert names.index("bin/busybox") < names.index(applet)


def test_directories_come_before_what_is_in_them(archive: bytes) -> None:
    with layer_of(archive) as layer:
        names = layer.getnames()
    for name in names:
        if "/" in name:
            assert name.rpartition("/")[0] in names[: names.index(name)]
