"""The key for stand-ins: one for a machine, and for nobody else."""

from pathlib import Path

import pytest

from layerfork.builders.recording.redactionkey import KEY_BYTES, redaction_key


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "layerfork" / "redaction.key"


def test_it_is_made_once_and_only_its_owner_may_read_it(place: Path) -> None:
    key = redaction_key()
    assert len(key) == KEY_BYTES
    assert place.read_bytes() == key
    assert place.stat().st_mode & 0o777 == 0o600
    assert redaction_key() == key
    assert list(place.parent.iterdir()) == [place], "nothing half-made is left"


def test_another_machine_has_another(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = redaction_key()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "other"))
    assert redaction_key() != key


def test_one_that_was_made_meanwhile_counts(place: Path) -> None:
    place.parent.mkdir(parents=True)
    place.write_bytes(b"k" * KEY_BYTES)
    assert redaction_key() == b"k" * KEY_BYTES


def test_a_damaged_one_is_not_used(place: Path) -> None:
    place.parent.mkdir(parents=True)
    place.write_bytes(b"short")
    assert len(redaction_key()) == KEY_BYTES
    assert place.read_bytes() == b"short", "a file that somebody else made is not overwritten"


def test_where_it_cannot_be_kept_every_run_has_its_own(place: Path) -> None:
    place.parent.parent.mkdir()
    place.parent.write_text("a file where the directory should be")
    first, second = redaction_key(), redaction_key()
    assert len(first) == len(second) == KEY_BYTES
    assert first != second
