"""Where files lie that are reached through links, and that answers name them there."""

import pytest
from corpus.make import RECORDS

from layerfork.app.compare.comparison import diff_stored
from layerfork.diagnose.compare.copied import MOST_LINKS, behind, places_among
from layerfork.record.store.recordfile import read_records, stored

LINKS = {
    "l": "real",
    "d/up": "../real",
    "d/abs": "/real/in",
    "chain": "l/in",
    "out": "../../real",
    "loop": "loop",
    "real/self": ".",
}


@pytest.mark.parametrize(
    ("path", "lies"),
    [
        ("l/f", "real/f"),
        ("l", "l"),
        ("real/f", "real/f"),
        ("d/up/f", "real/f"),
        ("d/abs/f", "real/in/f"),
        ("chain/f", "real/in/f"),
        ("out/f", "real/f"),
        ("l/self/self/f", "real/f"),
        ("loop/f", "loop/f"),
        ("", ""),
    ],
)
def test_links_among_the_directories_are_followed_inside_the_context(path: str, lies: str) -> None:
    assert behind(path, LINKS) == lies


def test_a_link_at_the_end_is_followed_if_asked() -> None:
    assert behind("l", LINKS, last=True) == "real"
    assert behind("chain", LINKS, last=True) == "real/in"
    assert behind("loop", LINKS, last=True) == "loop"


def test_chains_have_an_end() -> None:
    links = {f"l{number}": f"l{number + 1}" for number in range(MOST_LINKS + 1)}
    assert behind("l1/f", links) == f"l{MOST_LINKS + 1}/f"
    assert behind("l0/f", links) == "l0/f"


@pytest.mark.parametrize(
    ("instruction", "path", "places"),
    [
        ("COPY l/f /d/", "f", ("real/f",)),
        ("COPY l /d", "l/f", ("real/f",)),
        ("COPY l/*.t /d/", "a.t", ("real/a.t",)),
        ("COPY l /d", "l", ("real",)),
        ("COPY f /d", "f", ("f",)),
        ("COPY . /d", "l", ("l",)),
    ],
)
def test_a_path_of_a_key_is_where_its_file_lies(instruction: str, path: str, places: tuple[str, ...]) -> None:
    entries = {"f", "l", "real", "real/f", "real/a.t"}
    assert places_among(instruction, path, entries.__contains__, {"l": "real"}) == places


@pytest.mark.parametrize(
    ("name", "culprit"),
    [
        ("buildkit-content-through-link", "real/f changed"),
        ("buildkit-tar-content-through-link", "real/f changed"),
        ("buildkit-content-of-linked", "real/f changed"),
        ("buildkit-tar-content-of-linked", "real/f changed"),
        ("classic-content-of-linked", "real/f changed"),
        ("buildkit-ignore-rule-of-linked", "the ignore patterns now exclude real/g"),
        ("buildkit-tar-mode-of-linked", "mode of real is 0700, was 0755"),
    ],
)
def test_answers_name_the_file_that_there_is(name: str, culprit: str) -> None:
    """The table says what was changed on disk between the two builds."""
    writer, reader = map(stored, read_records(RECORDS / f"{name}.jsonl"))
    report = diff_stored(writer, reader, "the earlier build", "this build", again=True)
    assert [point.culprit for answer in report.answers for point in answer.points] == [culprit]
