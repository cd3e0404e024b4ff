"""Which entries are sent: one side alone, directories, the root, ignore files, the Dockerfile, duplicates."""

from corpus.builds import CONTENT, EVERY, FILE, TARS, TREE, copied, two
from corpus.subjects import Build, Client, Node, Pair, directory, file, idle, matters, symlink

D, X, Y = directory("d"), file("d/x"), file("d/y")
DEEP = (D, X, directory("d/s"), directory("d/s/t"), file("d/s/t/z"))
LINKED = symlink("linked", "real")
LEFT_OUT = ("*", "!d", "d/s")
ALL = "FROM alpine\nCOPY . /all\n"
COMMENTED = "# a comment\n"


def ignoring(*patterns: str) -> Node:
    return file(".dockerignore", "".join(f"{pattern}\n" for pattern in patterns))


ENTRIES = (
    *matters(EVERY, "entry-missing", *two(TREE, (D, X, Y), (D, X)), copied("entry-missing d/y")),
    *matters(EVERY, "entry-extra", *two(TREE, (D, X), (D, X, Y)), copied("entry-extra d/y")),
    *matters(
        EVERY,
        "entry-extra",
        *two("FROM alpine\nCOPY *.t /w/\n", (file("a.t"),), (file("a.t"), file("b.t"))),
        copied("entry-extra b.t"),
        what="match",
    ),
    *idle(TARS, "entry-missing", *two(FILE, (file("a", "one"), file("b")), (file("a", "two"),)), CONTENT),
    *idle(TARS, "entry-extra", *two(FILE, (file("a", "one"),), (file("a", "two"), file("b"))), CONTENT),
    *idle(
        TARS,
        "entry-extra",
        *two("FROM alpine\nCOPY *.t /w/\n", (file("a.t"),), (file("a.t"), file("b.md"))),
        what="no-match",
    ),
)

DIRECTORIES = (
    *matters("classic", "directory-entry", *two(TREE, (D, X), (X,)), copied("directory-entry d")),
    *matters(
        "buildkit-tar",
        "directory-entry",
        *two(TREE, (directory("d", mode=0o700), X), (X,)),
        copied("directory-entry d"),
    ),
    *idle("buildkit-tar buildah", "directory-entry", *two(TREE, (D, X), (X,))),
    *idle(
        "buildah",
        "directory-entry",
        *two(TREE, (D, directory("d/s"), file("d/s/y")), (D, file("d/s/y"))),
        what="below",
    ),
    *idle(
        "classic",
        "directory-entry",
        *two("FROM alpine\nCOPY d/x /\n", (D, file("d/x", "one")), (file("d/x", "two"),)),
        copied("content d/x"),
    ),
)

ROOTS = (
    *matters(
        "buildkit",
        "root-header",
        Build(dockerfile=ALL, nodes=(D, X), client=Client.BUILDX_TAR),
        Build(dockerfile=ALL, nodes=(D, X)),
        copied("root-header ."),
    ),
    *idle(
        "buildkit",
        "root-header",
        Build(dockerfile=TREE, nodes=(D, X), client=Client.BUILDX_TAR),
        Build(dockerfile=TREE, nodes=(D, X)),
    ),
    *idle(
        "buildkit",
        "root-header",
        Build(dockerfile=TREE, nodes=(D, file("d/x", "one")), client=Client.BUILDX_TAR),
        Build(dockerfile=TREE, nodes=(D, file("d/x", "two"))),
        copied("content d/x"),
        what="beside-content",
    ),
)

