"""What changed in BuildKit's frontend from version to version, and what is not modelled."""

from dataclasses import dataclass

from layerfork.record.engine import Release

# What changed in BuildKit's frontend from version to version, and what its daemon can do.
#
# Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert*.go and client/llb/exec.go @ v0.11.6 to
# v0.32.2, every minor release read.

OLDEST: Release = (0, 11, 0)
"""The first BuildKit whose frontend is modelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontendRules:
    """What holds for one BuildKit; the defaults are those of 0.26 and later."""

    writable_mounts_are_kept: bool = False
    """A writable bind mount is an output of its RUN. No longer since 0.12."""
    scratch_secrets: bool = True
    """Mounts of secrets and sockets read no input by their number; else the first. Since 0.16."""
    mode_words: bool = True
    """``--chmod=u+x`` counts; else it is passed over. Since 0.17."""
    required_paths: bool = True
    """``COPY --parents`` asks for paths without wildcards to be there. Since 0.26."""
    merges: bool | None = None
    """The daemon can merge, which ``COPY --link`` needs; None when that is not known. A Docker Engine can
    with containerd's image store alone. Source: moby/moby builder/builder-next/controller.go @ v26.1.5."""


def frontend_rules(release: Release, merges: bool | None) -> FrontendRules:
    """Rules of a BuildKit's own frontend."""
    return FrontendRules(
        writable_mounts_are_kept=release < (0, 12, 0),
        scratch_secrets=release >= (0, 16, 0),
        mode_words=release >= (0, 17, 0),
        required_paths=release >= (0, 26, 0),
        merges=merges,
    )
