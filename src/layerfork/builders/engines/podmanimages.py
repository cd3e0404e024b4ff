"""Base images and clean caches of podman, through its service's API."""

from collections.abc import Collection
from pathlib import Path

from layerfork.builders.api.answers import Container, ListedImage
from layerfork.builders.api.client import ApiError, EngineApi
from layerfork.builders.api.images import load_archive
from layerfork.errors import EngineError

LOCAL = "localhost/"
"""Where podman puts what an archive names without a registry."""
HUB = "docker.io/"
ROUNDS = 20
"""Images below others go first; each round takes those that nothing stands on any more."""


def load_as_from_hub(api: EngineApi, archive: Path) -> tuple[str, ...]:
    """Load a docker archive under the names that docker knows its images by; those names.

    ``alpine`` in a Dockerfile is then the same image for every client: podman's service looks for it on
    docker.io alone, its own programs on ``localhost`` first.

    Raises: EngineError when the archive holds no tagged image; ApiError.
    """
    names = []
    for loaded in load_archive(api, archive):
        name = hub_name(loaded)
        if name != loaded:
            repository, _, tag = name.rpartition(":")
            api.request("POST", f"/images/{loaded}/tag", {"repo": repository, "tag": tag})
            api.request("DELETE", f"/images/{loaded}")
        names.append(name)
    return tuple(names)


def hub_name(loaded: str) -> str:
    """``docker.io/library/alpine:latest`` for ``localhost/alpine:latest``; names of registries stay."""
    if not loaded.startswith(LOCAL):
        return loaded
    name = loaded.removeprefix(LOCAL)
    return f"{HUB}{name}" if "/" in name else f"{HUB}library/{name}"


def clean_storage(api: EngineApi, bases: Collection[str]) -> None:
    """Remove every container and image except the base images, and check that it worked.

    Raises: EngineError when something stayed; ApiError.
    """
    for container in api.get("/containers/json", list[Container], {"all": "1"}):
        api.request("DELETE", f"/containers/{container.id}", {"force": "1", "v": "1"})
    left = _others(api, bases)
    for _ in range(ROUNDS):
        if not left:
            return
        for image in left:
            _remove(api, image)
        left = _others(api, bases)
    what = ", ".join(image.id for image in left)
    raise EngineError(f"the engine's cache could not be cleaned: {what} stayed", "start another engine")


def _others(api: EngineApi, bases: Collection[str]) -> list[ListedImage]:
    """Images with a tag that is no base, and those without one; newest first."""
    images = api.get("/images/json", list[ListedImage], {"all": "1"})
    others = [image for image in images if not set(image.repo_tags or [""]) <= set(bases)]
    return sorted(others, key=lambda image: -image.created)


def _remove(api: EngineApi, image: ListedImage) -> None:
    """Remove an image by its id, even if a build that was killed left a container on it.

    One that others stand on is the next round's; podman 3.0 answers that with 500, later ones with 409.
    """
    try:
        api.request("DELETE", f"/images/{image.id}", {"force": "1"})
    except ApiError as error:
        if error.status not in (404, 409, 500):
            raise
