"""Parts of what buildah digests for a COPY or ADD, and of the command of a RUN."""

from collections.abc import Iterator

from layerfork.cachekey.buildah_content import AddedSource, TarMember
from layerfork.cachekey.buildah_rules import BuildahRules
from layerfork.cachekey.entryparts import content_is_known
from layerfork.cachekey.tree import shown
from layerfork.model.cachekey import KeyPart


def summary_shape(sources: tuple[AddedSource, ...]) -> str:
    """The digest's place in the history string, without its value."""
    if len(sources) == 1:
        return f"{sources[0].kind}:…"
    return f"multi:[{', '.join(source.kind for source in sources)}]"


def added_parts(sources: tuple[AddedSource, ...], rules: BuildahRules) -> tuple[list[KeyPart], list[str]]:
    """Parts of every header and content, and what of it nobody hashed, in words.

    Paths are those in the context. What is digested are names below the source, so two sources of
    other names that hold the same are one to buildah and two here.
    """
    parts: list[KeyPart] = []
    unknown: list[str] = []
    for number, source in enumerate(sources, start=1):
        suffix = f" of source {number}" if number > 1 else ""
        for member in source.members:
            path = shown(_path(source, member))
            for cause, field, value in _fields(member, source.is_directory, rules):
                parts.append(KeyPart(cause=cause, path=path, field=field + suffix, value=value))
            if member.content is not None and not content_is_known(member.content):
                unknown.append(f"content of {path}")
    return parts, unknown


def _path(source: AddedSource, member: TarMember) -> str:
    if not source.is_directory:
        return source.path
    return member.name if source.path == "." else f"{source.path}/{member.name}"


def _fields(member: TarMember, in_directory: bool, rules: BuildahRules) -> Iterator[tuple[str, str, str]]:
    if not in_directory:
        yield "entry-name", "name", shown(member.name)
    yield "entry-type", "typeflag", member.typeflag
    yield "mode", "mode", f"0{member.mode:03o}"
    if rules.owner_names:
        yield "owner-name", "uname", member.uname
    if member.linkname:
        yield "hardlink" if member.typeflag == "1" else "link-target", "linkname", shown(member.linkname)
    if member.devmajor or member.devminor:
        yield "entry-type", "device", f"{member.devmajor}:{member.devminor}"
    for name, value in member.xattrs:
        yield "xattr", name, value.hex()
    if member.content is not None and member.content.content is not None:
        yield "content", "content", member.content.content
