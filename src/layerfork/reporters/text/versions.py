"""The \"versions used\" block: what it takes to repeat the experiment."""

from collections.abc import Iterator

from layerfork.model.report import VersionsUsed

SHORT_ENGINE = (
    "Server Version",
    "API Version",
    "Storage Driver",
    "Backing Filesystem",
    "Kernel Version",
    "Operating System",
    "Architecture",
    "containerd",
    "runc",
)
"""Lines of ``docker info`` that the short form keeps."""


def version_lines(versions: VersionsUsed, verbose: bool) -> Iterator[str]:
    """Lines of the block: the essential ones, or everything when verbose."""
    if verbose:
        yield "> docker info"
        yield from (f"{name}: {value}" for name, value in versions.engine)
    else:
        facts = dict(versions.engine)
        yield from (f"{name}: {facts[name]}" for name in SHORT_ENGINE if name in facts)
    yield from (f"{client}: {version}" for client, version in versions.clients)
    for environment, packages in versions.packages:
        if verbose:
            yield f"> pip freeze ({environment})"
            yield from packages
        else:
            yield f"{environment}: {', '.join(packages)}"
