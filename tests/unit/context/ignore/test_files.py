"""Which of several ignore files counts; measured with ``a``, ``b`` and ``c`` left out by one file each."""

import pytest

from layerfork.context.ignore.ignorefile import files_of_buildah, files_of_podman_service
from layerfork.record.engine import Version

OWN = ("Dockerfile.dockerignore", "Dockerfile.containerignore")
BOTH = (".containerignore", ".dockerignore")
MEASURED = [
    ((5, 8), OWN[:1], OWN[0], OWN[0]),
    ((5, 8), (OWN[0], ".dockerignore"), ".dockerignore", OWN[0]),
    ((5, 4), (OWN[1], ".dockerignore"), ".dockerignore", OWN[1]),
    ((5, 4), OWN, OWN[0], OWN[0]),
    ((5, 4), (*BOTH, OWN[0]), ".containerignore", OWN[0]),
    ((4, 3), (OWN[0], ".dockerignore"), OWN[0], OWN[0]),
    ((4, 3), (OWN[1], ".dockerignore"), OWN[1], OWN[1]),
    ((4, 3), (*BOTH, OWN[0]), OWN[0], OWN[0]),
    ((3, 0), OWN, None, None),
    ((3, 0), (*BOTH, OWN[0]), ".dockerignore", ".dockerignore"),
]
"""podman's version, files that are there, the one that counts for its service, and for ``podman build -``."""


@pytest.mark.parametrize(("version", "there", "posted", "in_place"), MEASURED)
def test_measured(version: Version, there: tuple[str, ...], posted: str | None, in_place: str | None) -> None:
    def first(files: tuple[str, ...]) -> str | None:
        return next((name for each in files if (name := each.format("Dockerfile")) in there), None)

    assert first(files_of_podman_service(version)) == posted
    assert first(files_of_buildah(version)) == in_place
