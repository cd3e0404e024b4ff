"""Data of engines that is kept: one user at a time, bounded, removed when asked."""

from pathlib import Path

import pytest

from layerfork.builders.engines import open_engine
from layerfork.builders.engines.private import PrivateEngine
from layerfork.builders.namespace import rundirs as kept
from layerfork.builders.namespace.rundirs import kept_data, remove_kept
from layerfork.errors import UsageError


@pytest.fixture(autouse=True)
def on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "lies_on_overlay", lambda directory: False)


def test_what_one_leaves_the_next_finds(tmp_path: Path) -> None:
    with kept_data(tmp_path, "one") as data:
        assert data is not None
        assert list(data.path.iterdir()) == []
        (data.path / "cache").write_text("layers")
    with kept_data(tmp_path, "one") as data:
        assert data is not None
        assert (data.path / "cache").read_text() == "layers"


def test_only_one_has_it_and_others_have_their_own(tmp_path: Path) -> None:
    with kept_data(tmp_path, "one") as first, kept_data(tmp_path, "one") as second:
        assert first is not None
        assert second is None
        with kept_data(tmp_path, "two") as other:
            assert other is not None


def test_what_grew_too_large_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "LIMIT_BYTES", 100_000)
    for size, left in ((50_000, ["cache"]), (150_000, [])):
        with kept_data(tmp_path, "one") as data:
            assert data is not None
            (data.path / "cache").write_bytes(b"x" * size)
        with kept_data(tmp_path, "one") as data:
            assert data is not None
            assert [path.name for path in data.path.iterdir()] == left


def test_nothing_is_kept_where_data_has_to_be_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "lies_on_overlay", lambda directory: True)
    with kept_data(tmp_path, "one") as data:
        assert data is None


def test_removing_leaves_what_is_in_use(tmp_path: Path) -> None:
    base = tmp_path / "base"
    with kept_data(base, "one"):
        pass
    with kept_data(base, "two"):
        assert remove_kept(base) == (("one", True), ("two", False))
    assert remove_kept(base) == (("two", True),)
    assert not base.exists()
    assert remove_kept(base) == ()


@pytest.mark.parametrize(
    ("spec", "name", "is_kept"),
    [
        ("private+kept", "private:26.1", True),
        ("private:28.5+containerd+kept", "private:28.5+containerd", True),
        ("private:28.5", "private:28.5", False),
    ],
)
def test_any_private_engine_can_be_asked_to_keep(spec: str, name: str, is_kept: bool) -> None:
    engine = open_engine(spec)
    assert isinstance(engine, PrivateEngine)
    assert (engine.id, engine.kept) == (name, is_kept)


def test_no_other_engine_keeps() -> None:
    with pytest.raises(UsageError):
        open_engine("podman+kept")
