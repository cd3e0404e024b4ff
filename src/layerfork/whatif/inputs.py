"""What a frontend read besides the Dockerfile, from the record of a build.

Source: moby/buildkit frontend/dockerui/{config,attr}.go, frontend/dockerfile/dockerfile2llb/platform.go
@ v0.13.2 and 73ed6825c.
"""

from layerfork.cachekey.shared.baseimage import base_facts
from layerfork.dockerfile import Dockerfile
from layerfork.dockerfile.definition import Fields, Inputs
from layerfork.model.engine import ImageFacts
from layerfork.model.record import BuildRecord, RecordedRequest
from layerfork.whatif.graph import Graph
from layerfork.whatif.operations import SHARED_MEMORY

_NETWORKS = {"": "sandbox", "default": "sandbox", "host": "host", "none": "none"}


def inputs_of(record: BuildRecord, dockerfile: Dockerfile, graph: Graph) -> Inputs:
    """The frontend's inputs; ``graph`` shows what base images held that nobody asked the engine about."""
    images = {}
    for stage in dockerfile.stages:
        facts = base_facts(record, dockerfile, stage) or _seen_in(graph, stage.index, dockerfile)
        if facts is not None:
            images[stage.index] = facts
    return Inputs(
        build_args=dict(record.request.build_args),
        platform_args=_platform_args(record),
        options=_options(record.request),
        images=images,
    )


def _seen_in(graph: Graph, stage: int, dockerfile: Dockerfile) -> ImageFacts | None:
    """The environment of a base image as the first RUN of its stage got it."""
    if not 0 <= stage < len(dockerfile.stages):
        return None
    setting = (each for each in dockerfile.instructions if each.keyword in ("ARG", "ENV"))
    own = {name for each in setting for name, _ in each.pairs}
    for step in graph.record.steps:
        for op in graph.work_of(step) if step.stage == stage else ():
            if op.exec is not None:
                env = tuple(entry for entry in op.exec.env if entry.partition("=")[0] not in own)
                return ImageFacts(image_id="", history=(), diff_ids=(), env=env)
    return None


def _options(request: RecordedRequest) -> Fields:
    """Fields of every RUN that the request decides."""
    options = dict(request.options)
    return {
        "network": _NETWORKS.get(request.network, request.network),
        "hostname": options.get("hostname", ""),
        "extra_hosts": tuple(_hosts(options.get("add-hosts", ""))),
        "ulimits": tuple(_ulimits(options.get("ulimit", ""))),
        "cgroup_parent": options.get("cgroup-parent", ""),
        SHARED_MEMORY: int(options.get("shm-size") or 0),
    }


def _hosts(text: str) -> list[tuple[str, str]]:
    pairs = (entry.partition("=") for entry in text.split(",") if entry)
    return [(host, address) for host, _, address in pairs]


def _ulimits(text: str) -> list[str]:
    """``name=soft:hard``; one number stands for both."""
    found = []
    for entry in filter(None, text.split(",")):
        name, _, limits = entry.partition("=")
        soft, _, hard = limits.partition(":")
        found.append(f"{name}={soft}:{hard or soft}")
    return found


def _platform_args(record: BuildRecord) -> dict[str, str]:
    """Arguments that every stage may declare without a value."""
    engine = record.engine
    if engine is None or not engine.architecture:
        return {}
    build = f"{engine.os}/{engine.architecture}"
    target = record.request.platform or build
    if "," in target:
        return {}
    return (
        _args("BUILD", build) | _args("TARGET", target) | {"TARGETSTAGE": record.request.target or "default"}
    )


def _args(prefix: str, platform: str) -> dict[str, str]:
    system, _, rest = platform.partition("/")
    architecture, _, variant = rest.partition("/")
    return {
        f"{prefix}PLATFORM": platform,
        f"{prefix}OS": system,
        f"{prefix}ARCH": architecture,
        f"{prefix}VARIANT": variant,
    }
