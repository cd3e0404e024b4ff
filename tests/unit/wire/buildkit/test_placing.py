"""Which platforms a vertex belongs to, by the definitions of a build and by what its name shows."""

import pytest

from layerfork.record.build import is_part_of, normal_platform
from layerfork.wire.buildkit import ops_pb2 as ops
from layerfork.wire.buildkit.placing import branches_of, named_branch

A = "sha256:559aead08264d5795d3909718cdd05abd49572e84fe55590eef31a88a08fdffd"
B = "sha256:df7e70e5021544f4834bbee64a9e3789febc4be81470df629cad6ddb03320a5c"
C = "sha256:6b23c0d5f35d1b11f9b683f0b0a617355deb11277d91ae091d399c655b87940d"
"""Of the texts ``A``, ``B`` and ``C``, by another program."""


def definition(*texts: bytes) -> ops.Definition:
    return ops.Definition(ops=texts)


def test_what_all_have_is_of_no_platform() -> None:
    found = branches_of({"linux/arm64": definition(b"A", b"C"), "linux/amd64": definition(b"A", b"B")})
    assert found == {A: "", B: "linux/amd64", C: "linux/arm64"}


def test_what_some_have_is_of_these() -> None:
    found = branches_of(
        {
            "linux/s390x": definition(b"A", b"B"),
            "linux/arm64": definition(b"B"),
            "linux/386": definition(b"C"),
        }
    )
    assert found == {A: "linux/s390x", B: "linux/arm64,linux/s390x", C: "linux/386"}


def test_a_build_for_one_platform_has_no_branches() -> None:
    assert branches_of({"": definition(b"A")}) == {A: ""}
    assert branches_of({"linux/arm64": definition(b"A")}) == {A: ""}


@pytest.mark.parametrize(
    ("named", "platform"),
    [
        ("", ""),
        ("linux/amd64", "linux/amd64"),
        ("linux/arm/v7", "linux/arm/v7"),
        ("linux/amd64->arm64", "linux/arm64"),
        ("linux/amd64->arm/v7", "linux/arm/v7"),
        ("linux/amd64->windows/amd64", "windows/amd64"),
        ("linux/amd64->freebsd/arm/v7", "freebsd/arm/v7"),
    ],
)
def test_a_name_shows_what_is_built_for(named: str, platform: str) -> None:
    assert named_branch(named) == platform


@pytest.mark.parametrize(
    ("branch", "other", "is_part"),
    [
        ("linux/amd64", "", True),
        ("linux/amd64", "linux/amd64", True),
        ("linux/amd64", "linux/amd64,linux/arm64", True),
        ("linux/amd64,linux/arm64", "linux/arm64,linux/amd64", True),
        ("linux/amd64,linux/arm64", "linux/amd64", False),
        ("", "linux/amd64", False),
        ("", "", True),
        ("linux/arm64", "linux/amd64", False),
    ],
)
def test_what_a_branch_may_build_on(branch: str, other: str, is_part: bool) -> None:
    assert is_part_of(branch, other) is is_part


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ("linux/amd64", "linux/amd64"),
        ("linux/x86_64", "linux/amd64"),
        ("linux/amd64/v1", "linux/amd64"),
        ("linux/amd64/v3", "linux/amd64/v3"),
        ("linux/arm64/v8", "linux/arm64"),
        ("aarch64", "linux/arm64"),
        ("linux/arm", "linux/arm/v7"),
        ("linux/armhf", "linux/arm/v7"),
        ("linux/arm/6", "linux/arm/v6"),
        ("Windows/AMD64", "windows/amd64"),
        ("linux/s390x", "linux/s390x"),
    ],
)
def test_a_platform_has_one_name(asked: str, named: str) -> None:
    assert normal_platform(asked) == named
