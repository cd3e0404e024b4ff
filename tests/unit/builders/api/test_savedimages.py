"""What an engine saves of an image: read where it is in a known form, and refused where it is not."""

import io
import json
import tarfile
from pathlib import Path
from typing import IO, Any, cast

import pytest

from layerfork.builders.api import savedimages
from layerfork.builders.api.engineapi import EngineApi
from layerfork.builders.api.savedimages import SavedLayer, has_below, read_layers
from layerfork.errors import EngineError
from layerfork.record.context import EntryType

ID = "sha256:" + "a" * 64


class Engine:
    """Has one image."""

    def __init__(self, saved: bytes, size: int = 0) -> None:
        self.saved, self.size = saved, size

    def get(self, path: str, kind: type[Any]) -> Any:
        assert path == f"/images/{ID}/json"
        return kind(size=self.size)

    def save(self, path: str, target: IO[bytes], most_bytes: int) -> None:
        assert path == f"/images/{ID}/get"
        target.write(self.saved)


def tar(files: dict[str, bytes], mode: str = "w", **kinds: str) -> bytes:
    """``kinds``: what another entry is, by its type's name; of a link the target."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=cast("Any", mode), format=tarfile.PAX_FORMAT) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o640
            archive.addfile(info, io.BytesIO(data))
        for name, target in kinds.items():
            info = tarfile.TarInfo(name)
            info.type = {"directory": tarfile.DIRTYPE, "device": tarfile.CHRTYPE}.get(name, tarfile.SYMTYPE)
            if name.startswith("hard"):
                info.type = tarfile.LNKTYPE
            info.linkname = target
            archive.addfile(info)
    return out.getvalue()


def saved(layers: dict[str, bytes], rows: list[dict[str, object]]) -> bytes:
    manifest = [{"Config": "config", "RepoTags": None, "Layers": list(layers)}]
    files = {"manifest.json": json.dumps(manifest), "config": json.dumps({"history": rows})}
    return tar({**{name: text.encode() for name, text in files.items()}, **layers})


def layers_of(data: bytes, size: int = 0) -> tuple[SavedLayer, ...]:
    return read_layers(cast("EngineApi", Engine(data, size)), ID)


ROWS: list[dict[str, object]] = [
    {"created_by": "the base"},
    {"created_by": "ENV A=1", "empty_layer": True},
    {"created_by": "COPY a /x/ # buildkit"},
]


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_copys_layer_has_its_entries(mode: str) -> None:
    own = tar({"x/a": b"text", "x/.wh.b": b""}, mode, directory="", link="x/a", hard="x/a", device="")
    base, copy = layers_of(saved({"1": tar({"bin/sh": b"1"}), "2": own}, ROWS))

    assert base.entries == {"bin/sh": None}
    assert copy.created_by == "COPY a /x/ # buildkit"
    file, link, directory = (copy.entries[name] for name in ("x/a", "link", "directory"))
    assert file is not None
    assert link is not None
    assert directory is not None
    assert (file.mode, file.size, file.content) == (
        0o640,
        4,
        "sha256:982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1",
    )
    assert (link.type, link.linkname) == (EntryType.SYMLINK, "x/a")
    assert directory.type is EntryType.DIRECTORY
    hard = copy.entries["hard"]
    assert hard is not None
    assert hard.content == file.content
    assert copy.entries["x/.wh.b"] is None
    assert copy.entries["device"] is None
    assert has_below((base,), "bin")
    assert not has_below((base,), "bi")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no tar at all" * 100,
        tar({"other": b""}),
        tar({"manifest.json": b"[]"}),
        tar({"manifest.json": b"{"}),
        saved({}, ROWS),
        saved({"1": b"no tar" * 200, "2": tar({})}, ROWS),
        saved({"1": tar({}), "2": tar({"a": b"1" * 9000}, "w:gz")[:-200]}, ROWS),
        saved({"1": tar({}), "2": tar({}, "w:gz")[:12] + b"\xff" * 300}, ROWS),
    ],
)
def test_another_form_is_an_error(data: bytes) -> None:
    with pytest.raises(EngineError, match="saved the image sha256:aaaaaaaaaaaa in no known form"):
        layers_of(data)


def test_a_large_image_is_not_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    data = saved({"1": tar({}), "2": tar({"a": b"1" * 2000})}, ROWS)
    with pytest.raises(EngineError, match="larger than 1,024 MiB"):
        layers_of(data, size=(1 << 30) + 1)
    monkeypatch.setattr(savedimages, "MOST_BYTES", 1000)
    with pytest.raises(EngineError, match="no known form: a layer of more than"):
        layers_of(data)
