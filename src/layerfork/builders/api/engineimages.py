"""Loads, keeps and removes images through the engine's API."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from layerfork.builders.api.apianswers import Container, DiskUse, HistoryRow, Image, ListedImage
from layerfork.builders.api.engineapi import ApiError, EngineApi
from layerfork.errors import EngineError

LOADED = "Loaded image: "
UNUSED = {"filters": '{"dangling":["false"]}'}
"""Prune filter: every image without a container, not only those without a tag."""
CLEANING_LIMIT_S = 600.0


def load_archive(api: EngineApi, archive: Path) -> tuple[str, ...]:
    """Load a docker archive and return the references that it tagged.

    Raises: EngineError when the archive holds no tagged image; ApiError.
    """
    with archive.open("rb") as stream:
        answers = api.upload("/images/load", stream, archive.stat().st_size)
    lines = "".join(answer.stream for answer in answers).splitlines()
    tags = tuple(line.removeprefix(LOADED).strip() for line in lines if line.startswith(LOADED))
    tags = tuple(filter(None, tags))  # podman 3.0 loads what is no archive, and names nothing
    if not tags:
        reason = next((answer.error for answer in answers if answer.error), "it has no tagged image")
        raise EngineError(f"{archive} cannot be loaded: {reason}", "write it with docker save IMAGE:TAG")
    return tags


def pin(api: EngineApi, reference: str) -> str:
    """Keep an image from being pruned, by a container that never runs; the container's id."""
    return api.create("/containers/create", Container, {"Image": reference, "Cmd": ["pin"]}).id


def clean(api: EngineApi, pins: Mapping[str, str]) -> None:
    """Remove every container, image and cache record except the pinned images, and check that it worked.

    ``pins`` maps references to their containers. The classic builder's cache are images, BuildKit's are
    records of its own: neither prune does the other's work. The prune of a graphdriver store takes any name
    of an image that has several, the pinned one too, so other names go first (engines 20.10 to 28.5).

    Raises: EngineError when something stayed; ApiError.
    """
    for container in api.get("/containers/json", list[Container], {"all": "1"}):
        if container.id not in pins.values():
            api.request("DELETE", f"/containers/{container.id}", {"force": "1", "v": "1"})
    for image in api.get("/images/json", list[ListedImage]):
        remove_tags(api, names_beside(image, pins))
    api.request("POST", "/build/prune", {"all": "1"}, timeout_s=CLEANING_LIMIT_S)
    api.request("POST", "/images/prune", UNUSED, timeout_s=CLEANING_LIMIT_S)
    left = sorted(_others(api.get("/images/json", list[ListedImage], {"all": "1"}), pins))
    records = api.get("/system/df", DiskUse).build_cache or []
    if left or records:
        what = ", ".join([*left, *(f"cache record {record.id}" for record in records)])
        raise EngineError(f"the engine's cache could not be cleaned: {what} remained", "start another engine")


def names_beside(image: ListedImage, kept: Collection[str]) -> list[str]:
    """Names that a build gave to a kept image, as a Dockerfile of ``FROM`` alone does."""
    tags = set(image.repo_tags or ())
    return sorted(tags - set(kept)) if tags & set(kept) else []


def _others(images: list[ListedImage], kept: Collection[str]) -> set[str]:
    names: set[str] = set()
    for image in images:
        tags = image.repo_tags or [image.id]
        names.update(tag for tag in tags if tag not in kept)
    return names


def image_ids(api: EngineApi) -> frozenset[str]:
    """Ids of all images, those that only builds use included. Raises: ApiError."""
    return frozenset(image.id for image in api.get("/images/json", list[ListedImage], {"all": "1"}))


SEVERAL_TAGS = "more than one tag"
"""What podman says, with status 500, where Docker says 409.
Source: containers/common libimage/image.go (removeRecursive) @ v0.62.2."""


def remove_tags_and_steps(api: EngineApi, tags: Sequence[str], kept: Collection[str]) -> None:
    """Remove tags, their images and the images of their build steps, but no image in ``kept``.

    An image in ``kept`` that has no other tag keeps ours: taking it away would remove the image.

    Raises: ApiError.
    """
    for tag in tags:
        try:
            steps = _remove_tag(api, tag, kept)
        except ApiError as error:
            if error.status != 404:
                raise
            continue
        for step in steps:
            if step not in kept:
                _remove_unused(api, step)


def _remove_tag(api: EngineApi, tag: str, kept: Collection[str]) -> list[str]:
    """Remove a tag; the images of its steps, which are left; none when the tag was kept."""
    image = api.get(f"/images/{tag}/json", Image)
    if image.id in kept and len(image.repo_tags or ()) < 2:
        return []
    rows = api.get(f"/images/{tag}/history", list[HistoryRow])
    api.request("DELETE", f"/images/{tag}", {"noprune": "1"})
    return [row.id for row in rows if row.id.startswith("sha256:") and not row.id.endswith("<missing>")]


def _remove_unused(api: EngineApi, image: str) -> None:
    """Remove an image unless it is gone already, or something else needs it."""
    try:
        api.request("DELETE", f"/images/{image}", {"noprune": "1"})
    except ApiError as error:
        if error.status not in (404, 409) and SEVERAL_TAGS not in str(error):
            raise


def remove_tags(api: EngineApi, tags: Sequence[str]) -> None:
    """Remove tags, and with the last tag of an image the image; tags that are not there are skipped."""
    for tag in tags:
        try:
            api.request("DELETE", f"/images/{tag}", {"noprune": "0"})
        except ApiError as error:
            if error.status != 404:
                raise
