"""Owners and names that a tar gives to all of its entries."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from layerfork.diagnose.causes.edits import BY_NAME, EVERYTHING, quoted
from layerfork.diagnose.causes.rule import NORMALISE
from layerfork.diagnose.causes.scene import Scene
from layerfork.diagnose.causes.wording import values
from layerfork.diagnose.compare.copied import clean_path
from layerfork.diagnose.compare.entries import entries_of
from layerfork.diagnose.patterns.pattern import Group, Held, Pattern, code_of, places
from layerfork.record.answer import FieldRow, Fix, Side, Situation
from layerfork.record.cause import CauseCode
from layerfork.record.context import ContextEntry, Transport


def find_owner(scene: Scene, held: Sequence[Held]) -> Iterator[Group]:
    """Owner and group of the same entries, or one of the two for at least two: one pair of values for all."""
    uids = [each for each in held if code_of(scene, each) == CauseCode.UID]
    gids = [each for each in held if code_of(scene, each) == CauseCode.GID]
    own = [*uids, *gids]
    if len(own) < 2 or (uids and gids and _paths(uids) != _paths(gids)):
        return
    pairs = [_both_values(uids), _both_values(gids)]
    if any(len(each) > 1 for each in pairs):
        return
    writer, reader = (":".join(_value(pair, side) for pair in pairs if pair) for side in (0, 1))
    if not writer or not reader:
        return
    count = len(_paths(own))
    entries = f"{count:,} entries" if count > 1 else scene.place_of(own[0].part.path)
    label = f"{_KINDS[bool(uids), bool(gids)]} of {entries}"
    yield Group(
        held=own,
        culprit=values(scene, label, writer, reader),
        rows=[FieldRow(label=label, writer=writer, reader=reader)],
        fix=_fix_owner(scene, places(scene, own), _ids(pairs, 0), _ids(pairs, 1)),
    )


_KINDS = {(True, True): "owner", (True, False): "owner id", (False, True): "group id"}
"""By whether owner and group differ."""


def _paths(held: Sequence[Held]) -> set[str]:
    return {each.part.path for each in held}


def _both_values(held: Sequence[Held]) -> set[tuple[str | None, str | None]]:
    """The pairs of values that both sides have."""
    parts = [each.part for each in held]
    return {(part.writer, part.reader) for part in parts if None not in (part.writer, part.reader)}


def _value(pair: set[tuple[str | None, str | None]], side: int) -> str:
    (values_of_one,) = pair
    return values_of_one[side] or ""


def _ids(pairs: Sequence[set[tuple[str | None, str | None]]], side: int) -> dict[bool, str]:
    """A side's owner (True) and group (False); empty where they do not differ."""
    owner, group = (_value(pair, side) if pair else "" for pair in pairs)
    return {True: owner, False: group}


def _fix_owner(scene: Scene, paths: Sequence[str], ids: dict[bool, str], own: dict[bool, str]) -> Fix:
    """``ids`` are the writer's, ``own`` the reader's."""
    if scene.situation is Situation.CLIENTS:
        return _fix_of_clients(scene, paths, ids, own)
    context = scene.reader.context
    if context is not None and context.transport is Transport.TAR:
        if not _are_all(scene, paths, ids):
            return Fix(
                sentence="make the tar with the earlier owners of these entries, and keep the other owners"
            )
        command = tar_command(scene, _options(ids))
        where = "" if scene.again else f" of {scene.reader_name}"
        return Fix(sentence=f"make the tar{where} with `{command}`", command=command)
    command, warning = _chown(paths, ids)
    where = scene.on_reader
    return Fix(sentence=f"`{command}`{where}", command=command, warning=warning)


def _options(ids: dict[bool, str]) -> str:
    pairs = ((name, ids[first]) for first, name in ((True, "owner"), (False, "group")))
    return "".join(f" --{name}={value}" for name, value in pairs if value.isdigit())


def _chown(paths: Sequence[str], ids: dict[bool, str]) -> tuple[str, str]:
    """The command, and a warning."""
    owner = ids[True] + (f":{ids[False]}" if ids[False] else "")
    named_all = len(paths) <= BY_NAME
    command = f"chown {f'-h {owner} {quoted(paths)}' if named_all else f'-R {owner} .'}"
    return command, "" if named_all else EVERYTHING


def _fix_of_clients(scene: Scene, paths: Sequence[str], ids: dict[bool, str], own: dict[bool, str]) -> Fix:
    """The side whose tar a person makes can have the other one's owners; a client that is given a directory
    sends others than 0 only where the files have them."""
    side = addressed(scene)
    if side is not None:
        wanted = ids if side is scene.sources.sides[1] else own
        if not _are_all(scene, paths, wanted, side=side):
            return Fix(sentence=f"{side.name}: make the tar with the owners that {_other(scene, side)} sends")
        command = tar_command(scene, _options(wanted), side=side)
        packed = set(wanted.values()) <= {"", "0"}
        return Fix(sentence=_for_tar(side, f"made with `{command}`", packed=packed))
    for name, has, wanted in ((scene.reader_name, own, ids), (scene.writer_name, ids, own)):
        if set(wanted.values()) <= {"", "0"} and "0" not in has.values():
            command, warning = _chown(paths, wanted)
            sentence = f"`{command}` before {name} builds, which sends the owners that the files have"
            return Fix(sentence=sentence, command=command, warning=warning)
    return Fix(sentence=f"build with {scene.writer_name} alone or {scene.reader_name} alone")


