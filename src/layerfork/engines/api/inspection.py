"""What an engine says about itself and about its images, as the model's facts."""

from typing import Any

from layerfork.engines.api.client import ApiError, EngineApi
from layerfork.errors import EngineError
from layerfork.model.engine import EngineInfo, ImageFacts, ImageStep

CONTAINERD_STORE = ["driver-type", "io.containerd.snapshotter.v1"]
"""Row of ``DriverStatus`` that only the containerd image store has.
Source: moby/moby daemon/containerd/service.go (LayerStoreStatus), v24 to v28."""
LAYERED = ("RUN ", "COPY ", "ADD ", "WORKDIR ")
"""Instructions that BuildKit's frontend gives a layer, empty or not.
Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go, v0.8 to v0.26."""
BUILDKIT_COMMENT = "buildkit.dockerfile.v0"


def read_engine_info(api: EngineApi, kind: str, *, ours: bool = False) -> EngineInfo:
    """The engine as it reports itself. Raises: EngineError."""
    headers = api.ping()
    version, info = api.get("/version"), api.get("/info")
    components = tuple((part["Name"], part["Version"]) for part in version.get("Components") or ())
    in_containerd = CONTAINERD_STORE in (info.get("DriverStatus") or [])
    return EngineInfo(
        kind=kind,
        ours=ours,
        version=version["Version"],
        api_version=version["ApiVersion"],
        image_store="containerd" if in_containerd else "graphdriver",
        storage_driver=info.get("Driver", ""),
        default_builder="buildkit" if headers.get("builder-version") == "2" else "classic",
        os=version.get("Os", "linux"),
        architecture=version.get("Arch", ""),
        instance=info.get("ID", ""),
        components=components,
    )


def read_info_lines(api: EngineApi) -> tuple[tuple[str, str], ...]:
    """What ``docker info`` and ``docker version`` print of the server, as names and values.

    Raises: EngineError.
    """
    info, version = api.get("/info"), api.get("/version")
    named = (
        ("Server Version", version["Version"]),
        ("API Version", version["ApiVersion"]),
        ("Storage Driver", info.get("Driver", "")),
        *((f" {name}", value) for name, value in info.get("DriverStatus") or ()),
        ("Logging Driver", info.get("LoggingDriver", "")),
        ("Cgroup Driver", info.get("CgroupDriver", "")),
        ("Cgroup Version", info.get("CgroupVersion", "")),
        ("Default Runtime", info.get("DefaultRuntime", "")),
        ("Kernel Version", info.get("KernelVersion", "")),
        ("Operating System", info.get("OperatingSystem", "")),
        ("OSType", info.get("OSType", "")),
        ("Architecture", info.get("Architecture", "")),
        ("CPUs", str(info.get("NCPU", ""))),
        ("Total Memory", f"{info.get('MemTotal', 0) / 2**30:.2f} GiB"),
        ("Name", info.get("Name", "")),
        ("ID", info.get("ID", "")),
        ("Docker Root Dir", info.get("DockerRootDir", "")),
        ("Experimental", str(info.get("ExperimentalBuild", "")).lower()),
        *(
            (part["Name"], part["Version"])
            for part in version.get("Components") or ()
            if part["Name"] != "Engine"
        ),
        *(("WARNING", text.removeprefix("WARNING: ")) for text in info.get("Warnings") or ()),
    )
    return tuple((name, value) for name, value in named if value)


def read_image_facts(api: EngineApi, reference: str) -> ImageFacts:
    """What the engine says about one image.

    Raises: EngineError when it has no such image or does not answer.
    """
    try:
        image = api.get(f"/images/{reference}/json")
        history = api.get(f"/images/{reference}/history")
    except ApiError as error:
        raise EngineError(f"the engine cannot show the image {reference}: {error}") from error
    config = image.get("Config") or {}
    diff_ids = tuple((image.get("RootFS") or {}).get("Layers") or ())
    rows = list(reversed(history))
    return ImageFacts(
        image_id=full_id(image["Id"]),
        history=tuple(
            ImageStep(
                created_by=row["CreatedBy"],
                image_id="" if row["Id"].endswith("<missing>") else full_id(row["Id"]),
                empty_layer=is_empty,
            )
            for row, is_empty in zip(rows, _empty_layers(rows, len(diff_ids)), strict=True)
        ),
        diff_ids=diff_ids,
        env=tuple(config.get("Env") or ()),
        user=config.get("User") or "",
        working_dir=config.get("WorkingDir") or "",
        shell=tuple(config.get("Shell") or ()),
        onbuild=tuple(config.get("OnBuild") or ()),
    )


def full_id(image_id: str) -> str:
    """An id with its algorithm, which podman leaves out here and there before 5.0."""
    return image_id if ":" in image_id else f"sha256:{image_id}"


def _empty_layers(rows: list[dict[str, Any]], layers: int) -> list[bool]:
    """Which history rows have no layer: the API leaves that out, but gives sizes and the number of layers.

    When the sizes do not settle it (an empty file copied, a RUN without changes), BuildKit's rows go by
    their instruction; if that does not add up either, no row is called empty.
    """
    by_number = [False] * len(rows)
    by_size = [row["Size"] == 0 for row in rows]
    by_word = [
        row["Size"] == 0
        and not (row.get("Comment") == BUILDKIT_COMMENT and row["CreatedBy"].startswith(LAYERED))
        for row in rows
    ]
    for guess in (by_number, by_size, by_word):
        if guess.count(False) == layers:
            return guess
    return by_number
