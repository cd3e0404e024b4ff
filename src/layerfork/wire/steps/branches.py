"""Which platforms of a build each of its vertices belongs to.

A build for several platforms has a definition for each, and what they have in common is one vertex, built
once. Its name shows one of the platforms, whichever definition was loaded first; so names do not tell.
Source: moby/buildkit frontend/dockerui/build.go:Build, frontend/dockerfile/dockerfile2llb/convert.go
(prefixCommand, formatTargetPlatform) @ v0.13.2 to v0.32.2.
"""

from collections.abc import Mapping
from hashlib import sha256
from types import MappingProxyType

from layerfork.wire.buildkit import ops_pb2 as ops

_ARROW = "->"


def branches_of(
    definitions: Mapping[str, ops.Definition], renamed: Mapping[str, str] = MappingProxyType({})
) -> dict[str, str]:
    """Vertex digest to its platforms, sorted and joined by commas; ``""`` for what all of them have.

    ``renamed`` is as for `read_definition`.
    """
    found: dict[str, list[str]] = {}
    for platform in sorted(definitions):
        for digest in {"sha256:" + sha256(raw).hexdigest() for raw in definitions[platform].ops}:
            found.setdefault(digest, []).append(platform)
    everywhere = len(definitions)
    return {
        renamed.get(digest, digest): "" if len(own) == everywhere else ",".join(own)
        for digest, own in found.items()
    }


def named_branch(named: str) -> str:
    """The platform that is built for, of what stands before a vertex's name: ``linux/amd64->arm64`` is
    ``linux/arm64``, built on another platform. Of a vertex that no definition shows."""
    base, arrow, target = named.partition(_ARROW)
    if not arrow:
        return base
    system = base.partition("/")[0]
    return target if target.count("/") and not _is_variant(target) else f"{system}/{target}"


def _is_variant(target: str) -> bool:
    """Whether ``arm/v7`` is an architecture with its variant, and no system with its architecture."""
    last = target.rpartition("/")[2]
    return target.count("/") == 1 and last.startswith("v") and last[1:].isdigit()
