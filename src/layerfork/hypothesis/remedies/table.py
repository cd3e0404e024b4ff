"""Which fixes of answers are remedies, and how each is tried: by the pattern of a point, else by its cause.

What is not here is nothing to be done for somebody: a change that may have been meant, an image that moved.
"""

from dataclasses import dataclass

from layerfork.record.answer import Fix, Point
from layerfork.record.cause import CauseCode
from layerfork.record.fixing import Way


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of remedy."""

    way: Way
    edits: bool = False
    """It is an edit of files; else a command."""
    by_hand: bool = False
    """As in `Remedy`."""
    builds: bool = False
    """The command is the build."""
    warning: str = ""
    """In addition to that of the fix."""


_REARRANGE = Kind(way=Way.REBUILD, edits=True)
_LEAVE_OUT = Kind(way=Way.REBUILD, edits=True)
_LEAVE_OUT_IF = Kind(way=Way.REBUILD, edits=True, warning="only if no step needs what it leaves out")
_NORMALISE = Kind(way=Way.RESTORE)
_TAR = Kind(way=Way.RESTORE, by_hand=True)
_ASK = Kind(way=Way.RESTORE, by_hand=True, builds=True)
_IMPORT = Kind(way=Way.COLD, by_hand=True, builds=True)
_PIN = Kind(way=Way.HOLD, edits=True, warning="new versions of the image come only when the line is edited")
_PUT_BACK = Kind(way=Way.RESTORE, edits=True)

_COPIED = "-copied"
"""End of the patterns of directories that no build should send."""
KINDS: dict[str, Kind] = {
    "install-after-copy": _REARRANGE,
    "changing-argument": _REARRANGE,
    "early-argument": _REARRANGE,
    "early-variable": _REARRANGE,
    "generated-with-time": _LEAVE_OUT,
    CauseCode.DOCKERFILE_IN_CONTEXT: _LEAVE_OUT,
    CauseCode.ENTRY_EXTRA: _LEAVE_OUT_IF,
    "umask": _NORMALISE,
    "executable-bit": _NORMALISE,
    "line-endings": _NORMALISE,
    "one-owner": _NORMALISE,
    "name-prefix": _TAR,
    CauseCode.BASE_IMAGE: _PIN,
    CauseCode.BASE_CONFIG: _PIN,
    CauseCode.MODE: _NORMALISE,
    CauseCode.UID: _NORMALISE,
    CauseCode.GID: _NORMALISE,
    CauseCode.XATTR: _NORMALISE,
    CauseCode.BUILDER: _ASK,
    CauseCode.CACHE_OFF: _ASK,
    CauseCode.CACHE_FROM: _ASK,
    CauseCode.CACHE_NOT_IMPORTED: _IMPORT,
}


def kind_of(point: Point) -> Kind | None:
    """The kind of remedy that a point's fix is; None when it is none."""
    found = _LEAVE_OUT if point.pattern.endswith(_COPIED) else KINDS.get(point.pattern or point.code)
    if found is None and _differs_in_blanks(point.fix):
        found = _PUT_BACK
    if found is _NORMALISE and point.fix.command.startswith("tar "):
        found = _TAR
    if found is None:
        return None
    return found if (point.fix.edits if found.edits else point.fix.command) else None


def _differs_in_blanks(fix: Fix) -> bool:
    """Whether lines are put back that differ in nothing that was meant."""
    return bool(fix.edits) and all(
        edit.before and " ".join(edit.before).split() == " ".join(edit.after).split() for edit in fix.edits
    )


def directory_of(point: Point) -> str:
    """Of a directory that no build should send, where it lies; empty for any other point."""
    if not point.pattern.endswith(_COPIED) or not point.paths:
        return ""
    pieces = point.paths[0].split("/")
    place = next(
        (at for at, name in enumerate(pieces) if name.strip("._") == point.pattern.removesuffix(_COPIED)), 0
    )
    return "/".join(pieces[: place + 1])
