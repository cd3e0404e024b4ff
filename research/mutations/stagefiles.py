"""Which files a stage holds at a place that one of its lines copied to, as a text that compares."""

import posixpath

from layerfork.record.build import Builder
from layerfork.record.context import EntryType
from research.mutations.reads import matches, resolve, visible, without_excluded
from research.mutations.scope import resolved
from research.mutations.subject import Arena, Delivery, Line, Node, Subject


def files_behind(subject: Subject, arena: Arena, stage: str, place: str) -> str:
    """Equal texts for equal files.

    Owners count only for BuildKit with a tar: it keeps the tar's, where all others make root the owner.
    ``--chown`` and ``--chmod`` give all files one owner, one mode.
    """
    subject = resolved(subject, arena.builder)
    lines = next(each.lines for each in subject.stages if each.name == stage)
    line = next(each for each in lines if each.copies and each.words[-1] == place)
    if line.origin:
        return f"{line.origin} {files_behind(subject, arena, line.origin, line.words[0])}"
    of_tar = arena.builder is Builder.BUILDKIT and arena.delivery is Delivery.TAR
    keeps_owner = of_tar and not _sets(line, "--chown")
    keeps_mode = not _sets(line, "--chmod")
    sources = _sources(subject, arena, line, keeps_owner=keeps_owner, keeps_mode=keeps_mode)
    return f"{line.flags} {line.heredoc} {sources}"


def _sets(line: Line, option: str) -> bool:
    return any(flag.startswith(f"{option}=") for flag in line.flags)


def _sources(subject: Subject, arena: Arena, line: Line, *, keeps_owner: bool, keeps_mode: bool) -> str:
    nodes = without_excluded(visible(subject, arena), line)
    found: list[str] = []
    files: dict[str, int] = {}
    for source in line.sources:
        for path in matches(nodes, source):
            start = resolve(nodes, path)
            places = [(start, posixpath.basename(path))]
            below = "" if start == "." else f"{start}/"
            if start == "." or nodes[start].type is EntryType.DIRECTORY:
                # Builders make the destination themselves: it has nothing of the source directory.
                members = sorted(member for member in nodes if member.startswith(below))
                places = [(member, member.removeprefix(below)) for member in members]
            for place, name in places:
                node = nodes.get(place)
                owner = f"{node.uid}:{node.gid}" if keeps_owner and node is not None else ""
                if arena.builder is Builder.CLASSIC and node is not None and node.type is EntryType.SYMLINK:
                    place, name = _behind(nodes, below, name, node)
                if arena.builder is Builder.BUILDAH and node is not None:
                    name += _shared_name(nodes, below, node)
                if node is not None and node.type in (EntryType.FILE, EntryType.HARDLINK):
                    if name in files:  # a later source overwrites it
                        found[files[name]] = ""
                    files[name] = len(found)
                found.append(f"{owner} {_fact(nodes, place, arena, base=name, keeps_mode=keeps_mode)}")
    return "\n".join(found)


def _behind(nodes: dict[str, Node], below: str, name: str, link: Node) -> tuple[str, str]:
    """What a link leads to once its directory was copied, as place in the context and name.

    The classic builder hashes that instead of the link; where nothing is, the link's own path.
    """
    directory = posixpath.dirname(name)
    inside = posixpath.normpath(posixpath.join("/", "here", directory, link.target))
    target = below + inside.removeprefix("/here/")
    if link.target.startswith("/") or not inside.startswith("/here/") or target not in nodes:
        return "", f"nothing at {name}"
    return target, f"{name} as {inside}"


def _shared_name(nodes: dict[str, Node], below: str, node: Node) -> str:
    """The file that a hard link shares with its directory: buildah keeps them one."""
    shared = node.type is EntryType.HARDLINK and node.target.startswith(below) and node.target in nodes
    return f" as {node.target.removeprefix(below)}" if shared else ""


def _fact(nodes: dict[str, Node], path: str, arena: Arena, *, base: str, keeps_mode: bool) -> str:
    node = nodes.get(path)
    if node is None:
        return f"{base} nothing"
    data = node.data
    type_ = node.type
    if type_ is EntryType.HARDLINK:
        file = nodes.get(node.target)
        data, type_ = (file.data if file is not None else b"hidden"), EntryType.FILE
    target = node.target if type_ is EntryType.SYMLINK else ""
    # Of attributes on disk the classic builder reads nothing but file capabilities, and the docker CLI
    # sends no others in a tar.
    sent = arena.delivery is Delivery.TAR or arena.builder is Builder.BUILDKIT
    xattrs = node.xattrs if sent and arena.builder is not Builder.CLASSIC else ()
    # Buildah takes setuid and setgid off what it copies.
    mode = node.mode & 0o1777 if arena.builder is Builder.BUILDAH else node.mode
    shown_mode = f"{mode:o}" if keeps_mode else ""
    return f"{base} {type_} {shown_mode} {data!r} {target} {xattrs}"
