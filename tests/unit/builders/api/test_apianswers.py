"""What listens where an engine should, and is none: one clear error that names it, soon, in little memory."""

import resource
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fakes.hostile import NONSENSE, SLOW, hostile

from layerfork.builders.api import engineapi
from layerfork.builders.api.engineapi import ApiError, EngineApi
from layerfork.builders.api.engineimages import image_ids, load_archive
from layerfork.builders.api.inspection import read_engine_info, read_image_facts, read_info_lines
from layerfork.builders.engines.host import HostEngine
from layerfork.errors import EngineError

ASKING: dict[str, Callable[[EngineApi], object]] = {
    "what it is": lambda api: read_engine_info(api, "host"),
    "what it says of itself": read_info_lines,
    "its images": image_ids,
    "an image": lambda api: read_image_facts(api, "alpine"),
}


@pytest.fixture
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir="/tmp") as directory:
        yield Path(directory)


@pytest.mark.parametrize("ask", ASKING.values(), ids=ASKING)
@pytest.mark.parametrize("behave", NONSENSE.values(), ids=NONSENSE)
def test_nonsense_is_an_error_that_names_the_address(
    place: Path, behave: Callable[[socket.socket], None], ask: Callable[[EngineApi], object]
) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with hostile(place, behave) as address:
        started = time.monotonic()
        with pytest.raises((EngineError, ApiError)) as caught:
            ask(EngineApi(address))
        assert time.monotonic() - started < 5
    assert isinstance(caught.value, ApiError) or address in str(caught.value)
    assert len(str(caught.value)) < 1000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # kB


@pytest.mark.parametrize("behave", SLOW.values(), ids=SLOW)
def test_whatever_is_slow_ends_at_the_deadline(
    place: Path, behave: Callable[[socket.socket], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engineapi, "TIMEOUT_S", 0.5)
    with hostile(place, behave) as address:
        started = time.monotonic()
        with pytest.raises(EngineError, match="does not answer") as caught:
            EngineApi(address).get("/version", dict)
        assert 0.4 < time.monotonic() - started < 3
        assert address in str(caught.value)


@pytest.mark.parametrize("behave", NONSENSE.values(), ids=NONSENSE)
def test_an_upload_is_no_exception(
    place: Path, behave: Callable[[socket.socket], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engineapi, "UPLOAD_LIMIT_S", 1.0)  # some pour before they have listened to the end
    (place / "archive.tar").write_bytes(bytes(1 << 20))
    with hostile(place, behave) as address, pytest.raises((EngineError, ApiError)):
        load_archive(EngineApi(address), place / "archive.tar")


@pytest.mark.parametrize("behave", NONSENSE.values(), ids=NONSENSE)
def test_the_list_of_engines_says_what_is_wrong_with_it(
    place: Path, behave: Callable[[socket.socket], None]
) -> None:
    with hostile(place, behave) as address:
        row = HostEngine().describe({"DOCKER_HOST": address, "HOME": str(place)})
    assert not row.ready


@pytest.mark.parametrize("address", ["tcp://h:999999", "tcp://[::1", "h:x", "tcp://:1", "unix://", "x://y"])
def test_an_address_that_is_none(place: Path, address: str) -> None:
    with (
        pytest.raises(EngineError),
        HostEngine().start({"DOCKER_HOST": address, "HOME": str(place), "PATH": ""}, print),
    ):
        pytest.fail("it started")
