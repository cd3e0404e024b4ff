"""Rules of BuildKit by the version that an engine or a builder reports."""

import pytest

from layerfork.releases import LinkWalk, Listing, buildkit_release, buildkit_rules


@pytest.mark.parametrize(
    ("engine", "buildkit"),
    [
        ("20.10.5+dfsg1", (0, 8, 2)),
        ("20.10.6", (0, 8, 2)),
        ("20.10.7", (0, 8, 3)),
        ("23.0.18", (0, 10, 6)),
        ("26.0.2", (0, 13, 1)),
        ("26.1.5+dfsg1", (0, 13, 1)),
        ("27.0.3", (0, 14, 1)),
        ("27.4.1", (0, 17, 3)),
        ("28.2.2", (0, 22, 0)),
        ("docker-v29.0.4", (0, 25, 0)),
        ("29.1.0", (0, 26, 2)),
        ("29.7.2", (0, 32, 0)),
        ("19.03.15", None),
        ("", None),
    ],
)
def test_the_buildkit_inside_an_engine(engine: str, buildkit: tuple[int, int, int] | None) -> None:
    assert buildkit_release("", engine) == buildkit


def test_a_builders_own_version_goes_before_the_engines() -> None:
    assert buildkit_release("v0.26.0-rc1", "20.10.5") == (0, 26, 0)


@pytest.mark.parametrize(
    ("version", "listing", "link_walk"),
    [
        ("0.8.2", Listing.BARE_TREES, LinkWalk.TEXT),
        ("0.8.3", Listing.TREES, LinkWalk.TEXT),
        ("0.9.3", Listing.UNKNOWN, LinkWalk.TEXT),
        ("0.13.2", Listing.NAMES, LinkWalk.TEXT),
        ("0.14.1", Listing.NAMES, LinkWalk.STEPS_BUT_ROOT),
        ("0.25.2", Listing.NAMES, LinkWalk.STEPS),
        ("0.26.0", Listing.PATHS, LinkWalk.STEPS),
    ],
)
def test_what_a_version_lists_and_how_it_follows_links(
    version: str, listing: Listing, link_walk: LinkWalk
) -> None:
    rules = buildkit_rules(version, "")
    assert (rules.listing, rules.link_walk) == (listing, link_walk)


def test_no_version_is_no_knowledge() -> None:
    assert not buildkit_rules("", "").known
