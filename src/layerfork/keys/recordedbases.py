"""What a record says about base images."""

from collections.abc import Iterable
from hashlib import sha256

from layerfork.dockerfile import BadSubstitutionError, Dockerfile, Stage
from layerfork.dockerfile.scope import base_of
from layerfork.record.context import Digest
from layerfork.record.engine import ImageFacts
from layerfork.record.record import BuildRecord

_DOCKER = "docker.io"


def find_facts(record: BuildRecord, *names: str) -> ImageFacts | None:
    """Facts about the image that one of the names means; None when the engine was not asked."""
    facts = {full_reference(name): found for name, found in record.base_images}
    return next((facts[full] for full in map(full_reference, names) if full in facts), None)


def are_facts_of(record: BuildRecord, platform: str) -> bool:
    """Whether what the engine said of base images is about those for a platform: an engine with the images of
    several platforms speaks of its own."""
    engine = record.engine
    if "," not in record.request.platform or not platform or engine is None:
        return True
    return platform == f"{engine.os}/{engine.architecture}"


def base_facts(record: BuildRecord, dockerfile: Dockerfile, stage: Stage) -> ImageFacts | None:
    """Facts about the image that a stage begins with, variables of its name replaced."""
    try:
        base = base_of(dockerfile, stage, dict(record.request.build_args))
    except BadSubstitutionError:
        return None
    return find_facts(record, stage.base, *filter(None, (base,)))


def has_no_layers(facts: ImageFacts) -> bool:
    """Whether BuildKit takes an image for an empty one, as ``scratch``, and reads only its configuration. One
    without any history is one whose layers are unknown.

    Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go (isScratch) @ v0.8.3 to v0.32.0.
    """
    return bool(facts.history) and not facts.diff_ids


def full_reference(name: str) -> str:
    """An image name with everything that may be left out: ``docker.io/library/alpine:latest``.

    Source: distribution/reference normalize.go:splitDockerDomain @ v0.5.0: capitals make a host.
    """
    host, slash, rest = name.partition("/")
    if not slash or not _is_host(host):
        host, rest = _DOCKER, name
    if host in (_DOCKER, f"index.{_DOCKER}"):
        host, rest = _DOCKER, rest if "/" in rest else f"library/{rest}"
    tagged = "@" in rest or ":" in rest.rpartition("/")[2]
    return f"{host}/{rest}" if tagged else f"{host}/{rest}:latest"


def _is_host(word: str) -> bool:
    return word == "localhost" or word != word.lower() or not {".", ":"}.isdisjoint(word)


def chain_id(diff_ids: Iterable[str]) -> Digest:
    """Digest of a stack of layers. Source: OCI image-spec config.md, "Layer ChainID"."""
    chain = ""
    for diff_id in diff_ids:
        chain = "sha256:" + sha256(f"{chain} {diff_id}".encode()).hexdigest() if chain else diff_id
    return Digest(chain)
