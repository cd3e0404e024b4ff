"""A build that was never made: what the first commit of a history is predicted from.

It stands for an engine with an empty cache. It has no steps and stored nothing: all that it decides is who
builds and how a context is sent. Every base image is one that its name alone stands for, and never moves.
"""

import re
from collections.abc import Iterable
from hashlib import sha256

from layerfork.context.clientrules import find_rules
from layerfork.record.build import Builder
from layerfork.record.context import ContextManifest
from layerfork.record.engine import EngineInfo, ImageFacts
from layerfork.record.llb import Definition
from layerfork.record.record import BuildOutcome, BuildRecord, BuildResult, RecordedRequest

RULES = {Builder.BUILDKIT: "buildkit", Builder.CLASSIC: "docker-cli"}
"""Who sends the context: `docker buildx build`, and the docker CLI with ``DOCKER_BUILDKIT=0``."""
ENGINE = EngineInfo(
    kind="host",
    version="28.5.2",
    api_version="1.51",
    image_store="graphdriver",
    architecture="amd64",
    buildkit_version="v0.25.1",
)
_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SYNTAX = re.compile(r"(?im)\A((?:#.*\n)*?)#\s*syntax\s*=.*$")


def unmade_build(dockerfile: str, references: Iterable[str], builder: Builder) -> BuildRecord:
    """The build before the first; ``references`` are all base images that a history names."""
    return BuildRecord(
        id="never-made",
        recorded_at="2026-01-01T00:00:00+00:00",
        engine=ENGINE,
        builder=builder,
        request=RecordedRequest(
            dockerfile_name=dockerfile,
            dockerfile="FROM scratch\n",
            frontend="dockerfile.v0" if builder is Builder.BUILDKIT else "",
        ),
        context=ContextManifest(transport=find_rules(RULES[builder]).transport, entries=()),
        definition=Definition(ops=()) if builder is Builder.BUILDKIT else None,
        result=BuildResult(outcome=BuildOutcome.UNKNOWN),
        base_images=tuple((reference, _image(reference)) for reference in references),
    )


def _image(reference: str) -> ImageFacts:
    """An image with one layer and a ``PATH``: nothing of the real one."""
    return ImageFacts(
        image_id=_digest(f"image {reference}"),
        history=(),
        diff_ids=(_digest(f"layer {reference}"),),
        env=(_PATH,),
        architecture=ENGINE.architecture,
    )


def _digest(text: str) -> str:
    return "sha256:" + sha256(text.encode()).hexdigest()


def without_syntax(dockerfile: str) -> str:
    """A Dockerfile that is read by the engine's own frontend: its ``# syntax`` line is another comment."""
    return _SYNTAX.sub(r"\1#", dockerfile)