IGNORED = (
    *matters(
        "buildkit",
        "ignore-rule",
        *two(TREE, (D, X, Y), (D, X, Y, ignoring("d/y"))),
        copied("ignore-rule d/y"),
    ),
    *matters(
        "buildah", "ignore-rule", *two(TREE, (D, X, Y), (D, X, Y, ignoring("d/y"))), copied("ignore-rule d/y")
    ),
    # The classic builder leaves it to its client to leave files out.
    *matters(
        "classic", "ignore-rule", *two(TREE, (D, X, Y), (D, X, ignoring("d/y"))), copied("ignore-rule d/y")
    ),
    *idle(
        "classic buildkit buildah",
        "ignore-rule",
        *two(TREE, (D, file("d/x", "one")), (D, file("d/x", "two"), ignoring("e"))),
        copied("content d/x"),
    ),
    *idle("classic", "ignore-rule", *two(TREE, (D, X, Y), (D, X, Y, ignoring("d/y"))), what="not-applied"),
    *idle(
        "classic buildkit buildah",
        "ignore-rule",
        *two(TREE, (D, X, ignoring("d/y")), (D, X, ignoring("d/z"))),
        what="leaves-nothing-out",
    ),
    *matters(
        "buildkit",
        "ignore-rule",
        *two(
            "FROM alpine\nCOPY linked /d\n",
            (directory("real"), file("real/f"), file("real/g"), LINKED),
            (directory("real"), file("real/f"), file("real/g"), LINKED, ignoring("real/g")),
        ),
        copied("ignore-rule linked/g"),
        what="of-linked",
    ),
    # An exception below a directory that is left out: the directory is sent on the way to what it names.
    *matters(
        "buildkit",
        "ignore-rule",
        *two(TREE, (*DEEP, ignoring(*LEFT_OUT)), (*DEEP, ignoring(*LEFT_OUT, "!d/s/t/z"))),
        copied("ignore-rule d/s +2"),
        what="on-the-way",
    ),
    *matters(
        "buildkit",
        "ignore-rule",
        *two(TREE, (*DEEP, ignoring(*LEFT_OUT, "!d/s/t/z")), (*DEEP, ignoring(*LEFT_OUT))),
        copied("ignore-rule d/s +2"),
        what="off-the-way",
    ),
    *matters(
        "classic",
        "ignore-rule",
        *two(TREE, (D, X, ignoring(*LEFT_OUT)), (*DEEP, ignoring(*LEFT_OUT, "!d/s/t/z"))),
        copied("ignore-rule d/s +2"),
        what="on-the-way",
    ),
    # buildah's digest leaves those directories out.
    *matters(
        "buildah",
        "ignore-rule",
        *two(TREE, (*DEEP, ignoring(*LEFT_OUT)), (*DEEP, ignoring(*LEFT_OUT, "!d/s/t/z"))),
        copied("ignore-rule d/s/t/z"),
        what="on-the-way",
    ),
    # Another new file takes the directories along as well: they are no matter of the rule alone.
    *matters(
        "buildkit",
        "ignore-rule",
        *two(
            TREE,
            (*DEEP, ignoring(*LEFT_OUT, "!d/s/t/n")),
            (*DEEP, file("d/s/t/n"), ignoring(*LEFT_OUT, "!d/s/t/n", "!d/s/t/z")),
        ),
        copied("ignore-rule d/s/t/z", "entry-extra d/s +2"),
        what="on-two-ways",
    ),
)


def commented(dockerfile: str, *nodes: Node) -> tuple[Build, Build]:
    """The reader's Dockerfile has one comment more."""
    return (
        Build(dockerfile=dockerfile, nodes=nodes),
        Build(dockerfile=COMMENTED + dockerfile, nodes=nodes),
    )


DOCKERFILES = (
    *matters(
        EVERY, "dockerfile-in-context", *commented(ALL, D, X), copied("dockerfile-in-context Dockerfile")
    ),
    *matters(
        EVERY,
        "dockerfile-in-context",
        *two(ALL, (D, X, ignoring("e")), (D, X, ignoring("f"))),
        copied("dockerfile-in-context .dockerignore"),
        what="ignore-file",
    ),
    *idle(EVERY, "dockerfile-in-context", *commented(TREE, D, X)),
    *idle(
        "classic buildkit buildah",
        "dockerfile-in-context",
        *commented(ALL, D, X, ignoring("Dockerfile", ".dockerignore")),
        what="left-out",
    ),
    *idle(
        "classic buildkit buildah",
        "dockerfile-in-context",
        Build(dockerfile=TREE, nodes=(D, file("d/x", "one"))),
        Build(dockerfile=COMMENTED + TREE, nodes=(D, file("d/x", "two"))),
        copied("content d/x"),
        what="beside-content",
    ),
)

DUPLICATES = (
    *matters(
        "classic",
        "duplicate-entry",
        *two(FILE, (file("a", "one"),), (file("a", "one"), file("a", "two"))),
        warnings=("duplicate-entry",),
    ),
    *idle(
        "buildkit-tar",
        "duplicate-entry",
        *two(FILE, (file("a", "two"),), (file("a", "one"), file("a", "two"))),
    ),
    *idle(
        "classic",
        "duplicate-entry",
        *two(FILE, (file("a", "one"), file("b")), (file("a", "two"), file("b"), file("b"))),
        CONTENT,
    ),
)

PAIRS: tuple[Pair, ...] = (*ENTRIES, *DIRECTORIES, *ROOTS, *IGNORED, *DOCKERFILES, *DUPLICATES)
