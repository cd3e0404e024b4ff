"""Random contexts and Dockerfiles. One seed gives one subject, byte for byte."""

import posixpath
from random import Random

from layerfork.record.build import Builder
from layerfork.record.context import EntryType
from research.mutations.subject import BASE, CASE_FILE, Arena, Line, Node, Stage, Subject, Wire
from research.mutations.variables import BASE_NAME, given_arguments, outer_lines, variable_lines

NAMES = ("a.txt", "b.txt", "c.bin", "e.txt", "g.cfg", "h.txt", "x y.txt", "ü.txt", "z.log", "k-1.2.txt")
MODES = (0o644, 0o644, 0o755, 0o600, 0o640, 0o664, 0o4755)
OWNERS = (0, 0, 1000, 5)
RUN_SHARE = 0.25
"""Share of subjects that run a command; it costs as much as all other lines together."""


def random_data(rng: Random) -> bytes:
    """Content that nothing else has."""
    return f"{rng.getrandbits(64):016x}\n".encode() * rng.choice((1, 1, 1, 40))


def generate(rng: Random, arena: Arena) -> Subject:
    """One subject that the arena's builder can build."""
    nodes = _context(rng)
    stages = _stages(rng, arena, nodes)
    files = plain_files(nodes)
    return Subject(
        nodes=tuple(sorted(nodes, key=lambda node: node.path)),
        stages=stages,
        ignore=_ignore(rng),
        comment=rng.choice(("", "a comment")),
        outer=outer_lines(rng, files),
        build_args=((("VALUE", "given"),) if rng.random() < 0.5 else ()) + given_arguments(rng, files),
        wire=Wire(prefix=rng.choice(("", "", "./")), gzip=rng.random() < 0.2),
    )


def _ignore(rng: Random) -> tuple[str, ...] | None:
    choices: tuple[tuple[str, ...] | None, ...] = (
        None,
        ("Dockerfile", ".dockerignore"),
        ("*.log",),
        ("Dockerfile", ".dockerignore", "*.log"),
        ("Dockerfile",),
    )
    return rng.choice(choices)


def _context(rng: Random) -> list[Node]:
    directories = ["d0", *(["d1"] if rng.random() < 0.7 else []), *(["d0/sub"] if rng.random() < 0.5 else [])]
    nodes = [_node(rng, path, EntryType.DIRECTORY) for path in directories]
    for directory in ("", *directories):
        chosen = rng.sample(NAMES, rng.randint(2, 4) if not directory else rng.randint(1, 4))
        nodes.extend(_node(rng, posixpath.join(directory, name)) for name in chosen)
    files = [node for node in nodes if node.type is EntryType.FILE]
    for number in range(rng.randint(0, 3)):
        directory = rng.choice(("", *directories))
        path = posixpath.join(directory, f"link{number}")
        target = posixpath.relpath(rng.choice(files).path, directory or ".")
        if rng.random() < 0.2:
            target = f"nowhere{number}"
        nodes.append(_node(rng, path, EntryType.SYMLINK, target))
    if rng.random() < 0.4:
        path = "d1/~hard" if "d1" in directories else "d0/~hard"
        # Later in every walk than its file, so that the file is what is sent as one.
        if earlier := [file for file in files if file.path < path]:
            nodes.append(hard_link(rng.choice(earlier), path))
    nodes.append(Node(path=CASE_FILE, data=random_data(rng)))
    return nodes


def hard_link(file: Node, path: str) -> Node:
    """Another name of a file; it shares everything but its path."""
    return Node(
        path=path,
        type=EntryType.HARDLINK,
        target=file.path,
        mode=file.mode,
        uid=file.uid,
        gid=file.gid,
        xattrs=file.xattrs,
        mtime=file.mtime,
    )


def _node(rng: Random, path: str, type_: EntryType = EntryType.FILE, target: str = "") -> Node:
    mode = {EntryType.DIRECTORY: rng.choice((0o755, 0o755, 0o775, 0o700)), EntryType.SYMLINK: 0o777}
    may_have_xattrs = type_ is not EntryType.SYMLINK and rng.random() < 0.15
    return Node(
        path=path,
        type=type_,
        data=random_data(rng) if type_ is EntryType.FILE else b"",
        mode=mode.get(type_, rng.choice(MODES)),
        uid=rng.choice(OWNERS),
        gid=rng.choice(OWNERS),
        target=target,
        xattrs=(("user.note", b"first"),) if may_have_xattrs else (),
    )


