"""What BuildKit's frontend makes a definition of: builds that are alike in it have one definition.

``POST /build`` shows no definition. The frontend makes it of the Dockerfile, of what was asked and of the
base images' settings, and of nothing that lies in the context.
Source: moby/moby builder/builder-next/builder.go:Build @ v20.10.24 and v28.5.2 (attributes of the frontend);
moby/buildkit frontend/dockerui/{config,context}.go @ v0.13.2 and v0.25.2.
"""

from dataclasses import dataclass

from layerfork.record.build import Builder
from layerfork.record.record import BuildRecord

_FRONTENDS = frozenset({"", "dockerfile.v0"})
"""The engine's own frontend; ``POST /build`` can ask for no other and names none."""
_NO_PART = frozenset(
    {"version", "session", "rm", "forcerm", "q", "buildid", "remote", "outputs"}
    | {"memory", "memswap", "cpushares", "cpusetcpus", "cpusetmems", "cpuperiod", "cpuquota"}
    | {"context", "contextkey", "dockerfilekey", "image-resolve-mode", "exporter", "frontend.caps"}
)
"""Parameters and attributes that enter no definition; ``remote`` only says where the context is."""
_NO_PART_PREFIXES = ("exporter:", "attest:", "vcs:")
_NOTHING = frozenset({"", "0", "null", "[]", "{}"})
"""Values of parameters that are sent and ask for nothing."""
_DEFAULT_NETWORKS = frozenset({"", "default"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Everything that the frontend makes a definition of."""

    dockerfile: str
    build_args: tuple[tuple[str, str], ...]
    target: str
    platform: str
    network: str
    engine: tuple[str, str]
    """Version, which is also that of the frontend in it, and architecture."""
    builder_instance: str
    """Empty for the engine's own BuildKit."""
    base_images: tuple[tuple[str, str], ...]
    """Reference and image id."""


def read_asked(record: BuildRecord) -> Asked | None:
    """None when something of it is not known, or may enter the definition in a way that is not."""
    request, engine = record.request, record.engine
    if record.builder is not Builder.BUILDKIT or request.dockerfile is None or engine is None:
        return None
    if request.syntax or request.frontend not in _FRONTENDS or record.named_contexts:
        return None
    if any(_may_enter(name, value) for name, value in request.options):
        return None
    return Asked(
        dockerfile=request.dockerfile,
        build_args=request.build_args,
        target=request.target,
        platform=request.platform,
        network="" if request.network in _DEFAULT_NETWORKS else request.network,
        engine=(engine.version, engine.architecture),
        builder_instance="" if _is_engines_own(record) else record.builder_instance,
        base_images=tuple(sorted((name, facts.image_id) for name, facts in record.base_images)),
    )


def _is_engines_own(record: BuildRecord) -> bool:
    """``POST /build`` reaches no other BuildKit, and no other one has an exporter of that name.
    Source: moby/moby builder/builder-next/exporter/exporter.go @ v26.1.5 and v28.5.2."""
    return not record.request.frontend or ("exporter", "moby") in record.request.options


def _may_enter(name: str, value: str) -> bool:
    return not (name in _NO_PART or name.startswith(_NO_PART_PREFIXES) or value in _NOTHING)
