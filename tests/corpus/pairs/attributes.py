"""Attributes and contents of entries that both builds send."""

from typing import Any

from corpus.builds import BOTH, CONTENT, EVERY, FILE, TARS, TREE, copied, two
from corpus.subjects import Build, Fork, Pair, directory, file, hardlink, idle, matters, symlink

CHILD = "FROM alpine\nCOPY d/x /\n"
MATCHES = "FROM alpine\nCOPY *.t /w/\n"
LINK = "FROM alpine\nCOPY l /\n"
NOTE = (("user.note", b"x"),)
CHILD_CONTENT = Fork("COPY", ("content d/x",))
CHILD_IN_KEY = Fork("COPY", ("content x",))


def of_file(**fields: Any) -> tuple[Build, Build]:
    """``COPY a``, and ``a`` with other attributes."""
    return two(FILE, (file("a"),), (file("a", **fields),))


def beside(**fields: Any) -> tuple[Build, Build]:
    """``COPY a``: ``a`` has another content, and ``b``, which nobody reads, other attributes."""
    return two(FILE, (file("a", "one"), file("b")), (file("a", "two"), file("b", **fields)))


def above(**fields: Any) -> tuple[Build, Build]:
    """``COPY d/x``: the directory has other attributes, and ``d/x`` another content."""
    return two(
        CHILD,
        (directory("d"), file("d/x", "one")),
        (directory("d", **fields), file("d/x", "two")),
    )


def tree(writer: dict[str, Any], reader: dict[str, Any]) -> tuple[Build, Build]:
    """``COPY d``, and the directory with other attributes."""
    return two(TREE, (directory("d", **writer), file("d/x")), (directory("d", **reader), file("d/x")))


OF_TREE = (directory("d"), file("d/x"), file("d/y"))
OWNERS = (
    *matters(TARS, "uid", *of_file(uid=7), copied("uid a")),
    *matters("classic buildkit-tar", "gid", *of_file(gid=7), copied("gid a")),
    *matters(
        "classic",
        "uid",
        *two(
            BOTH,
            (file("a"), directory("d"), file("d/x")),
            (file("a", uid=7), directory("d", uid=7), file("d/x", uid=7)),
        ),
        Fork("COPY a", ("uid a",)),
        what="of-all",
    ),
    # What a client does to all entries is one thing, contents being equal; with another thing beside it
    # nothing that buildah says tells the two apart.
    *matters(
        "buildah",
        "uid",
        *two(TREE, OF_TREE, (directory("d", uid=7), file("d/x", uid=7), file("d/y", uid=7))),
        copied("uid d/x +1"),
        what="of-tree",
    ),
    *matters(
        "buildah",
        "uid",
        *two(TREE, OF_TREE, (directory("d", uid=7), file("d/x", uid=7), file("d/y", "other", uid=7))),
        copied("content d/y SUSPECTED", "uid d/x +1 SUSPECTED"),
        what="of-tree-and-content",
    ),
    *matters(
        "classic",
        "uid",
        *two(
            BOTH,
            (file("a"), directory("d"), file("d/x")),
            (file("a", uid=7), directory("d"), file("d/x", uid=8)),
        ),
        Fork("COPY a", ("uid a",)),
        Fork("COPY d", ("uid d/x",)),
        what="of-two",
    ),
    *matters("classic", "uid", *of_file(uid=7, gid=8), copied("uid a", "gid a"), what="and-gid"),
    *idle("classic buildkit-tar buildah", "uid", *beside(uid=7), CONTENT),
    *idle("classic buildkit-tar buildah", "gid", *beside(gid=7), CONTENT),
    *idle("classic buildah", "uid", *above(uid=7), CHILD_CONTENT, what="of-parent"),
    *idle("buildkit-tar", "uid", *above(uid=7), CHILD_IN_KEY, what="of-parent"),
    *idle("buildah", "gid", *of_file(gid=7), what="alone"),
    *idle("buildah", "uid", *two(FILE, (file("a", uid=7),), (file("a", uid=8),)), what="neither-root"),
    *idle(TARS, "owner-name", *of_file(uname="user", gname="group")),
    *idle(
        "classic",
        "uid",
        *two(LINK, (file("a"), symlink("l", "a")), (file("a"), symlink("l", "a", uid=7))),
        what="of-link",
    ),
)

