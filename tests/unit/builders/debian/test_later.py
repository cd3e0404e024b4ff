"""A suite that went on to a newer Docker Engine: fake package lists, real roots."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from layerfork.builders.debian import roots
from layerfork.builders.debian.generation import Generation
from layerfork.builders.debian.later import later_generation
from layerfork.builders.debian.roots import EngineRoot, ensure_root, root_path
from layerfork.builders.engines import open_engine
from layerfork.builders.suites.forky import FORKY
from layerfork.errors import EngineError, UsageError
from layerfork.record.progress import Say

OLD = FORKY.docker


class Forky:
    """What Debian's mirror says that forky has; each download is counted."""

    def __init__(self) -> None:
        self.version = "28.5.2+dfsg4-1"
        self.downloads = 0

    def download(
        self, suite: str, packages: Sequence[str], state: Path, environment: Mapping[str, str], say: Say
    ) -> list[Path]:
        assert suite == "forky"
        self.downloads += 1
        state.mkdir(parents=True, exist_ok=True)
        debs = [state / f"docker.io_{self.version}_amd64.deb", state / "libcap2_1%3a2.75-10_amd64.deb"]
        for deb in debs:
            deb.write_text(deb.name)
        return debs

    def unpack(self, debs: list[Path], root: Path) -> None:
        for program in OLD.programs:
            path = root / "usr" / program
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.version)


@pytest.fixture
def forky(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Forky:
    suite = Forky()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr(roots, "download", suite.download)
    monkeypatch.setattr(roots, "unpack", suite.unpack)
    monkeypatch.setattr(roots, "prepare_toolchain", lambda root, final: None)
    monkeypatch.setattr(roots, "NEEDED_BYTES", 0)
    return suite


def generation(name: str) -> Generation:
    found = later_generation(name)
    assert found is not None
    return found


def version(root: EngineRoot) -> str:
    assert (root.path / "usr/sbin/dockerd").read_text() == dict(root.packages)["docker.io"]
    return dict(root.packages)["docker.io"]


def ensure(wanted: Generation, *, anew: bool = False) -> EngineRoot:
    return ensure_root(wanted, {}, lambda line: None, anew=anew)


def test_the_older_one_goes_on_through_its_unpacked_root(forky: Forky) -> None:
    before = ensure(OLD)
    forky.version = "29.1.2+dfsg1-1"
    assert ensure(OLD) == before
    assert forky.downloads == 1
    newer = ensure(generation("29.1"))
    assert version(newer) == "29.1.2+dfsg1-1"
    assert newer.path == before.path.with_name(f"{before.path.name}-29.1")
    assert ensure(OLD) == before
    assert ensure(generation("29.1")) == newer
    assert forky.downloads == 2


def test_without_one_what_the_suite_has_is_kept_and_named(forky: Forky) -> None:
    forky.version = "29.1.2+dfsg1-1"
    with pytest.raises(EngineError, match=r"Debian forky has docker\.io 29\.1\.2\+dfsg1-1 now") as raised:
        ensure(OLD)
    assert "28.5 is not unpacked here" in raised.value.message
    assert "private:29.1 is that version" in raised.value.hint
    assert "private:forky" in raised.value.hint
    assert version(ensure(generation("29.1"))) == version(ensure(generation("forky"))) == "29.1.2+dfsg1-1"
    with pytest.raises(EngineError, match=r"28\.5 is not unpacked here"):
        ensure(OLD)
    assert forky.downloads == 1


def test_a_version_that_the_suite_does_not_have_is_named_with_the_one_that_it_has(forky: Forky) -> None:
    ensure(OLD)
    forky.version = "29.3.0-1"
    with pytest.raises(EngineError, match=r"has docker\.io 29\.3\.0-1 now, and 29\.1 is not") as raised:
        ensure(generation("29.1"))
    assert "private:29.3" in raised.value.hint
    assert version(ensure(generation("29.3"))) == "29.3.0-1"
    assert version(ensure(OLD)) == "28.5.2+dfsg4-1"


def test_a_suite_is_its_newest_unpacked_one_until_it_is_fetched_anew(forky: Forky) -> None:
    follows = generation("forky")
    first = ensure(follows)
    assert ensure(OLD) == first
    forky.version = "29.1.2+dfsg1-1"
    assert ensure(follows) == first
    second = ensure(follows, anew=True)
    assert version(second) == "29.1.2+dfsg1-1"
    assert ensure(follows) == second
    assert ensure(OLD) == first
    assert ensure(follows, anew=True) == second
    engines = sorted(path.name for path in first.path.parent.iterdir() if path.name[0] != ".")
    assert engines == [first.path.name, f"{first.path.name}-29.1"]


def test_ten_is_newer_than_nine(forky: Forky) -> None:
    for now in ("29.9.0-1", "29.10.0-1"):
        forky.version = now
        ensure(generation("forky"), anew=True)
    assert version(ensure(generation("forky"))) == "29.10.0-1"


def test_a_suite_that_lacks_a_program_is_still_refused(forky: Forky, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roots, "unpack", lambda debs, root: (root / "usr/bin").mkdir(parents=True))
    with pytest.raises(EngineError, match="contain no sbin/dockerd"):
        ensure(generation("forky"))
    assert not root_path(OLD).exists()


@pytest.mark.parametrize(
    ("spec", "suite", "start"),
    [
        ("private:forky", "forky", ""),
        ("private:forky+containerd", "forky", ""),
        ("private:trixie", "trixie", ""),
        ("private:29.1", "forky", "29.1."),
        ("29.1", "forky", "29.1."),
        ("private:29.1+containerd+kept", "forky", "29.1."),
    ],
)
def test_names_that_are_not_listed(spec: str, suite: str, start: str, forky: Forky) -> None:
    engine = open_engine(spec)
    assert engine.id == f"private:{spec.removeprefix('private:').removesuffix('+kept')}"
    found = generation_of(engine)
    assert (found.suite, found.version) == (suite, start)
    assert engine.describe({}).oldest_api == ""


def generation_of(engine: object) -> Generation:
    found = getattr(engine, "generation", None)
    assert isinstance(found, Generation)
    return found


@pytest.mark.parametrize(
    "spec", ["private:27.1", "private:28.5.1", "private:sid", "private:bookworm+containerd"]
)
def test_names_that_nothing_can_be(spec: str) -> None:
    with pytest.raises(UsageError, match="there is no engine"):
        open_engine(spec)


def test_the_listed_ones_are_what_they_were(forky: Forky) -> None:
    assert open_engine("private:28.5") == open_engine("28.5")
    assert generation_of(open_engine("private:28.5")) == replace(OLD)
