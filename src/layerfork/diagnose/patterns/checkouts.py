"""How files were checked out: umask, executable bits, line endings."""

from collections.abc import Iterator, Sequence
from itertools import product

from layerfork.diagnose.causes.edits import BY_NAME, EVERYTHING, quoted
from layerfork.diagnose.causes.rule import NORMALISE
from layerfork.diagnose.causes.scene import FileLook, Scene
from layerfork.diagnose.causes.wording import name_paths, parse_mode, verb
from layerfork.diagnose.patterns.pattern import Group, Held, Pattern, code_of, places
from layerfork.record.answer import Edit, FieldRow, Fix
from layerfork.record.cause import CauseCode
from layerfork.record.context import ContextEntry

UMASKS = (0o022, 0o002, 0o077, 0o027, 0o007, 0o000)
"""Usual umasks, the most usual first."""
_MADE_WITH = (0o666, 0o777)
"""The mode that programs ask for when they create a file, and a directory or an executable file."""


def find_umask(scene: Scene, held: Sequence[Held]) -> Iterator[Group]:
    """At least two modes, and all of them those that one umask gives where another gave the writer's."""
    own = _modes(scene, held)
    pairs = {pair for _, pair in own}
    masks = next(
        (
            (writer, reader)
            for writer, reader in product(UMASKS, UMASKS)
            if writer != reader and all(_follows(pair, writer, reader) for pair in pairs)
        ),
        None,
    )
    if masks is None or len({each.part.path for each, _ in own}) < 2:
        return
    writer, reader = masks
    count = len({each.part.path for each, _ in own})
    if scene.again:
        said = f"{count:,} modes follow umask {reader:03o}, followed {writer:03o}"
    else:
        said = (
            f"{count:,} modes follow umask {reader:03o} for {scene.reader_name}, "
            f"{writer:03o} for {scene.writer_name}"
        )
    group = [each for each, _ in own]
    yield Group(held=group, culprit=said, fix=_fix_umask(scene, places(scene, group), writer))


def _modes(scene: Scene, held: Sequence[Held]) -> list[tuple[Held, tuple[int, int]]]:
    found = []
    for each in held:
        if code_of(scene, each) != CauseCode.MODE or each.part.writer is None or each.part.reader is None:
            continue
        writer, reader = parse_mode(each.part.writer), parse_mode(each.part.reader)
        if writer is not None and reader is not None:
            found.append((each, (writer & 0o7777, reader & 0o7777)))
    return found


def _follows(pair: tuple[int, int], writer: int, reader: int) -> bool:
    return any(pair == (made & ~writer, made & ~reader) for made in _MADE_WITH)


def _fix_umask(scene: Scene, paths: Sequence[str], writer: int) -> Fix:
    rights = ",".join(
        f"{who}={''.join(name for name, bit in (('r', 4), ('w', 2), ('X', 1)) if not mask & bit)}"
        for who, mask in (("u", writer >> 6 & 7), ("g", writer >> 3 & 7), ("o", writer & 7))
    )
    named_all = len(paths) <= BY_NAME
    command = f"chmod {rights} {quoted(paths)}" if named_all else f"chmod -R {rights} ."
    where = scene.on_reader
    return Fix(
        sentence=f"`{command}`{where}, and check out under umask {writer:03o} from now on",
        command=command,
        warning="" if named_all else EVERYTHING,
    )


def find_executable(scene: Scene, held: Sequence[Held]) -> Iterator[Group]:
    """Files that differ only in the executable bits, which one side has and the other does not."""
    own = _modes(scene, held)
    for lost in (True, False):
        groups: dict[int, list[Held]] = {}
        for each, (writer, reader) in own:
            if bits := _bits(*((writer, reader) if lost else (reader, writer))):
                groups.setdefault(bits, []).append(each)
        for bits, group in groups.items():
            yield _executable(scene, group, bits, lost=lost)


def _bits(has: int, lacks: int) -> int:
    """The executable bits; 0 where anything else differs."""
    return has & 0o111 if not lacks & 0o111 and has & ~0o111 == lacks & ~0o111 else 0


