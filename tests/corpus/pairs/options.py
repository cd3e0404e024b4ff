"""What the request asks for beside the Dockerfile: options of RUN, networks, targets."""

from corpus.builds import CONTENT
from corpus.pairs.lines import ALL, CHAINS, texts
from corpus.subjects import Build, Fork, directory, file, idle, matters

CACHE = "FROM alpine\nRUN --mount=type=cache,target={} id\n"
CACHE_ID = "FROM alpine\nRUN --mount=type=cache,target=/c,id={} id\n"
TMPFS = "FROM alpine\nCOPY a /\nRUN --mount=type=tmpfs,target={} id\n"
BIND = "FROM alpine\nRUN --mount=type=bind,source=d,target=/m id\n"

MOUNTS = (
    *matters(
        "buildkit",
        "mount",
        *texts(CACHE.format("/c"), CACHE.format("/d")),
        Fork("RUN", ("mount /c", "mount /d")),
    ),
    *idle("buildkit", "mount", *texts(CACHE_ID.format("one"), CACHE_ID.format("two"))),
    # buildah's string has the whole line.
    *matters(
        "buildah",
        "instruction",
        *texts(CACHE.format("/c"), CACHE.format("/d")),
        Fork("RUN", ("instruction",)),
        what="mount",
    ),
    *matters(
        "buildkit",
        "content",
        Build(dockerfile=BIND, nodes=(directory("d"), file("d/x", "one"))),
        Build(dockerfile=BIND, nodes=(directory("d"), file("d/x", "two"))),
        Fork("RUN", ("content d/x",)),
        what="of-mount",
    ),
)

PLAIN = "FROM alpine\nCOPY a /\nRUN id\n"
COPY_ONLY = "FROM alpine\nCOPY a /\n"


def options(dockerfile: str, *pairs: tuple[tuple[str, ...], tuple[str, ...]]) -> tuple[Build, Build]:
    """One Dockerfile with two sets of flags."""
    ((writer, reader),) = pairs
    return (
        Build(dockerfile=dockerfile, nodes=(file("a"),), flags=writer),
        Build(dockerfile=dockerfile, nodes=(file("a"),), flags=reader),
    )


BIND_FILE = "FROM alpine\nRUN --mount=type=bind,source=a,target=/m id\n"
BINDS = (
    *matters(
        "buildah",
        "mount",
        Build(dockerfile=BIND_FILE, nodes=(file("a", "one"),)),
        Build(dockerfile=BIND_FILE, nodes=(file("a", "two"),)),
        Fork("RUN", ("mount /m",)),
    ),
    *idle(
        "buildah",
        "mount",
        Build(dockerfile=BIND_FILE, nodes=(file("a"), file("b", "one"))),
        Build(dockerfile=BIND_FILE, nodes=(file("a"), file("b", "two"))),
    ),
)

OPTIONS = (
    *matters(
        "buildkit",
        "run-option",
        *options(PLAIN, ((), ("--add-host=h:10.0.0.1",))),
        Fork("RUN", ("run-option",)),
        what="add-host",
    ),
    *matters(
        "buildkit",
        "run-option",
        *options(PLAIN, ((), ("--ulimit=nofile=100:200",))),
        Fork("RUN", ("run-option",)),
        what="ulimit",
    ),
    *matters(
        "buildkit",
        "run-option",
        *options(PLAIN, ((), ("--cgroup-parent=x",))),
        Fork("RUN", ("run-option",)),
        what="cgroup-parent",
    ),
    *matters(
        "buildkit",
        "mount",
        *options(PLAIN, ((), ("--shm-size=32m",))),
        Fork("RUN", ("mount /dev/shm",)),
        what="shm-size",
    ),
    *idle(
        "buildkit",
        "run-option",
        *options(PLAIN, (("--add-host=h:10.0.0.1",), ("--add-host=h:10.0.0.2",))),
        what="address",
    ),
    *idle(
        "buildkit",
        "run-option",
        *options(COPY_ONLY, ((), ("--add-host=h:10.0.0.1", "--ulimit=nofile=100:200"))),
        what="no-run",
    ),
    *idle(
        "buildkit",
        "run-option",
        Build(dockerfile=COPY_ONLY, nodes=(file("a", "one"),)),
        Build(dockerfile=COPY_ONLY, nodes=(file("a", "two"),), flags=("--ulimit=nofile=100:200",)),
        CONTENT,
        what="below-content",
    ),
    *idle(
        "classic buildah",
        "run-option",
        Build(dockerfile=PLAIN, nodes=(file("a"),)),
        Build(
            dockerfile=PLAIN,
            nodes=(file("a"),),
            query={"shmsize": "33554432", "extrahosts": '["h:10.0.0.1"]'},
        ),
    ),
)

NETWORKS = (
    *matters(
        "buildkit",
        "network",
        Build(dockerfile=PLAIN, nodes=(file("a"),)),
        Build(dockerfile=PLAIN, nodes=(file("a"),), network="none"),
        Fork("RUN", ("network",)),
    ),
    *matters(
        "buildkit",
        "network",
        *texts("FROM alpine\nRUN id\n", "FROM alpine\nRUN --network=none id\n"),
        Fork("RUN", ("network",)),
        what="of-line",
    ),
    *idle(
        "buildkit",
        "network",
        Build(dockerfile=COPY_ONLY, nodes=(file("a", "one"),)),
        Build(dockerfile=COPY_ONLY, nodes=(file("a", "two"),), network="none"),
        CONTENT,
    ),
    *idle(
        CHAINS,
        "network",
        Build(dockerfile=PLAIN, nodes=(file("a"),)),
        Build(dockerfile=PLAIN, nodes=(file("a"),), network="none"),
    ),
)

STAGES = "FROM alpine AS one\nRUN echo 1\nFROM one AS two\nRUN echo 2\n"

TARGETS = (
    *matters(
        ALL,
        "target",
        Build(dockerfile=STAGES, target="one"),
        Build(dockerfile=STAGES, target="two"),
        warnings=("added-target",),
    ),
    *idle(ALL, "target", Build(dockerfile=STAGES), Build(dockerfile=STAGES, target="two"), what="last"),
    *idle(
        ALL,
        "target",
        Build(dockerfile=STAGES, target="two"),
        Build(dockerfile=STAGES, target="one"),
        what="narrower",
    ),
)

PAIRS = (*MOUNTS, *BINDS, *OPTIONS, *NETWORKS, *TARGETS)
