"""Installing before the sources are copied: what most Dockerfiles that rebuild too much get wrong."""

import posixpath
from collections.abc import Sequence

from layerfork.diagnose.causes.edits import lines_of
from layerfork.diagnose.causes.scene import Scene
from layerfork.dockerfile import Instruction
from layerfork.dockerfile.installing import Install, install_of
from layerfork.record.answer import Edit, Fix

_BETWEEN = frozenset(
    {"LABEL", "EXPOSE", "CMD", "ENTRYPOINT", "STOPSIGNAL", "HEALTHCHECK", "MAINTAINER", "RUN"}
)
"""What may stand between the copy and the install step: nothing that the latter needs."""


def install_first(scene: Scene, paths: Sequence[str]) -> Fix | None:
    """Put the install step above the copy; None where none follows, or where it reads what changed."""
    copy = scene.instruction
    if copy is None or copy.keyword not in ("COPY", "ADD") or copy.flag("from") or copy.heredocs:
        return None
    found = _install_below(scene, copy)
    manifests = _manifests(scene, found) if found is not None else None
    if found is None or manifests is None or any(path in manifests for path in paths):
        return None
    return _swap(scene, copy, found, manifests)


def _install_below(scene: Scene, copy: Instruction) -> Install | None:
    """The install step that was built again because of the copy, if nothing between them is in its way."""
    again = {step.line or step.index for step in scene.later_steps()}
    for each in scene.dockerfile.instructions if scene.dockerfile is not None else ():
        if each.stage != copy.stage or each.first_line <= copy.first_line:
            continue
        if each.keyword not in _BETWEEN:
            return None
        if each.keyword != "RUN":
            continue
        index = next((at for at, own in scene.instructions.items() if own == each), 0)
        return install_of(each) if again & {each.first_line, index} else None
    return None


def _manifests(scene: Scene, install: Install) -> tuple[str, ...] | None:
    """Files of the context that the step reads; None where they are not there."""
    installer = install.installer
    if install.named is not None:
        path = posixpath.normpath(install.named)
        return (path,) if scene.has(path) else None
    there = tuple(each for each in installer.manifests if scene.has(each))
    if not installer.manifests:
        return ()
    return there if installer.manifests[0] in there else None


def _swap(scene: Scene, copy: Instruction, install: Install, manifests: tuple[str, ...]) -> Fix | None:
    run, installer = install.run, install.installer
    if "." not in copy.sources and "./" not in copy.sources:
        return None
    lines = lines_of(scene, run)
    first: tuple[str, ...] = ()
    if manifests:
        target = copy.arguments[-1]
        place = target if target.endswith("/") else f"{target}/"
        flags = "".join(f" --{name}={value}" for name, value in copy.flags if name in ("chown", "chmod"))
        if any("/" in each for each in manifests):
            return None
        first = (f"COPY{flags} {' '.join(manifests)} {place}",)
    edits = (
        Edit(file=scene.file, line=copy.first_line, after=(*first, *lines)),
        Edit(file=scene.file, line=run.first_line, before=lines),
    )
    what = f"`{first[0]}` and line {run.first_line}" if first else f"line {run.first_line} (it reads no file)"
    return Fix(
        sentence=f"install before copying: put {what} above line {copy.first_line}",
        edits=edits,
        warning=installer.warning and f"safe {installer.warning}",
    )
