"""Several causes that people call by one name: a umask, a checkout, `.git` copied, somebody else's tar."""

from dataclasses import replace

from corpus.builds import TREE, copied, two
from corpus.subjects import Build, Fork, Node, Pair, directory, file, matters

ALL = "FROM alpine\nCOPY . /all\nRUN echo end\n"
LINES = "one\ntwo\n"
TIME, LATER = 1_790_000_000, 1_790_003_600
"""2026-09-21T14:13:20Z, and an hour later."""


def made_at(time_s: int, text: str) -> Node:
    """A file that says when it was made."""
    return file("build-info.txt", f"built at {text}\n", mtime_ns=time_s * 10**9)


def owned(uid: int, gid: int) -> tuple[Node, ...]:
    return (
        directory("d", uid=uid, gid=gid),
        file("d/x", uid=uid, gid=gid),
        file("d/y", uid=uid, gid=gid),
    )


def prefixed(*nodes: Node) -> tuple[Node, ...]:
    """With names as `tar -c .` writes them."""
    return tuple(replace(node, entry=replace(node.entry, name=f"./{node.entry.name}")) for node in nodes)


def tree(private: int) -> tuple[Node, ...]:
    """With modes from which bits are taken away."""
    return (
        directory("d", mode=0o755 & ~private),
        file("d/run", mode=0o755 & ~private),
        file("d/x", mode=0o644 & ~private),
        file("d/y", mode=0o644 & ~private),
    )


def git(head: str, *more: Node) -> tuple[Node, ...]:
    return (directory(".git"), file(".git/HEAD", head), *more, file("a"))


CHECKOUTS = (
    *matters(
        "buildkit classic",
        "mode",
        *two(TREE, tree(0), tree(0o077)),
        copied("mode d +1", "mode d/x +1"),
        what="umask",
    ),
    *matters(
        "buildkit",
        "mode",
        *two(
            TREE,
            (directory("d"), file("d/a.sh", mode=0o755), file("d/b.sh", mode=0o755), file("d/c")),
            (directory("d"), file("d/a.sh"), file("d/b.sh"), file("d/c")),
        ),
        copied("mode d/a.sh +1"),
        what="executable",
    ),
    *matters(
        "buildkit",
        "content",
        *two(
            TREE,
            (directory("d"), file("d/x", LINES), file("d/y", LINES), file("d/z", "z\n")),
            (
                directory("d"),
                file("d/x", LINES.replace("\n", "\r\n")),
                file("d/y", LINES.replace("\n", "\r\n")),
                file("d/z", "other\n"),
            ),
        ),
        copied("content d/x +2"),
        what="line-endings",
    ),
)

COPIED = (
    *matters(
        "buildkit",
        "content",
        *two(ALL, git("1\n"), git("2\n", file(".git/index"), directory(".git/o"), file(".git/o/1"))),
        Fork("COPY", ("content .git/HEAD", "entry-extra .git/index +2")),
        what="git",
    ),
    *matters(
        "buildkit",
        "content",
        *two(
            f"{ALL}RUN git describe || true\n",
            (*git("1\n"), file("b", "one")),
            (*git("2\n"), file("b", "two")),
        ),
        Fork("COPY", ("content .git/HEAD +1",)),
        what="git-read",
    ),
    *matters(
        "buildkit",
        "content",
        *two(
            ALL,
            (directory("node_modules"), file("node_modules/m.js", "one"), file("a")),
            (directory("node_modules"), file("node_modules/m.js", "two"), file("a")),
        ),
        Fork("COPY", ("content node_modules/m.js",)),
        what="node-modules",
    ),
    *matters(
        "buildkit",
        "entry-extra",
        *two(
            ALL,
            (directory("p"), file("p/m.py")),
            (directory("p"), file("p/m.py"), directory("p/__pycache__"), file("p/__pycache__/m.pyc")),
        ),
        Fork("COPY", ("entry-extra p/__pycache__ +1",)),
        what="pycache",
    ),
    *matters(
        "buildkit",
        "content",
        *two(
            ALL,
            (made_at(TIME, "2026-09-21T14:13:20Z"), file("a")),
            (made_at(LATER, "2026-09-21T15:13:20Z"), file("a")),
        ),
        Fork("COPY", ("content build-info.txt",)),
        what="generated",
    ),
)

TARS = (
    *matters(
        "buildkit-tar classic",
        "uid",
        *two(TREE, owned(0, 0), owned(1000, 1000)),
        copied("uid d +2", "gid d +2"),
        what="of-all-and-gid",
    ),
    *matters(
        "classic",
        "entry-name",
        *two(TREE, (directory("d"), file("d/x")), prefixed(directory("d"), file("d/x"))),
        copied("entry-name d +1"),
        what="prefix",
    ),
)

INSTALL = "FROM alpine\nWORKDIR /w\nCOPY . .\nRUN echo npm ci\nRUN echo end\n"
SHA = "FROM alpine\nARG GIT_SHA\nRUN echo apk add git\nRUN echo $GIT_SHA\n"
PACKAGE = (file("package.json"), file("package-lock.json"))

ORDERS = (
    *matters(
        "buildkit classic",
        "content",
        *two(INSTALL, (*PACKAGE, file("a.js", "one")), (*PACKAGE, file("a.js", "two"))),
        Fork("COPY", ("content a.js",)),
        what="before-install",
    ),
    *matters(
        "buildkit classic",
        "build-arg",
        Build(dockerfile=SHA, args={"GIT_SHA": "1f6d0ad"}),
        Build(dockerfile=SHA, args={"GIT_SHA": "83c9e21"}),
        Fork("RUN echo apk", ("build-arg GIT_SHA",)),
        what="commit",
    ),
    *matters(
        "buildkit classic",
        "instruction",
        Build(dockerfile="FROM alpine\nRUN echo  a\n"),
        Build(dockerfile="FROM alpine\nRUN echo a\n"),
        Fork("RUN", ("instruction",)),
        what="inner-blanks",
    ),
)

PAIRS: tuple[Pair, ...] = (*CHECKOUTS, *COPIED, *TARS, *ORDERS)
