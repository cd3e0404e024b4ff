"""The site of `make docs`: every page is in it, no link leads nowhere, nothing is loaded from elsewhere."""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

TOP = Path(__file__).parents[2]
PAGES = sorted((TOP / "docs").rglob("*.md"))
ZENSICAL = Path(sys.executable).with_name("zensical")


def build(place: Path) -> "subprocess.CompletedProcess[str]":
    argv = [str(ZENSICAL), "build", "--strict", "--config-file", str(place / "zensical.toml")]
    return subprocess.run(argv, cwd=place, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("site")
    shutil.copytree(TOP / "docs", copy / "docs")
    shutil.copy(TOP / "zensical.toml", copy)
    done = build(copy)
    assert done.returncode == 0, done.stdout + done.stderr
    return copy


def test_every_page_is_there(place: Path) -> None:
    site = place / "build" / "docs"
    for page in PAGES:
        name = page.relative_to(TOP / "docs").with_suffix(".html")
        name = name.with_name("index.html") if page.stem == "README" else name
        assert (site / name).is_file(), name


def test_nothing_is_loaded_from_elsewhere(place: Path) -> None:
    loading = re.compile(r"<(?:script|img|iframe)[^>]* src=\"?(https?:|//)|<link[^>]* href=\"?(https?:|//)")
    for page in (place / "build" / "docs").rglob("*.html"):
        assert not loading.search(page.read_text("utf-8")), page


def test_every_row_is_in_its_table(place: Path) -> None:
    for page in (place / "build" / "docs").rglob("*.html"):
        assert "<p>|" not in page.read_text("utf-8"), page


@pytest.mark.parametrize("link", ["nowhere.md", "output.md#nowhere", "#nowhere"])
def test_a_link_that_leads_nowhere_fails(place: Path, tmp_path: Path, link: str) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text(f"# Title\n\n[text]({link})\n")
    (tmp_path / "docs" / "output.md").write_text("# Output\n")
    (tmp_path / "zensical.toml").write_text('[project]\nsite_name = "x"\n')
    assert build(tmp_path).returncode != 0


def leaves(nav: Any) -> Iterator[str]:
    if isinstance(nav, str):
        yield nav
    else:
        for each in nav.values() if isinstance(nav, dict) else nav:
            yield from leaves(each)


def test_the_navigation_has_every_page_but_those_of_single_causes_and_rules() -> None:
    nav = tomllib.loads((TOP / "zensical.toml").read_text("utf-8"))["project"]["nav"]
    named = list(leaves(nav))
    pages = {page.relative_to(TOP / "docs").as_posix() for page in PAGES}
    single = {page for page in pages if page.startswith(("causes/", "lint/")) and "README" not in page}
    assert sorted(named) == sorted(pages - single)


@pytest.mark.parametrize("page", [TOP / "README.md", *PAGES], ids=lambda path: path.stem)
def test_addresses_elsewhere_are_well_formed(page: Path) -> None:
    for address in re.findall(r"\]\(([a-z]+:[^)]*)\)", page.read_text("utf-8")):
        parts = urlsplit(address)
        assert parts.scheme == "https", address
        assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", parts.netloc), address
        assert not re.search(r"[\s<>\"]", address), address