def _stages(rng: Random, arena: Arena, nodes: list[Node]) -> tuple[Stage, ...]:
    count = rng.choice((1, 1, 2, 2, 3))
    runs = rng.random() < RUN_SHARE
    stages: list[Stage] = []
    for number in range(count):
        on_earlier = bool(stages) and rng.random() < 0.3
        image = rng.choice((BASE, f"${{{BASE_NAME}}}"))
        base = rng.choice(stages).name if on_earlier else image
        last = number == count - 1
        lines = [Line(keyword="COPY", words=(CASE_FILE, f"/case{number}"))]
        lines += variable_lines(rng, arena, plain_files(nodes), f"/o{number}", runs=runs and last)
        lines += [_line(rng, arena, nodes, f"/o{number}{k}") for k in range(rng.randint(2, 4))]
        lines += _from_lines(rng, stages, number)
        if runs and last:
            lines += [Line(keyword="ARG", words=("VALUE=default",))] if rng.random() < 0.6 else []
            lines += [Line(keyword="RUN", words=("true",))]
        stages.append(Stage(name=f"s{number}", base=base, lines=tuple(lines)))
    return tuple(stages)


def _from_lines(rng: Random, stages: list[Stage], number: int) -> list[Line]:
    """Copies of what an earlier stage copied, whole: there is always exactly one line that made it."""
    if not stages or rng.random() < 0.3:
        return []
    stage = rng.choice(stages)
    made = [line.words[-1] for line in stage.lines if line.copies and "$" not in line.words[-1]]
    source = rng.choice(made)
    return [Line(keyword="COPY", origin=stage.name, words=(source, f"/from{number}/"))]


OTHER_KINDS = ("env", "label", "workdir", "metadata")


def _line(rng: Random, arena: Arena, nodes: list[Node], place: str) -> Line:
    kinds = ["file"] * 4 + ["directory"] * 4 + ["many", "wildcard", "all", "link", "add", "expanded"]
    kinds += OTHER_KINDS
    if arena.builder is Builder.BUILDKIT:
        kinds += ["heredoc", "chmod", "linked"]
    exclude = "exclude from the root" if arena.builder is Builder.BUILDAH else "exclude"
    kinds += [exclude] * 2 if arena.excludes else []
    kind = rng.choice(kinds)
    file = rng.choice(plain_files(nodes))
    return _other_line(rng, kind, place) if kind in OTHER_KINDS else _copy(rng, kind, nodes, file, place)


def plain_files(nodes: list[Node]) -> list[str]:
    """Files that every line can name; one that an ignore rule may hide would make the build fail."""
    plain = [n.path for n in nodes if n.type is EntryType.FILE and not n.path.endswith(".log")]
    return [path for path in plain if path != CASE_FILE and " " not in path]


def _copy(rng: Random, kind: str, nodes: list[Node], file: str, place: str) -> Line:
    links = [n.path for n in nodes if n.type is EntryType.SYMLINK and "nowhere" not in n.target]
    links = [n.path for n in nodes if n.path in links and not n.target.endswith(".log")]
    directories = [n.path for n in nodes if n.type is EntryType.DIRECTORY]
    match kind:
        case "directory":
            return Line(keyword="COPY", words=(rng.choice(directories), f"{place}/"))
        case "many":
            return Line(keyword="COPY", words=(file, rng.choice(directories), f"{place}/"))
        case "wildcard":
            pattern = rng.choice(("*.txt", "d0/*.txt", "?.*"))
            return Line(keyword="COPY", words=(file, pattern, f"{place}/"))
        case "exclude" | "exclude from the root":
            directory = rng.choice(directories)
            inside = [n.path for n in nodes if posixpath.dirname(n.path) == directory and " " not in n.path]
            names = inside if kind != "exclude" else [posixpath.basename(path) for path in inside]
            flags = (f"--exclude={rng.choice(names)}",) if names else ()
            return Line(keyword="COPY", words=(directory, f"{place}/"), flags=flags)
        case "all":
            return Line(keyword="COPY", words=(".", f"{place}/"))
        case "link" if links:
            return Line(keyword="COPY", words=(rng.choice(links), place))
        case "add":
            return Line(keyword="ADD", words=(file, place), flags=rng.choice(((), ("--chown=3:4",))))
        case "expanded":
            return Line(keyword="COPY", words=(file, f"{place}$NAME"), flags=("--chown=1000:1000",))
        case "heredoc":
            return Line(keyword="COPY", words=("<<EOF", place), heredoc=random_data(rng).decode())
        case "chmod":
            return Line(keyword="COPY", words=(file, place), flags=("--chmod=0750",))
        case "linked":
            return Line(keyword="COPY", words=(file, place), flags=("--link",))
    return Line(keyword="COPY", words=(file, place), as_json=rng.random() < 0.3)


def _other_line(rng: Random, kind: str, place: str) -> Line:
    match kind:
        case "env":
            return Line(keyword="ENV", words=(f"NAME={rng.getrandbits(16):x}",))
        case "label":
            return Line(keyword="LABEL", words=(f"note={rng.getrandbits(16):x}",))
        case "workdir":
            return Line(keyword="WORKDIR", words=(f"{place}w",))
    return rng.choice(
        (
            Line(keyword="CMD", words=("true", str(rng.getrandbits(8)))),
            Line(keyword="EXPOSE", words=(str(rng.randint(1, 60000)),)),
            Line(keyword="STOPSIGNAL", words=(str(rng.randint(1, 30)),)),
        )
    )