MODES = (
    *matters(EVERY, "mode", *of_file(mode=0o755), copied("mode a")),
    *matters(
        "classic buildkit-tar", "mode", *tree({}, {"mode": 0o700}), copied("mode d"), what="of-directory"
    ),
    *matters(
        EVERY,
        "mode",
        *two(MATCHES, (file("a.t"), file("b.t")), (file("a.t"), file("b.t", mode=0o755))),
        copied("mode b.t"),
        what="of-match",
    ),
    *matters("classic", "mode-type-bits", *of_file(mode=0o100644), copied("mode-type-bits a")),
    *matters(
        "classic",
        "mode-type-bits",
        *of_file(mode=0o100755),
        copied("mode a", "mode-type-bits a"),
        what="and-mode",
    ),
    *idle(TARS, "mode", *beside(mode=0o755), CONTENT),
    *idle("classic buildah", "mode", *above(mode=0o700), CHILD_CONTENT, what="of-parent"),
    *idle("buildkit buildkit-tar", "mode", *above(mode=0o700), CHILD_IN_KEY, what="of-parent"),
    *idle("buildah", "mode", *tree({}, {"mode": 0o700}), what="of-copied-directory"),
    *idle("buildah", "mode", *of_file(mode=0o4644), what="setuid"),
    *idle("classic", "mode-type-bits", *beside(mode=0o100644), CONTENT),
    *idle("buildkit-tar buildah", "mode-type-bits", *of_file(mode=0o100644), what="alone"),
)

XATTRS = (
    *matters(TARS, "xattr", *of_file(xattrs=NOTE), copied("xattr a")),
    *matters(
        "buildkit",
        "xattr",
        Build(dockerfile=FILE, nodes=(file("a"),)),
        Build(dockerfile=FILE, nodes=(file("a", xattrs=NOTE),), directory="other"),
        copied("xattr a"),
    ),
    *idle(TARS, "xattr", *beside(xattrs=NOTE), CONTENT),
    *idle("classic buildah", "xattr", *above(xattrs=NOTE), CHILD_CONTENT, what="of-parent"),
    *idle("buildkit-tar", "xattr", *above(xattrs=NOTE), CHILD_IN_KEY, what="of-parent"),
)

CONTENTS = (
    *matters(EVERY, "content", *two(FILE, (file("a", "one"),), (file("a", "two"),)), CONTENT),
    *matters(
        EVERY,
        "content",
        *two(TREE, (directory("d"), file("d/x", "one")), (directory("d"), file("d/x", "two"))),
        CHILD_CONTENT,
        what="below",
    ),
    *matters(
        "classic buildkit buildkit-tar",
        "content",
        *two(FILE, (file("a", "one"),), (file("a", "two!", mode=0o755),)),
        copied("content a", "mode a"),
        what="and-mode",
    ),
    # buildah's string is a digest of both, which nobody can compute from a record.
    *matters(
        "buildah",
        "content",
        *two(FILE, (file("a", "one"),), (file("a", "two!", mode=0o755),)),
        copied("content a SUSPECTED", "mode a SUSPECTED"),
        what="and-mode",
    ),
    *idle(
        TARS,
        "content",
        *two(FILE, (file("a"), file("b", "one")), (file("a", mode=0o755), file("b", "two"))),
        copied("mode a"),
    ),
    *idle(
        TARS,
        "content",
        *two(FILE, (file("a"), file("b", "one")), (file("a"), file("b", "two"))),
        what="unread",
    ),
    *matters(
        "classic",
        "stale-content",
        *two(
            "FROM alpine\nCOPY h /\n",
            (file("a", "one"), hardlink("h", "a")),
            (file("a", "two"), hardlink("h", "a")),
        ),
        what="behind-hard-link",
        warnings=("stale-content",),
    ),
    *matters(
        "buildkit",
        "stale-content",
        *two(FILE, (file("a", "one"),), (file("a", "two", mtime_ns=file("a", "one").entry.mtime_ns),)),
        warnings=("stale-content",),
    ),
    *idle(
        "buildkit",
        "stale-content",
        *two(FILE, (file("a", "one"),), (file("a", "two"),)),
        CONTENT,
        what="other-time",
    ),
    *idle(
        "classic",
        "stale-content",
        *two(FILE, (file("a", "one"),), (file("a", "two", mtime_ns=file("a", "one").entry.mtime_ns),)),
        CONTENT,
        what="tar",
    ),
)

PAIRS: tuple[Pair, ...] = (*OWNERS, *MODES, *XATTRS, *CONTENTS)
