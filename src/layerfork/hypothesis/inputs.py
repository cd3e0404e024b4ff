"""What a frontend read besides the Dockerfile, from the record of a build.

Source: moby/buildkit frontend/dockerui/{config,attr}.go, frontend/dockerfile/dockerfile2llb/platform.go
@ v0.13.2, v0.17.0, v0.19.0 and 73ed6825c.
"""

from layerfork.dockerfile import Dockerfile
from layerfork.dockerfile.definition import SHARED_MEMORY, Fields, Inputs
from layerfork.hypothesis.stagechains import Graph
from layerfork.keys.buildkit.origins import arguments_of, dating
from layerfork.keys.recordedbases import are_facts_of, base_facts
from layerfork.record.build import is_part_of
from layerfork.record.engine import BUILDKIT_DAEMON, ImageFacts
from layerfork.record.record import BuildRecord, RecordedRequest
from layerfork.releases import FrontendRules, buildkit_release, frontend_rules

_PROXIES = frozenset({"http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy"})
_BUILD_PLATFORM = ("$BUILDPLATFORM", "${BUILDPLATFORM}")
_NETWORKS = {"": "sandbox", "default": "sandbox", "host": "host", "none": "none"}


def inputs_of(record: BuildRecord, dockerfile: Dockerfile, graph: Graph, branch: str = "") -> Inputs:
    """The frontend's inputs; ``graph`` shows what base images held where the engine was not asked.

    ``branch`` is that of the steps that are asked for, as `StepRecord.platform` names it.
    """
    images = {}
    partly_known = set()
    for stage in dockerfile.stages:
        seen = _seen_in(graph, stage.index, dockerfile, branch)
        asked = base_facts(record, dockerfile, stage)
        is_own = stage.platform in _BUILD_PLATFORM or are_facts_of(record, branch)
        facts = (asked or seen) if is_own else seen
        if facts is not None:
            images[stage.index] = facts
        if facts is not asked:
            partly_known.add(stage.index)
    rules = rules_of(record)
    return Inputs(
        build_args=arguments_of(record),
        builtin_args=_builtin_args(record, dockerfile, branch, rules),
        options=_options(record.request),
        images=images,
        partly_known=frozenset(partly_known),
        rules=rules,
        dated=dating(record),
    )


def rules_of(record: BuildRecord) -> FrontendRules:
    """Rules of the frontend that is built into the record's BuildKit; of the newest where none is known."""
    engine = record.engine
    release = buildkit_release(engine.buildkit_version, engine.version) if engine is not None else None
    merges = _merges(record)
    return FrontendRules(merges=merges) if release is None else frontend_rules(release, merges)


def _merges(record: BuildRecord) -> bool | None:
    """Whether the builder can merge. A BuildKit of its own can, and so can a Docker Engine with containerd's
    image store. Whether one with its own store builds by itself shows in how it looks up images.

    Source: moby/moby builder/builder-next/controller.go @ v26.1.5; docker/buildx build/opt.go @ v0.29.1.
    """
    ops = record.definition.ops if record.definition is not None else ()
    engine = record.engine
    if any(op.kind == "merge" for op in ops):
        return True
    if engine is None:
        return None
    if engine.kind == BUILDKIT_DAEMON or engine.image_store == "containerd":
        return True
    builds_itself = dict(record.request.options).get("image-resolve-mode") == "local"
    return False if builds_itself and engine.image_store == "graphdriver" else None


def _seen_in(graph: Graph, stage: int, dockerfile: Dockerfile, branch: str) -> ImageFacts | None:
    """The environment of a base image as the first RUN of its stage got it."""
    if not 0 <= stage < len(dockerfile.stages):
        return None
    setting = (each for each in dockerfile.instructions if each.keyword in ("ARG", "ENV"))
    own = {name for each in setting for name, _ in each.pairs}
    for step in graph.record.steps:
        is_of_it = step.stage == stage and is_part_of(branch, step.platform)
        for op in graph.work_of(step) if is_of_it else ():
            if op.exec is not None:
                env = tuple(entry for entry in op.exec.env if entry.partition("=")[0] not in own)
                return ImageFacts(image_id="", history=(), diff_ids=(), env=env)
    return None


def _options(request: RecordedRequest) -> Fields:
    """Fields of every RUN that the request decides."""
    options = dict(request.options)
    names = {name.lower() for name, _ in request.build_args}
    return {
        "proxy_env": bool(names & _PROXIES),
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


def _builtin_args(
    record: BuildRecord, dockerfile: Dockerfile, branch: str, rules: FrontendRules
) -> dict[str, str]:
    """Arguments that every stage may declare without a value. What several platforms have in common was made
    without those of the target."""
    found = {"TARGETSTAGE": _target_stage(record, dockerfile)} if rules.target_stage else {}
    engine = record.engine
    if engine is None or not engine.architecture:
        return found
    build = f"{engine.os}/{engine.architecture}"
    target = branch or record.request.platform or build
    found |= _args("BUILD", build, rules)
    return found if "," in target else found | _args("TARGET", target, rules)


def _target_stage(record: BuildRecord, dockerfile: Dockerfile) -> str:
    """What is built, as the request writes it, or the last stage by its name; one without a name is
    ``default``."""
    return record.request.target or dockerfile.stages[-1].name or "default"


def _args(prefix: str, platform: str, rules: FrontendRules) -> dict[str, str]:
    """Of a platform such as ``linux/arm/v7`` or ``windows(10.0.17763)/amd64``."""
    system, _, rest = platform.partition("/")
    architecture, _, variant = rest.partition("/")
    system, _, version = system.partition("(")
    found = {
        f"{prefix}PLATFORM": platform,
        f"{prefix}OS": system,
        f"{prefix}ARCH": architecture,
        f"{prefix}VARIANT": variant,
    }
    return found | {f"{prefix}OSVERSION": version.rstrip(")")} if rules.os_versions else found
