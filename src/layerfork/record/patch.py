"""Files before and after as one unified diff, which ``git apply`` and ``patch -p1`` take."""

import difflib
import re
from collections.abc import Iterable, Iterator

from layerfork.record.fixing import FilePatch

_AROUND = 3
_PLAIN = re.compile(r"[!#-\[\]-~ ]+")
_NO_END = b"\\ No newline at end of file\n"


def unified(patches: Iterable[FilePatch]) -> bytes:
    """The diff, byte for byte what the files hold."""
    return b"".join(b"".join(_file(each)) for each in patches)


def _file(patch: FilePatch) -> Iterator[bytes]:
    old, new = (_quoted(f"{side}/{patch.name}") for side in ("a", "b"))
    yield b"diff --git " + old + b" " + new + b"\n"
    if patch.before is None:
        yield b"new file mode 100644\n"
        old = b"/dev/null"
    tab = b"\t" if " " in patch.name else b""  # where a name with blanks ends
    yield b"--- " + old + tab + b"\n+++ " + new + tab + b"\n"
    before, after = _lines(patch.before or b""), _lines(patch.after)
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for group in matcher.get_grouped_opcodes(_AROUND):
        yield _head(group[0], group[-1])
        for tag, low, high, start, end in group:
            if tag == "equal":
                yield from (_shown(b" ", line) for line in before[low:high])
                continue
            yield from (_shown(b"-", line) for line in before[low:high])
            yield from (_shown(b"+", line) for line in after[start:end])


def _lines(data: bytes) -> list[bytes]:
    *whole, last = data.split(b"\n")
    return [*(line + b"\n" for line in whole), *([last] if last else [])]


def _shown(mark: bytes, line: bytes) -> bytes:
    return mark + line if line.endswith(b"\n") else mark + line + b"\n" + _NO_END


def _head(first: tuple[str, int, int, int, int], last: tuple[str, int, int, int, int]) -> bytes:
    old, new = _range(first[1], last[2]), _range(first[3], last[4])
    return f"@@ -{old} +{new} @@\n".encode()


def _range(start: int, end: int) -> str:
    length = end - start
    begin = start + 1 if length else start
    return f"{begin}" if length == 1 else f"{begin},{length}"


def _quoted(name: str) -> bytes:
    """As git writes a name: in quotes, with octal escapes, where it holds anything unusual."""
    raw = name.encode("utf-8", "surrogateescape")
    if _PLAIN.fullmatch(name):
        return raw
    letters = (
        b"\\" + bytes([byte]) if byte in b'"\\' else bytes([byte]) if 32 <= byte < 127 else b"\\%03o" % byte
        for byte in raw
    )
    return b'"' + b"".join(letters) + b'"'
