"""Folded names of clients: a range holds what lies between its ends, and nothing else."""

from layerfork.report.views.overview import fold_clients, known_versions

VERSIONS = {
    "py": "7.2.0",
    **{f"py@{each}": each for each in ("1.6.0", "1.10.6", "2.7.0", "7.2.0")},
    "compose": "2.26.1",
    "compose@1.5.2": "1.5.2",
    "compose@1.29.2": "1.29.2",
    "docker-build": "26.1.5",
    "mine": "",
}
KNOWN = known_versions(VERSIONS)


def test_all_versions_are_one_range_and_the_unpinned_one_is_in_it() -> None:
    members = [each for each in VERSIONS if each.startswith("py")]

    assert fold_clients(["docker-build", *members], KNOWN) == ("docker-build", "py@1.6-7.2")


def test_versions_are_ordered_by_number_not_by_letter() -> None:
    assert fold_clients(["py@1.10.6", "py@1.6.0"], KNOWN) == ("py@1.6-1.10",)


def test_a_version_that_is_elsewhere_ends_a_range() -> None:
    members = ["py@1.6.0", "py@1.10.6", "py@7.2.0", "py"]

    assert fold_clients(members, KNOWN) == ("py@1.6-1.10", "py")


def test_one_version_keeps_its_id() -> None:
    assert fold_clients(["compose@1.5.2"], KNOWN) == ("compose@1.5.2",)
    assert fold_clients(["compose"], KNOWN) == ("compose",)
    assert fold_clients(["mine", "unheard-of"], KNOWN) == ("mine", "unheard-of")


def test_versions_that_differ_in_their_third_number_only_are_written_out() -> None:
    known = known_versions({"a@1.2.3": "1.2.3", "a@1.2.4": "1.2.4"})

    assert fold_clients(["a@1.2.3", "a@1.2.4"], known) == ("a@1.2.3-1.2.4",)