def addressed(scene: Scene) -> Side | None:
    """Of two clients the one whose tar a person makes: one of their own first, then the reader's."""
    sides = scene.sources.sides[::-1]
    own = (side for side in sides if side.is_own)
    return next(own, None) or next((side for side in sides if side.takes_tar), None)


def _other(scene: Scene, side: Side) -> str:
    return next(each.name for each in scene.sources.sides if each is not side)


def _for_tar(side: Side, how: str, *, packed: bool) -> str:
    """``mine: a tar made with `…`, or `layerfork pack```."""
    if not side.is_own:
        return f"give {side.name} a tar {how}"
    return f"{side.name}: send a tar {how}{', or by `layerfork pack`' if packed else ''}"


def _are_all(scene: Scene, paths: Sequence[str], ids: dict[bool, str], *, side: Side | None = None) -> bool:
    """Whether one owner for everything leaves all others of a side as they are, or as the other side had
    them. Without ``side`` the reader's."""
    others: Sequence[ContextEntry] = scene.others(paths)
    there = scene.writer_entries
    if side is scene.sources.sides[0]:
        others, there = [each for path, each in there.items() if path not in paths], scene.entries
    return all(_is_of(each, ids) or _is_of(there.get(clean_path(each.name), each), ids) for each in others)


def _is_of(entry: ContextEntry, ids: dict[bool, str]) -> bool:
    return ids[True] in ("", str(entry.uid)) and ids[False] in ("", str(entry.gid))


def tar_command(
    scene: Scene, options: str = "", *, prefix: bool | None = None, side: Side | None = None
) -> str:
    """How to make the tar of a side's context, without ``side`` the reader's; with ``./`` before names as
    that has, or as asked for."""
    record = scene.writer if side is scene.sources.sides[0] else scene.reader
    if prefix is None:
        prefix = any(entry.name.startswith("./") for entry in entries_of(record))
    return f"tar{options} -cf ../context.tar {'.' if prefix else '$(ls -A)'}"


def find_prefix(scene: Scene, held: Sequence[Held]) -> Iterator[Group]:
    """Names that all begin with ``./`` on one side, and are the same without it on the other."""
    names = [each for each in held if code_of(scene, each) == CauseCode.ENTRY_NAME]
    for reader_has in (True, False):
        own = [each for each in names if _prefixed(each, reader_has=reader_has)]
        if own:
            yield _prefix(scene, own, reader_has=reader_has)


def _prefixed(held: Held, *, reader_has: bool) -> bool:
    writer, reader = held.part.writer or "", held.part.reader or ""
    longer, shorter = (reader, writer) if reader_has else (writer, reader)
    return bool(shorter) and longer == f"./{shorter}"


def _prefix(scene: Scene, held: Sequence[Held], *, reader_has: bool) -> Group:
    count = len({each.part.path for each in held})
    names = f"{count:,} names" if count > 1 else f"the name {scene.place_of(held[0].part.path)}"
    begin = "begin" if count > 1 else "begins"
    if scene.again:
        said = f"{names} now {begin} with ./" if reader_has else f"{names} no longer {begin} with ./"
    else:
        said = f"{names} {begin} with ./ for {scene.reader_name if reader_has else scene.writer_name} only"
    command = tar_command(scene, prefix=not reader_has)
    sentence = f"make the tar {'without' if reader_has else 'with'} that prefix: `{command}`"
    if not _has_tar(scene):
        sentence, command = _fix_by_client(scene, reader_has=reader_has), ""
    return Group(held=held, culprit=said, fix=Fix(sentence=sentence, command=command))


def _has_tar(scene: Scene) -> bool:
    """Whether a person made the reader's tar: a client that was given a directory makes its own."""
    return scene.again or scene.situation is not Situation.CLIENTS


def _fix_by_client(scene: Scene, *, reader_has: bool) -> str:
    writer, reader = scene.sources.sides
    having, lacking = (reader, writer) if reader_has else (writer, reader)
    if having.is_own or having.takes_tar:
        command = tar_command(scene, prefix=False)
        if having.is_own:
            return _for_tar(having, f"without the prefix: `{command}`", packed=True)
        return f"give {having.name} a tar without the prefix: `{command}`"
    if lacking.is_own or lacking.takes_tar:
        return _for_tar(lacking, f"with the prefix: `{tar_command(scene, prefix=True)}`", packed=False)
    return f"build with {writer.name} alone or {reader.name} alone"


PATTERNS = (
    Pattern(code="one-owner", find=find_owner, treatment=NORMALISE),
    Pattern(code="name-prefix", find=find_prefix, treatment=replace(NORMALISE, by_hand=True)),
)
