"""Rules of buildah that changed from version to version."""

import re
from dataclasses import dataclass, field

from layerfork.context.ignore.containers_storage import StorageSyntax
from layerfork.record.build import Builder
from layerfork.record.engine import EngineInfo, Version, parse_version
from layerfork.record.record import BuildRecord

Release = tuple[int, int, int]
BUILDAH_OF_PODMAN: tuple[tuple[Version, Release], ...] = (
    ((5, 8), (1, 43, 0)),
    ((5, 7), (1, 42, 0)),
    ((5, 6), (1, 41, 3)),
    ((5, 5), (1, 40, 0)),
    ((5, 4), (1, 39, 0)),
    ((5, 3), (1, 38, 0)),
    ((5, 0), (1, 35, 0)),
    ((4, 8), (1, 33, 0)),
    ((4, 7), (1, 32, 0)),
    ((4, 6), (1, 31, 0)),
    ((4, 5), (1, 30, 0)),
    ((4, 4), (1, 29, 0)),
    ((4, 3), (1, 28, 0)),
    ((4, 2), (1, 27, 0)),
    ((4, 1), (1, 26, 0)),
    ((4, 0), (1, 24, 0)),
    ((3, 4), (1, 23, 0)),
    ((3, 3), (1, 22, 0)),
    ((3, 2), (1, 21, 0)),
    ((3, 1), (1, 20, 0)),
    ((3, 0), (1, 19, 0)),
)
"""First podman version, and the first buildah that it vendors, newest first.

Source: containers/podman go.mod @ v3.0.1 to v4.9.0, v5.0.0, v5.3.x to v5.8.x.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildahRules:
    """What holds for one buildah; the defaults are those of 1.41.2 and later."""

    known: bool = True
    owner_names: bool = False
    """Files that belong to the building user carry its name in their headers, looked up by the id on disk.
    Source: containers/buildah commit 9461dd61d: no longer since v1.41.2."""
    directory_slash: bool = True
    """Names of directories end in a slash. Source: containers/buildah commit 738fa0d3c, since v1.41.2."""
    here_documents_with_arguments: bool = True
    """A RUN's here-documents are in its string even when arguments are in force.
    Source: containers/buildah imagebuildah/stage_executor.go:getCreatedBy, since v1.40.0."""
    copy_ends: str = "     "
    """What ends the string of a COPY when nothing is unset, annotated or dated.
    Source: containers/buildah imagebuildah/stage_executor.go:buildMetadata, since v1.41.0."""
    shows_link: bool = True
    """``COPY --link`` says so. Source: containers/buildah commit eea4838d8, since v1.41.0."""
    inherits_arguments: bool = True
    """A stage takes over the ARG lines of the stage it is built on.
    Source: containers/buildah commit a4a30cf5e, since v1.41.0."""
    argument_values: bool = False
    """The string of an ARG has values beside the names, and that of a RUN every proxy that is given; an
    ENV hides no argument there.
    Source: containers/buildah commit 062445509, no longer since v1.24.0; seen with podman 3.0.1."""
    ignores: StorageSyntax = field(default_factory=StorageSyntax)
    prunes_excluded: bool = True
    """A walk enters a directory that is left out only where an exception begins with its path.
    Source: containers/buildah copier/copier.go:copierHandlerGet @ v1.22.0 (not yet), v1.23.0."""
    skips_empty_wildcards: bool = True
    """A wildcard that matches nothing is no error beside a source that matches.
    Source: containers/buildah commit 37e9d254c, since v1.21.0."""
    extended_globs: bool = True
    """``**`` stands for directories; what a wildcard matched is hidden from the next one.
    Source: containers/buildah commits 9e374f9fd and 3ea43566a, since v1.38.0."""
    excludes_below_sources: bool = False
    """Patterns of ``--exclude`` count from the source, too. Source: containers/buildah commit ece597f10,
    since v1.44.0."""


def buildah_rules(engine: EngineInfo | None) -> BuildahRules:
    """Rules of the buildah behind an engine: its own version when it tells it, else podman's."""
    version = _buildah_version(engine)
    if version is None:
        return BuildahRules(known=False)
    return BuildahRules(
        owner_names=version < (1, 41, 2),
        directory_slash=version >= (1, 41, 2),
        here_documents_with_arguments=version >= (1, 40, 0),
        copy_ends="     " if version >= (1, 41, 0) else "",
        shows_link=version >= (1, 41, 0),
        argument_values=version < (1, 24, 0),
        inherits_arguments=version >= (1, 41, 0),
        ignores=StorageSyntax(
            strips_slashes=version >= (1, 20, 0),
            strips_exceptions=version >= (1, 22, 0),
            checks_whole_pattern=version >= (1, 20, 0),
        ),
        prunes_excluded=version >= (1, 23, 0),
        skips_empty_wildcards=version >= (1, 21, 0),
        extended_globs=version >= (1, 38, 0),
        excludes_below_sources=version >= (1, 44, 0),
    )


def service_has_no_cache(record: BuildRecord) -> bool:
    """Whether podman's service built this without a cache although the request did not ask for
    that: before 4.0 it has one only for requests that ask for layers, which Docker's clients do not.

    Source: containers/podman commit 022273c197, no longer since v4.0.0, which has buildah 1.24; seen with
    podman 3.0.1.
    """
    request = record.request
    if record.builder is not Builder.BUILDAH or not request.headers or "layers" in dict(request.options):
        return False
    version = _buildah_version(record.engine)
    return version is not None and version < (1, 24, 0)


def _buildah_version(engine: EngineInfo | None) -> Release | None:
    if engine is None:
        return None
    own = {name.lower(): version for name, version in engine.components}.get("buildah", "")
    if own:
        match = re.match(r"v?(\d+)\.(\d+)(?:\.(\d+))?", own)
        return (int(match[1]), int(match[2]), int(match[3] or 0)) if match else None
    version = parse_version(engine.version)
    if version is None:
        return None
    return next((vendored for first, vendored in BUILDAH_OF_PODMAN if version >= first), None)
