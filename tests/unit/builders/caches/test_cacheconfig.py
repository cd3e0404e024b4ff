"""Caches that are damaged, too new or hostile: a clear error, quickly, and never a traceback."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from unit.builders.caches.layouts import CONFIG_TYPE, OCI, Layout, config_of, digest_of, export, layers_of

from layerfork.cli import call
from layerfork.errors import ExitCode

Damage = Callable[[dict[str, Any]], object]
DIGEST = digest_of(b"")


def loop(config: dict[str, Any]) -> None:
    config["records"][2]["inputs"] = [[{"link": 3}]]


def loop_of_layers(config: dict[str, Any]) -> None:
    config["layers"][1]["parent"] = 0


def many_layers(config: dict[str, Any]) -> None:
    """Of which each lies on the one before."""
    blob = config["layers"][0]["blob"]
    config["layers"] += [{"blob": blob, "parent": number + 3} for number in range(2_000)]
    config["records"][0]["layers"] = [{"layer": 2_003, "createdAt": ""}]


DAMAGES: dict[str, tuple[Damage, str]] = {
    "circle of records": (loop, "form a cycle"),
    "circle of layers": (loop_of_layers, "form a cycle"),
    "very many layers": (many_layers, "or a chain of over 1,000"),
    "link to nowhere": (lambda c: c["records"][0]["inputs"].append([{"link": 99}]), "record 99 of 6"),
    "negative link": (lambda c: c["records"][0]["inputs"].append([{"link": -1}]), "record -1 of 6"),
    "empty input": (lambda c: c["records"][0]["inputs"].append([]), "links to nothing"),
    "layer of nowhere": (lambda c: c["records"][0].update(layers=[{"layer": 7}]), "layer 7 of 4"),
    "chain of nowhere": (lambda c: c["records"][0].update(chains=[{"layers": [7]}]), "layer 7 of 4"),
    "long chain": (
        lambda c: c["records"][0].update(chains=[{"layers": [0] * 2_000}]),
        "more than 1,000 layers",
    ),
    "no digest": (lambda c: c["records"][0].update(digest="../../etc/passwd"), "not a sha256 digest"),
    "no blob": (lambda c: c["layers"][0].update(blob="md5:1"), "not a sha256 digest"),
    "wrong type": (lambda c: c.update(records={"a": 1}), "cannot be read"),
    "huge number": (lambda c: c["records"][0].update(layers=[{"layer": 1 << 80}]), "of 4"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    damage, said = DAMAGES[name]
    config = config_of("run-copy")
    damage(config)
    export(tmp_path, config)
    assert call(["cache", "inspect", str(tmp_path)]) == ExitCode.USAGE
    err = capsys.readouterr().err
    assert said in err
    assert "Traceback" not in err


def test_a_config_that_was_cut_off(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export(tmp_path, config_of("run-copy"))
    config = json.dumps(config_of("run-copy")).encode()
    Layout(tmp_path).blob(digest_of(config)).write_bytes(config[:500])
    assert call(["cache", "inspect", str(tmp_path)]) == ExitCode.USAGE
    assert f"{digest_of(config)} is damaged" in capsys.readouterr().err


def test_a_cut_config_with_its_own_digest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layout = Layout(tmp_path)
    cut = layout.add(json.dumps(config_of("run-copy")).encode()[:500], CONFIG_TYPE)
    layout.tag({"config": cut, "layers": []})
    assert call(["cache", "inspect", str(tmp_path)]) == ExitCode.USAGE
    assert "cannot be read" in capsys.readouterr().err


def test_a_format_of_another_version(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layout = Layout(tmp_path)
    newer = layout.add(b"{}", CONFIG_TYPE.replace("v0", "v1"))
    layout.tag({"config": newer, "layers": []})
    assert call(["cache", "inspect", str(tmp_path)]) == ExitCode.USAGE
    assert "has format v1; only v0 is supported" in capsys.readouterr().err


def test_a_size_that_nobody_should_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layout = Layout(tmp_path)
    config = layout.add(b"{}", CONFIG_TYPE)
    layout.tag({"config": {**config, "size": 1 << 40}, "layers": []})
    assert call(["cache", "inspect", str(tmp_path)]) == ExitCode.USAGE
    assert "1,099,511,627,776 bytes" in capsys.readouterr().err


def test_an_image_without_a_cache(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layout = Layout(tmp_path)
    image = layout.add(b'{"rootfs": {"diff_ids": ["sha256:1"]}}', f"{OCI}.config.v1+json")
    layout.tag({"config": image, "layers": [{"digest": DIGEST, "size": 1}]})
    assert call(["cache", "inspect", str(tmp_path)]) == ExitCode.USAGE
    assert "the image holds no inline cache" in capsys.readouterr().err


def test_a_manifest_whose_digest_leads_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layout = Layout(tmp_path)
    layout.tag({"config": {"mediaType": CONFIG_TYPE, "digest": "sha256:../../../etc/passwd", "size": 1}})
    assert call(["cache", "inspect", str(tmp_path)]) == ExitCode.USAGE
    assert "is not a sha256 digest" in capsys.readouterr().err


def test_a_negative_size(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = config_of("run-copy")
    export(tmp_path, config, [{**each, "size": -1} for each in layers_of(config)])
    assert call(["cache", "inspect", str(tmp_path)]) == ExitCode.USAGE
    assert "negative size" in capsys.readouterr().err


def test_a_deep_nest_is_no_crash(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Layout(tmp_path)
    (tmp_path / "index.json").write_text('{"manifests":' + "[" * 100_000)
    assert call(["cache", "inspect", str(tmp_path)]) == ExitCode.USAGE
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("type=local,src=/no/such", "src is not a directory"),
        ("type=local", "src is not a directory"),
        ("type=floppy,src=x", "caches of type=floppy cannot be read"),
        ("type=s3,bucket=b,region=r", "a bucket itself is not supported"),
        ("type=local,src", "is not NAME=VALUE"),
    ],
)
def test_places_that_are_none(capsys: pytest.CaptureFixture[str], word: str, said: str) -> None:
    assert call(["cache", "inspect", word]) == ExitCode.USAGE
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["gha", "s3", "azblob", "floppy", "local"])
def test_no_secret_of_a_place_is_told(capsys: pytest.CaptureFixture[str], kind: str) -> None:
    secrets = "token=t0psecret,secret_access_key=t0psecret,url=http://u:t0psecret@127.0.0.1:1/"
    for ending in ("", ",broken", ",version=1"):
        assert call(["cache", "inspect", f"type={kind},{secrets}{ending}"]) == ExitCode.USAGE
    assert "t0psecret" not in capsys.readouterr().err


def test_a_directory_without_a_cache(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["cache", "inspect", str(tmp_path)]) == ExitCode.USAGE
    assert "holds no exported cache" in capsys.readouterr().err


def test_a_tag_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export(tmp_path, config_of("run-copy"))
    assert call(["cache", "inspect", f"type=local,src={tmp_path},tag=other"]) == ExitCode.USAGE
    assert "its tags are: latest" in capsys.readouterr().err


def test_text_of_a_hostile_cache_is_harmless(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = config_of("run-copy")
    config["records"][0]["inputs"][0][0]["selector"] = "sha256:\x1b]0;title\x07\x1b[31m"
    export(tmp_path, config)
    assert call(["cache", "inspect", str(tmp_path)]) == ExitCode.AS_HOPED
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize("word", ["/no/such/cache", "./no-such-cache", "../no-such-cache", "~/no-such-cache"])
def test_a_path_that_is_not_there_is_no_reference(capsys: pytest.CaptureFixture[str], word: str) -> None:
    assert call(["cache", "inspect", word]) == ExitCode.USAGE
    assert f"there is no directory {word}" in capsys.readouterr().err
