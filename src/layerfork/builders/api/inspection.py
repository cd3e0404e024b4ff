"""What an engine says about itself and about its images, as the model's facts."""

from datetime import UTC, datetime

from layerfork.builders.api.apianswers import HistoryRow, Image, ImageConfig, Info, Layers, Version
from layerfork.builders.api.engineapi import ApiError, EngineApi
from layerfork.dockerfile import LAYERED, keyword_of
from layerfork.errors import EngineError
from layerfork.record.engine import EngineInfo, ImageFacts, ImageStep

CONTAINERD_STORE = ["driver-type", "io.containerd.snapshotter.v1"]
"""Row of ``DriverStatus`` that only the containerd image store has.
Source: moby/moby daemon/containerd/service.go (LayerStoreStatus), v24 to v28."""
BUILDKIT_COMMENT = "buildkit.dockerfile.v0"
_YEAR_9999 = 253_370_764_800


def read_engine_info(api: EngineApi, kind: str, *, ours: bool = False) -> EngineInfo:
    """The engine as it reports itself. Raises: EngineError."""
    headers = api.ping()
    version, info = api.get("/version", Version), api.get("/info", Info)
    in_containerd = CONTAINERD_STORE in (info.driver_status or [])
    return EngineInfo(
        kind=kind,
        ours=ours,
        version=version.version,
        api_version=version.api_version,
        image_store="containerd" if in_containerd else "graphdriver",
        storage_driver=info.driver,
        default_builder="buildkit" if headers.get("builder-version") == "2" else "classic",
        os=version.os,
        architecture=version.arch,
        instance=info.id,
        components=tuple((part.name, part.version) for part in version.components or ()),
    )


def read_info_lines(api: EngineApi) -> tuple[tuple[str, str], ...]:
    """What ``docker info`` and ``docker version`` print of the server, as names and values.

    Raises: EngineError.
    """
    info, version = api.get("/info", Info), api.get("/version", Version)
    named = (
        ("Server Version", version.version),
        ("API Version", version.api_version),
        ("Storage Driver", info.driver),
        *((f" {row[0]}", row[1]) for row in info.driver_status or () if len(row) > 1),
        ("Logging Driver", info.logging_driver),
        ("Cgroup Driver", info.cgroup_driver),
        ("Cgroup Version", info.cgroup_version),
        ("Default Runtime", info.default_runtime),
        ("Kernel Version", info.kernel_version),
        ("Operating System", info.operating_system),
        ("OSType", info.os_type),
        ("Architecture", info.architecture),
        ("CPUs", "" if info.cpus is None else str(info.cpus)),
        ("Total Memory", f"{info.memory / 2**30:.2f} GiB"),
        ("Name", info.name),
        ("ID", info.id),
        ("Docker Root Dir", info.docker_root),
        ("Experimental", "" if info.experimental is None else str(info.experimental).lower()),
        *((part.name, part.version) for part in version.components or () if part.name != "Engine"),
        *(("WARNING", text.removeprefix("WARNING: ")) for text in info.warnings or ()),
    )
    return tuple((name, value) for name, value in named if value)


def read_image_facts(api: EngineApi, reference: str) -> ImageFacts:
    """What the engine says about one image.

    Raises: EngineError when it has no such image or does not answer.
    """
    try:
        image = api.get(f"/images/{reference}/json", Image)
        history = api.get(f"/images/{reference}/history", list[HistoryRow])
    except ApiError as error:
        raise EngineError(
            f"the engine at {api.docker_host} cannot show the image {reference}: {error}"
        ) from error
    config = image.config or ImageConfig()
    diff_ids = tuple((image.root_fs or Layers()).layers or ())
    rows = list(reversed(history))
    return ImageFacts(
        image_id=full_id(image.id),
        history=tuple(
            ImageStep(
                created_by=row.created_by,
                image_id="" if row.id.endswith("<missing>") else full_id(row.id),
                empty_layer=is_empty,
                created_at=_as_utc(row.created),
            )
            for row, is_empty in zip(rows, _empty_layers(rows, len(diff_ids)), strict=True)
        ),
        diff_ids=diff_ids,
        env=tuple(config.env or ()),
        user=config.user or "",
        working_dir=config.working_dir or "",
        shell=tuple(config.shell or ()),
        onbuild=tuple(config.on_build or ()),
        architecture=image.architecture,
    )


def _as_utc(seconds: int) -> str:
    """RFC 3339; empty for what is no time after 1970."""
    if not 0 < seconds < _YEAR_9999:
        return ""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def full_id(image_id: str) -> str:
    """An id with its algorithm, which podman leaves out here and there before 5.0."""
    return image_id if ":" in image_id else f"sha256:{image_id}"


def _empty_layers(rows: list[HistoryRow], layers: int) -> list[bool]:
    """Which history rows have no layer: the API leaves that out, but gives sizes and the number of layers.

    When the sizes do not settle it (an empty file copied, a RUN without changes), BuildKit's rows go by
    their instruction; if that does not add up either, no row is called empty.
    """
    by_number = [False] * len(rows)
    by_size = [row.size == 0 for row in rows]
    by_word = [
        row.size == 0 and not (row.comment == BUILDKIT_COMMENT and keyword_of(row.created_by) in LAYERED)
        for row in rows
    ]
    for guess in (by_number, by_size, by_word):
        if guess.count(False) == layers:
            return guess
    return by_number