def _executable(scene: Scene, held: Sequence[Held], bits: int, *, lost: bool) -> Group:
    paths = places(scene, held)
    if scene.again:
        said = f"{name_paths(paths)} {'lost' if lost else 'gained'} the executable bit"
    else:
        lacking = scene.reader_name if lost else scene.writer_name
        said = f"{name_paths(paths)} {verb(paths, 'has', 'have')} no executable bit for {lacking}"
    sign = "+" if lost else "-"
    who = "".join(name for name, bit in (("u", 0o100), ("g", 0o010), ("o", 0o001)) if bits & bit)
    who = who.replace("ugo", "a")
    command = f"chmod {who}{sign}x {quoted(paths)}" if len(paths) <= BY_NAME else ""
    if scene.again or not command:
        sentence = f"`{command}`" if command else f"chmod {who}{sign}x them"
        return Group(held=held, culprit=said, fix=Fix(sentence=sentence, command=command))
    kept = f"; `git update-index --chmod={sign}x {quoted(paths)}` keeps it"
    sentence = f"`{command}` on {scene.reader_name}{kept if all(map(scene.is_in_git, paths)) else ''}"
    return Group(held=held, culprit=said, fix=Fix(sentence=sentence, command=command))


def find_line_endings(scene: Scene, held: Sequence[Held]) -> Iterator[Group]:
    """Files whose two contents are one text, with LF on one side and CR LF on the other.

    Both digests are made from the file on disk, which has the content that one of the builds sent.
    """
    content = [each for each in held if code_of(scene, each) == CauseCode.CONTENT]
    crlf: dict[bool, list[Held]] = {True: [], False: []}
    seen: dict[str, bool | None] = {}
    for each in content[:_MOST_LOOKED_AT]:
        path = each.part.path
        if path not in seen:
            seen[path] = _reader_has_crlf(scene, path)
        found = seen[path]
        if found is not None:
            crlf[found].append(each)
    for now, group in crlf.items():
        if group:
            yield _line_endings(scene, group, reader_has_crlf=now)


_MOST_LOOKED_AT = 500


def _reader_has_crlf(scene: Scene, path: str) -> bool | None:
    place = scene.place_of(path)
    writer, reader = scene.writer_entries.get(place), scene.entries.get(place)
    if writer is None or reader is None:
        return None
    look = scene.sources.look(scene.reader, reader) or scene.sources.look(scene.writer, writer)
    if look is None or look.with_lf == look.with_crlf:
        return None
    if _are(look, writer, reader):
        return True
    return False if _are(look, reader, writer) else None


def _are(look: FileLook, lf: ContextEntry, crlf: ContextEntry) -> bool:
    return lf.content == look.with_lf and crlf.content == look.with_crlf


def _line_endings(scene: Scene, held: Sequence[Held], *, reader_has_crlf: bool) -> Group:
    paths = places(scene, held)
    ends = "CRLF" if reader_has_crlf else "LF"
    other = "LF" if reader_has_crlf else "CRLF"
    if scene.again:
        said = f"lines of {name_paths(paths)} end in {ends}, ended in {other}"
    else:
        lines = f"lines of {name_paths(paths)} end in"
        said = f"{lines} {ends} for {scene.reader_name}, {other} for {scene.writer_name}"
    script = r"s/\r$//" if reader_has_crlf else r"s/\r*$/\r/"
    command = f"sed -i '{script}' {quoted(paths)}" if len(paths) <= BY_NAME else ""
    keep = f"`* text=auto eol={other.lower()}` in .gitattributes keeps it that way"
    where = scene.on_reader
    sentence = f"`{command}`{where}; {keep}" if command else f"{keep}; then check out again"
    edits = () if command else (Edit(file=".gitattributes", after=(f"* text=auto eol={other.lower()}",)),)
    rows = [FieldRow(label=f"line endings of {path}", writer=other, reader=ends) for path in paths]
    return Group(held=held, culprit=said, rows=rows, fix=Fix(sentence=sentence, command=command, edits=edits))


PATTERNS = (
    Pattern(code="umask", find=find_umask, treatment=NORMALISE),
    Pattern(code="executable-bit", find=find_executable, treatment=NORMALISE),
    Pattern(code="line-endings", find=find_line_endings, treatment=NORMALISE),
)
