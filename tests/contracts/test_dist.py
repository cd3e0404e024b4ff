"""What is published: the same bytes whenever and wherever it is built, and nothing in it by accident."""

import hashlib
import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sdist and wheel, of which `scripts/dist.py` says that two builds of them are equal."""
    place = tmp_path_factory.mktemp("dist")
    argv = [sys.executable, str(TOP / "scripts" / "dist.py"), str(place)]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    sums = [line.split("  ") for line in done.stdout.splitlines()]
    assert [Path(name).suffix for _, name in sums] == [".whl", ".gz"]
    for sha256, name in sums:
        assert hashlib.sha256(Path(name).read_bytes()).hexdigest() == sha256
    return place


def published() -> set[str]:
    """What git tracks of the places that are published."""
    places = ("src", "docs", "CHANGELOG.md", "LICENSE", "README.md", "pyproject.toml", ".gitignore")
    listed = subprocess.run(["git", "ls-files", "-z", *places], cwd=TOP, check=True, capture_output=True)
    return {name for name in listed.stdout.decode().split("\0") if name and (TOP / name).exists()}


def test_the_sdist_has_the_sources_and_nothing_else(dist: Path) -> None:
    (archive,) = dist.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        members = tar.getmembers()
    top = archive.name.removesuffix(".tar.gz")
    assert {member.name.removeprefix(f"{top}/") for member in members} == published() | {"PKG-INFO"}
    assert {(member.uid, member.gid, member.uname, member.gname) for member in members} == {(0, 0, "", "")}
    assert {member.mode for member in members} <= {0o644, 0o755}


def test_the_wheel_has_the_package_and_its_pages(dist: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    sources = {name.removeprefix("src/") for name in published() if name.startswith("src/layerfork/")}
    pages = {
        name.replace("docs/", "layerfork/docs/", 1)
        for name in published()
        if name.startswith(("docs/causes/", "docs/lint/"))
    }
    assert pages
    assert names == sources | pages


@pytest.fixture(scope="module")
def metadata(dist: Path) -> Message:
    (wheel,) = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def test_it_says_where_it_runs(metadata: Message) -> None:
    said = metadata.get_all("Classifier") or []
    pythons = [
        line.rpartition(" ")[2] for line in said if line.startswith("Programming Language :: Python :: 3.")
    ]
    assert pythons == ["3.11", "3.12", "3.13", "3.14"]
    assert metadata["Requires-Python"] == ">=3.11"
    assert {line.rpartition(" ")[2] for line in said if line.startswith("Operating System")} == {
        "Linux",
        "MacOS",
    }


def test_the_licence_of_what_others_wrote_comes_with_it(dist: Path, metadata: Message) -> None:
    """gitleaks' rules are under the MIT licence, which wants its text wherever they go."""
    assert metadata["License-Expression"] == "Apache-2.0 AND MIT"
    files = {"LICENSE": "Apache License", "src/layerfork/wire/redact/gitleaks/LICENSE": "Zachary Rice"}
    assert set(metadata.get_all("License-File") or []) == files.keys()
    (wheel,) = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        for file, words in files.items():
            (name,) = (each for each in archive.namelist() if each.endswith(f".dist-info/licenses/{file}"))
            assert words in archive.read(name).decode()


def test_no_machine_is_named_in_it(dist: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        told = b"".join(archive.read(name) for name in archive.namelist() if ".dist-info/" in name)
    assert str(TOP).encode() not in told
