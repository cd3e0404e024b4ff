"""Context entries: what changed, came, went, or has other attributes."""

from collections.abc import Callable

from layerfork.diagnose.causes.scene import Scene
from layerfork.diagnose.causes.wording import named, show_mode, shown, values, verb
from layerfork.record.cause import CauseCode
from layerfork.record.judgement import Cause


def paths_of(scene: Scene, cause: Cause) -> list[str]:
    """Where in the context the parts of a cause lie, each once."""
    return [scene.place_of(path) for path in dict.fromkeys(part.path for part in cause.parts)]


def _content(scene: Scene, cause: Cause) -> str:
    paths = paths_of(scene, cause)
    if scene.again:
        return f"{named(paths)} changed"
    return f"{named(paths)} {verb(paths, 'differs', 'differ')}"


def _extra(scene: Scene, cause: Cause) -> str:
    paths = paths_of(scene, cause)
    if scene.again:
        return f"{named(paths)} {verb(paths, 'is', 'are')} new"
    return f"only {scene.reader_name} sent {named(paths)}"


def _missing(scene: Scene, cause: Cause) -> str:
    paths = paths_of(scene, cause)
    if scene.again:
        return f"{named(paths)} {verb(paths, 'is', 'are')} gone"
    return f"only {scene.writer_name} sent {named(paths)}"


def _attribute(
    noun: str, show: Callable[[str], str] = shown, absent: str = "none"
) -> Callable[[Scene, Cause], str]:
    """``mode of run.sh is 0644, was 0755``: one pair of values, or only that they differ."""

    def say(scene: Scene, cause: Cause) -> str:
        paths = paths_of(scene, cause)
        label = f"{noun} of {named(paths)}"
        pairs = {(part.writer, part.reader) for part in cause.parts}
        if len(pairs) != 1:
            return f"{label} changed" if scene.again else f"{label} differs"
        writer, reader = (absent if value is None else show(value) for value in pairs.pop())
        return values(scene, label, writer, reader)

    return say


def _type_bits(scene: Scene, cause: Cause) -> str:
    label = f"mode of {named(paths_of(scene, cause))}"
    if scene.again:
        return f"{label} has {cause.reader}, had {cause.writer}"
    return f"{label} has {cause.reader} for {scene.reader_name}, {cause.writer} for {scene.writer_name}"


def _xattr(scene: Scene, cause: Cause) -> str:
    label = f"extended attribute {cause.field} of {named(paths_of(scene, cause))}"
    if "none" in (cause.writer, cause.reader) and scene.again:
        return f"{label} is {'gone' if cause.reader == 'none' else 'new'}"
    return values(scene, label, cause.writer, cause.reader)


def subject(scene: Scene, cause: Cause) -> str:
    """The first path that a cause is about, and how many more: what follows from it is not counted."""
    place = scene.place_of(cause.path)
    return f"{place} and {cause.more:,} more" if cause.more else place


def _kind(scene: Scene, cause: Cause) -> str:
    return values(scene, subject(scene, cause), cause.writer, cause.reader, many=cause.more > 0)


def _link(scene: Scene, cause: Cause) -> str:
    label = subject(scene, cause)
    if not cause.reader.startswith("a "):
        label = f"target of the link {label}"
    return values(scene, label, cause.writer, cause.reader)


def _root(scene: Scene, cause: Cause) -> str:
    return values(scene, "header of the context's root", cause.writer, cause.reader)


def _name(scene: Scene, cause: Cause) -> str:
    label = f"name of {named(paths_of(scene, cause))}"
    return values(scene, label, f"`{cause.writer}`", f"`{cause.reader}`")


def _directory(scene: Scene, cause: Cause) -> str:
    paths = paths_of(scene, cause)
    has, lacks = scene.reader_name, scene.writer_name
    if cause.reader == "absent":
        has, lacks = lacks, has
    what = f"an entry for the directory {named(paths, 'directories')}"
    if scene.again:
        return f"{what} {'was' if has == scene.writer_name else 'is'} sent by one build only"
    return f"{has} sent {what}, {lacks} did not"


def _ignored(scene: Scene, cause: Cause) -> str:
    paths = paths_of(scene, cause)
    by_reader = any(part.reader is None for part in cause.parts)
    by_writer = any(part.writer is None for part in cause.parts)
    if by_reader and by_writer:
        return f"the ignore patterns changed for {named(paths)}" if scene.again else ""
    if scene.again:
        return f"the ignore patterns {'now' if by_reader else 'no longer'} leave out {named(paths)}"
    whose = scene.reader_name if by_reader else scene.writer_name
    return f"the ignore patterns of {whose} leave out {named(paths)}"


def _build_file(scene: Scene, cause: Cause) -> str:
    paths = paths_of(scene, cause)
    what = verb(paths, "changed, and is copied", "changed, and are copied")
    return (
        f"{named(paths)} {what}"
        if scene.again
        else f"{named(paths)} {verb(paths, 'is', 'are')} copied, and sent differently"
    )


PHRASES = {
    CauseCode.CONTENT: _content,
    CauseCode.ENTRY_EXTRA: _extra,
    CauseCode.ENTRY_MISSING: _missing,
    CauseCode.MODE: _attribute("mode", show_mode),
    CauseCode.UID: _attribute("owner id"),
    CauseCode.GID: _attribute("group id"),
    CauseCode.MODE_TYPE_BITS: _type_bits,
    CauseCode.XATTR: _xattr,
    CauseCode.OWNER_NAME: _attribute("owner name"),
    CauseCode.ENTRY_TYPE: _kind,
    CauseCode.HARDLINK: _kind,
    CauseCode.LINK_TARGET: _link,
    CauseCode.ENTRY_NAME: _name,
    CauseCode.DIRECTORY_ENTRY: _directory,
    CauseCode.ROOT_HEADER: _root,
    CauseCode.IGNORE_RULE: _ignored,
    CauseCode.DOCKERFILE_IN_CONTEXT: _build_file,
}
