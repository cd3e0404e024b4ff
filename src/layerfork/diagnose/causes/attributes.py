"""Attributes of entries: modes, owners, extended attributes."""

from collections.abc import Iterator
from dataclasses import replace

from layerfork.diagnose.causes.forms import entry_findings, entry_rule
from layerfork.diagnose.causes.rule import Case, CauseRule, Finding
from layerfork.diagnose.causes.wording import parse_mode, show_mode
from layerfork.diagnose.compare.builds import JudgedBuild
from layerfork.diagnose.compare.copied import clean_path
from layerfork.diagnose.compare.differences import Difference
from layerfork.diagnose.undo.entries import undo_attribute
from layerfork.record.cause import CauseCode

MODE_TYPE_BITS_REMEDY = (
    "use docker CLI 24 or newer everywhere: 17.12 to 23.0 add the file-type bits "
    "(0100000 for a file, 040000 for a directory)"
)


def find_mode_type_bits(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """Own differences, shown with what type the bits mean."""
    own = [each for each in unclaimed if each.cause == CauseCode.MODE_TYPE_BITS]
    yield from entry_findings(
        case,
        own,
        code=CauseCode.MODE_TYPE_BITS,
        noun="mode",
        remedy=MODE_TYPE_BITS_REMEDY,
        show=_shown,
        absent="0",
    )


def _shown(value: str) -> str:
    number = parse_mode(value)
    if number is None:
        return value
    kinds = {0o10: "a file", 0o4: "a directory", 0o12: "a link", 0o2: "a device", 0o6: "a device"}
    kind = kinds.get(number >> 12, "an unknown type")
    return f"type bits 0{number & ~0o7777:o} ({kind})" if number >> 12 else "no type bits"


MODE_TYPE_BITS = CauseRule(code=CauseCode.MODE_TYPE_BITS, find=find_mode_type_bits, undo=undo_attribute)
"""File-type bits in a mode: 0100644 and 0644 are one permission and two keys."""


MODE = entry_rule(
    code=CauseCode.MODE,
    undo=undo_attribute,
    noun="mode",
    show=show_mode,
    remedy=(
        "set one umask and git core.fileMode for all checkouts, or chmod before building "
        "(with Docker, --chmod in COPY does not help)"
    ),
)
"""Permission bits of an entry: the executable bit, or the umask of the checkout."""


UID_REMEDY = (
    "reset the owner: build from a root-owned copy, make the tar with `--owner=0`, or use a client "
    "that sends 0"
)
_NOT_ROOT = "not 0"
"""All that buildah's digest says of a file that is not root's."""


def find_uid(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """Own differences; with the ids that were sent where the key holds less."""
    shown = {_with_ids(case, each): each for each in unclaimed if each.cause == CauseCode.UID}
    for finding in entry_findings(
        case, list(shown), code=CauseCode.UID, noun=CauseCode.UID, remedy=UID_REMEDY
    ):
        yield replace(finding, claims=tuple(shown[claim] for claim in finding.claims))


def _with_ids(case: Case, difference: Difference) -> Difference:
    return replace(
        difference,
        writer=_id(case.writer, difference.path, difference.writer),
        reader=_id(case.reader, difference.path, difference.reader),
    )


def _id(build: JudgedBuild, path: str, value: str | None) -> str | None:
    manifest = build.record.context
    if value != _NOT_ROOT or manifest is None:
        return value
    return next((str(each.uid) for each in manifest.entries if clean_path(each.name) == path), value)


UID = CauseRule(code=CauseCode.UID, find=find_uid, undo=undo_attribute)
"""Owner id of an entry: some clients send the real one, others 0."""


GID = entry_rule(
    code=CauseCode.GID,
    undo=undo_attribute,
    noun="gid",
    remedy=(
        "reset the group: build from a root-owned copy, make the tar with `--group=0`, "
        "or use a client that sends 0"
    ),
)
"""Group id of an entry: some clients send the real one, others 0."""


OWNER_NAME = entry_rule(
    code=CauseCode.OWNER_NAME,
    undo=undo_attribute,
    noun="owner name",
    remedy="send no owner names (`tar --numeric-owner`), or upgrade the engine",
)
"""Names of owner and group in the tar header: a key before Engine 18.06."""


XATTR_REMEDY = (
    "remove the attribute (`setfattr -x`), or send it from every client alike (`tar --no-xattrs` sends none)"
)


def find_xattr(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """Own differences by the attribute's name; values are in hexadecimal in the key."""
    own = [each for each in unclaimed if each.cause == CauseCode.XATTR]
    for name in dict.fromkeys(each.field for each in own):
        yield from entry_findings(
            case,
            [each for each in own if each.field == name],
            code=CauseCode.XATTR,
            noun=f"extended attribute {name}",
            remedy=XATTR_REMEDY,
            show=_show_bytes,
        )


def _show_bytes(value: str) -> str:
    """Bytes written in hexadecimal, as text where they are printable."""
    try:
        text = bytes.fromhex(value).decode("utf-8")
    except ValueError:
        return f"0x{value}"
    return f"`{text}`" if text.isprintable() else f"0x{value}"


XATTR = CauseRule(code=CauseCode.XATTR, find=find_xattr, undo=undo_attribute)
"""An extended attribute of an entry."""


RULES = (
    MODE_TYPE_BITS,
    MODE,
    UID,
    GID,
    OWNER_NAME,
    XATTR,
)
