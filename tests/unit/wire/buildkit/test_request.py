"""Names of sent directories, from headers and attributes as real clients send them."""

import pytest

from layerfork.wire.buildkit.request import directory_of, named_directory

NODE = "x6wsjr9m9cc10dujp2hhfpyla"
DIGEST = "0bb8f4bb2f3b0d1dd1ac0a3ec2b3b3fb1a9ab4d8ac70cfa3e6c4e4b2f3a1d0c9"


@pytest.mark.parametrize(
    ("key", "name", "expected"),
    [
        pytest.param(f"ctx:{NODE}", None, "ctx", id="buildx"),
        pytest.param(f"c:t:{NODE}", None, "c:t", id="colon"),
        pytest.param(f"ctx:{NODE}", "cwd", "ctx", id="buildx-0.13"),
        pytest.param(DIGEST, "ctx", "ctx", id="docker-20.10"),
        pytest.param(DIGEST, ".", "", id="docker-20.10-dot"),
        pytest.param("", "cwd", "", id="no-directory"),
        pytest.param("random", "cwd", "", id="another-client"),
        pytest.param(None, None, "", id="nothing"),
    ],
)
def test_the_main_context(key: str | None, name: str | None, expected: str) -> None:
    sent = {"X-Docker-Expose-Session-Sharedkey": key, "x-docker-expose-session-name": name}
    assert directory_of(tuple((each, value) for each, value in sent.items() if value is not None)) == expected


def test_a_named_context() -> None:
    attrs = {"context:docs": "local:docs", "sharedkey:localdir:docs": f"pages:{NODE}"}
    assert named_directory(attrs, "docs") == "pages"
    assert named_directory(attrs, "other") == ""
