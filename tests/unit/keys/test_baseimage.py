"""Names of images in full, as Docker's engines have them in their definitions."""

import pytest

from layerfork.keys.recordedbases import full_reference


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("alpine", "docker.io/library/alpine:latest"),
        ("docker.io/alpine", "docker.io/library/alpine:latest"),
        ("index.docker.io/alpine", "docker.io/library/alpine:latest"),
        ("index.docker.io/a/alpine", "docker.io/a/alpine:latest"),
        ("a/alpine:1", "docker.io/a/alpine:1"),
        ("localhost/a", "localhost/a:latest"),
        ("host:5000/a@sha256:1", "host:5000/a@sha256:1"),
        ("LOCAL/a", "LOCAL/a:latest"),
    ],
)
def test_the_full_name(name: str, full: str) -> None:
    """Measured with 26.1.5 and 28.5.2, except for the digest and the port."""
    assert full_reference(name) == full
