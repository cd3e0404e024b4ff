"""Links, kinds and names of entries."""

from corpus.builds import BOTH, CONTENT, EVERY, FILE, TARS, TREE, copied, two
from corpus.subjects import Fork, Pair, directory, file, hardlink, idle, matters, symlink

LINK = "FROM alpine\nCOPY l /\n"

LINKS = (
    *matters(
        "classic",
        "link-target",
        *two(
            LINK,
            (file("a", "one"), file("b", "two"), symlink("l", "a")),
            (file("a", "one"), file("b", "two"), symlink("l", "b")),
        ),
        copied("link-target l"),
    ),
    *matters(
        "buildkit buildkit-tar buildah",
        "link-target",
        *two(TREE, (directory("d"), symlink("d/l", "a")), (directory("d"), symlink("d/l", "b"))),
        copied("link-target d/l"),
    ),
    *matters(
        "buildkit-tar buildah",
        "link-target",
        *two(
            LINK,
            (file("a", "one"), file("b", "two"), symlink("l", "a")),
            (file("a", "one"), file("b", "two"), symlink("l", "b")),
        ),
        copied("link-target l"),
        what="followed",
    ),
    *idle(
        "classic buildkit-tar buildah",
        "link-target",
        *two(LINK, (file("a"), symlink("l", "a")), (file("a"), symlink("l", "./a"))),
        what="same-file",
    ),
    *idle(
        "classic",
        "link-target",
        *two(
            TREE,
            (directory("d"), file("d/x"), symlink("d/l", "x")),
            (directory("d"), file("d/x"), symlink("d/l", "./x")),
        ),
        what="same-file-below",
    ),
    *idle(
        TARS,
        "link-target",
        *two(FILE, (file("a", "one"), symlink("l", "a")), (file("a", "two"), symlink("l", "b"))),
        CONTENT,
    ),
    *matters(
        "classic",
        "hardlink",
        *two(
            TREE,
            (directory("d"), file("d/x", "one"), hardlink("d/y", "d/x")),
            (directory("d"), file("d/x", "one"), file("d/y", "one")),
        ),
        copied("hardlink d/y"),
    ),
    *matters(
        "buildah",
        "hardlink",
        *two(
            TREE,
            (directory("d"), file("d/x", "one"), hardlink("d/y", "d/x")),
            (directory("d"), file("d/x", "one"), file("d/y", "one")),
        ),
        copied("hardlink d/y"),
    ),
    *idle(
        "buildkit-tar",
        "hardlink",
        *two(
            TREE,
            (directory("d"), file("d/x", "one"), hardlink("d/y", "d/x")),
            (directory("d"), file("d/x", "one"), file("d/y", "one")),
        ),
        what="same-content",
    ),
    *idle(
        TARS,
        "hardlink",
        *two(
            FILE,
            (file("a", "one"), file("b"), hardlink("c", "b")),
            (file("a", "two"), file("b"), file("c", "b")),
        ),
        CONTENT,
    ),
    *matters(
        EVERY,
        "entry-type",
        *two(
            TREE,
            (directory("d"), file("d/x"), file("d/l", "x")),
            (directory("d"), file("d/x"), symlink("d/l", "x")),
        ),
        copied("entry-type d/l"),
    ),
    # What lies below a directory is there because it is one.
    *matters(
        EVERY,
        "entry-type",
        *two(
            TREE,
            (directory("d"), file("d/x"), file("d/l", "x")),
            (directory("d"), file("d/x"), directory("d/l"), directory("d/l/m"), file("d/l/m/y")),
        ),
        copied("entry-type d/l"),
        what="to-directory",
    ),
    *matters(
        EVERY,
        "entry-type",
        *two(
            TREE,
            (directory("d"), file("d/x"), directory("d/l"), file("d/l/y")),
            (directory("d"), file("d/x"), file("d/l", "x")),
        ),
        copied("entry-type d/l"),
        what="from-directory",
    ),
    *matters(
        EVERY,
        "entry-type",
        *two(
            TREE,
            (directory("d"), file("d/x"), symlink("d/l", "x")),
            (directory("d"), file("d/x"), directory("d/l"), file("d/l/y")),
        ),
        copied("entry-type d/l"),
        what="link-to-directory",
    ),
    *idle(
        "buildkit buildkit-tar buildah",
        "entry-type",
        *two(LINK, (file("a", "same"), file("l", "same")), (file("a", "same"), symlink("l", "a"))),
        what="followed",
    ),
    *idle(
        TARS,
        "entry-type",
        *two(FILE, (file("a", "one"), file("l")), (file("a", "two"), symlink("l", "a"))),
        CONTENT,
    ),
)

REAL, LINKED = directory("real"), symlink("linked", "real")
THROUGH, OF_LINKED = "FROM alpine\nCOPY linked/f /d/\n", "FROM alpine\nCOPY linked /d\n"
"""Sources that lead through a linked directory, and into one."""

BEHIND = (
    # BuildKit's keys hold paths from the last name of a source on, other builders' where the file lies.
    *matters(
        "buildkit buildkit-tar",
        "content",
        *two(THROUGH, (REAL, file("real/f", "one"), LINKED), (REAL, file("real/f", "two"), LINKED)),
        copied("content f"),
        what="through-link",
    ),
    *matters(
        "buildkit buildkit-tar",
        "content",
        *two(OF_LINKED, (REAL, file("real/f", "one"), LINKED), (REAL, file("real/f", "two"), LINKED)),
        copied("content linked/f"),
        what="of-linked",
    ),
    *matters(
        "classic",
        "content",
        *two(OF_LINKED, (REAL, file("real/f", "one"), LINKED), (REAL, file("real/f", "two"), LINKED)),
        copied("content real/f"),
        what="of-linked",
    ),
    *matters(
        "buildkit-tar",
        "mode",
        *two(
            OF_LINKED,
            (directory("real"), file("real/f"), LINKED),
            (directory("real", mode=0o700), file("real/f"), LINKED),
        ),
        copied("mode linked"),
        what="of-linked",
    ),
)

NAMES = (
    *matters("classic", "entry-name", *two(FILE, (file("a"),), (file("./a", "a"),)), copied("entry-name a")),
    *matters(
        "classic",
        "entry-name",
        *two(
            BOTH,
            (file("a"), directory("d"), file("d/x")),
            (file("./a", "a"), directory("./d"), file("./d/x", "d/x")),
        ),
        Fork("COPY a", ("entry-name a",)),
        what="of-all",
    ),
    *idle("buildkit-tar buildah", "entry-name", *two(FILE, (file("a"),), (file("./a", "a"),)), what="alone"),
    *idle(
        TARS,
        "entry-name",
        *two(FILE, (file("a", "one"), file("b")), (file("a", "two"), file("./b", "b"))),
        CONTENT,
    ),
)

PAIRS: tuple[Pair, ...] = (*LINKS, *BEHIND, *NAMES)
