"""Parts of what buildah digests for a COPY or ADD, and of the command of a RUN."""

from collections.abc import Iterator
from functools import lru_cache

from layerfork.keys.buildah.content import AddedSource, TarMember
from layerfork.keys.buildah.rules import BuildahRules
from layerfork.keys.shared.entryparts import content_is_known, make_entry_parts
from layerfork.keys.shared.tree import shown
from layerfork.record.cachekey import EntryParts, KeyPart, Part, Place, Row


def summary_shape(sources: tuple[AddedSource, ...]) -> str:
    """The digest's place in the history string, without its value."""
    if len(sources) == 1:
        return f"{sources[0].kind}:…"
    return f"multi:[{', '.join(source.kind for source in sources)}]"


def added_parts(
    sources: tuple[AddedSource, ...], rules: BuildahRules, *, renamed: bool
) -> tuple[list[Part], list[str]]:
    """Parts of every header and content, and what of it nobody hashed, in words.

    ``renamed``: the only source is a file, and its name is that of the destination.

    Paths are those in the context. What is digested are names below the source, so two sources of
    other names that hold the same are one to buildah and two here.
    """
    parts: list[Part] = []
    unknown: list[str] = []
    if renamed:
        parts.append(KeyPart(cause="instruction", field="name", value=shown(sources[0].members[0].name)))
    for number, source in enumerate(sources, start=1):
        for member in source.members:
            path = shown(_path(source, member))
            entry = _member_parts(path, member, rules, named=not (source.is_directory or renamed))
            parts.append(entry.within(Place("source", number)) if number > 1 else entry)
            if member.content is not None and not content_is_known(member.content):
                unknown.append(f"content of {path}")
    return parts, unknown


def _path(source: AddedSource, member: TarMember) -> str:
    if not source.is_directory:
        return source.path
    return member.name if source.path == "." else f"{source.path}/{member.name}"


def _member_parts(path: str, member: TarMember, rules: BuildahRules, *, named: bool) -> EntryParts:
    own: tuple[Row, ...] = (("entry-name", "name", shown(member.name)),) if named else ()
    if member.linkname or member.devmajor or member.devminor or member.xattrs:
        own = (*own, *_rare_rows(member))
    if member.content is not None and member.content.content is not None:
        own = (*own, ("content", "content", member.content.content))
    owner = _owner(member) if rules.owner_names else None
    return make_entry_parts((path, _usual_rows(member.typeflag, member.mode, owner), own, ()))


def _owner(member: TarMember) -> str:
    """What of an owner is digested: buildah makes every id 0, but leaves the name of root to what is root's.

    It looks names up by the ids on disk, so names that were sent never count, and neither do groups: measured
    with podman 3.0.1, 4.3.1 and 5.4.2.
    """
    return "0" if member.uname else "not 0"


@lru_cache(maxsize=1024)
def _usual_rows(typeflag: str, mode: int, owner: str | None) -> tuple[Row, ...]:
    rows = (("entry-type", "typeflag", typeflag), ("mode", "mode", f"0{mode:03o}"))
    return rows if owner is None else (*rows, ("uid", "uid", owner))


def _rare_rows(member: TarMember) -> Iterator[Row]:
    if member.linkname:
        yield "hardlink" if member.typeflag == "1" else "link-target", "linkname", shown(member.linkname)
    if member.devmajor or member.devminor:
        yield "entry-type", "device", f"{member.devmajor}:{member.devminor}"
    for name, value in member.xattrs:
        yield "xattr", name, value.hex()
