"""Owners and names that one way of making a tar gives to everything in it."""

from collections.abc import Iterator, Sequence

from layerfork.explain.answer.edits import BY_NAME, EVERYTHING, quoted
from layerfork.explain.answer.patterns.pattern import Group, Held, Pattern, code_of, places
from layerfork.explain.answer.scene import Scene
from layerfork.explain.compare.copying.copied import clean_path
from layerfork.model.answer import FieldRow, Fix, Situation
from layerfork.model.cause import CauseCode
from layerfork.model.context import ContextEntry, Transport


def find_owner(scene: Scene, held: Sequence[Held]) -> Iterator[Group]:
    """Owner and group of the same entries, or one of the two for at least two: one pair of values for all."""
    uids = [each for each in held if code_of(scene, each) == CauseCode.UID]
    gids = [each for each in held if code_of(scene, each) == CauseCode.GID]
    pairs = [
        {(each.part.writer, each.part.reader) for each in own if None not in each.part[2:]}
        for own in (uids, gids)
    ]
    paths = [{each.part.path for each in own} for own in (uids, gids)]
    if any(len(each) > 1 for each in pairs) or len(uids) + len(gids) < 2:
        return
    if uids and gids and paths[0] != paths[1]:
        return
    own = [*uids, *gids]
    writer, reader = (":".join(next(iter(pair))[side] or "" for pair in pairs if pair) for side in (0, 1))
    if not writer or not reader:
        return
    kind = "owner" if uids and gids else "owner id" if uids else "group id"
    count = len(paths[0] | paths[1])
    entries = f"{count:,} entries" if count > 1 else scene.place_of(own[0].part.path)
    label = f"{kind} of {entries}"
    if scene.again:
        said = f"{label} is {reader}, was {writer}"
    else:
        said = f"{label} is {reader} for {scene.reader_name}, {writer} for {scene.writer_name}"
    yield Group(
        held=own,
        culprit=said,
        rows=[FieldRow(label=label, writer=writer, reader=reader)],
        fix=_fix_owner(scene, places(scene, own), {True: "", False: ""} | _ids(pairs)),
    )


def _ids(pairs: Sequence[set[tuple[str | None, str | None]]]) -> dict[bool, str]:
    """The writer's owner (True) and group (False)."""
    return {bool(not place): next(iter(pair))[0] or "" for place, pair in enumerate(pairs) if pair}


def _fix_owner(scene: Scene, paths: Sequence[str], ids: dict[bool, str]) -> Fix:
    context = scene.reader.context
    if context is not None and context.transport is Transport.TAR:
        if not _are_all(scene, paths, ids):
            return Fix(
                sentence="make the tar with the owners that these had, and leave the others as they are"
            )
        options = "".join(
            f" --{name}={ids[first]}"
            for first, name in ((True, "owner"), (False, "group"))
            if ids[first].isdigit()
        )
        command = tar_command(scene, options)
        if scene.situation is Situation.CLIENTS:
            return Fix(sentence=f"give {scene.reader_name} a tar that was made with `{command}`")
        where = "" if scene.again else f" of {scene.reader_name}"
        return Fix(sentence=f"make the tar{where} with `{command}`", command=command)
    owner = ids[True] + (f":{ids[False]}" if ids[False] else "")
    named_all = len(paths) <= BY_NAME
    command = f"chown {f'-h {owner} {quoted(paths)}' if named_all else f'-R {owner} .'}"
    where = "" if scene.again else f" on {scene.reader_name}"
    return Fix(sentence=f"`{command}`{where}", command=command, warning="" if named_all else EVERYTHING)


def _are_all(scene: Scene, paths: Sequence[str], ids: dict[bool, str]) -> bool:
    """Whether one owner for everything leaves all others as they are, or as the writer had them."""
    return all(
        _is_of(each, ids) or _is_of(scene.writer_entries.get(clean_path(each.name), each), ids)
        for each in scene.others(paths)
    )


def _is_of(entry: ContextEntry, ids: dict[bool, str]) -> bool:
    return ids[True] in ("", str(entry.uid)) and ids[False] in ("", str(entry.gid))


def tar_command(scene: Scene, options: str = "", *, prefix: bool | None = None) -> str:
    """How to make the tar of a context; with ``./`` before names as the reader's has, or as asked for."""
    entries = scene.reader.context.entries if scene.reader.context is not None else ()
    has_prefix = any(entry.name.startswith("./") for entry in entries) if prefix is None else prefix
    return f"tar{options} -cf ../context.tar {'.' if has_prefix else '$(ls -A)'}"


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
    names = f"{count:,} names begin" if count > 1 else f"the name {scene.place_of(held[0].part.path)} begins"
    if scene.again:
        said = f"{names} with ./ now" if reader_has else f"{names} with ./ no more"
    else:
        said = f"{names} with ./ for {scene.reader_name if reader_has else scene.writer_name} only"
    command = tar_command(scene, prefix=not reader_has)
    sentence = f"make the tar {'without' if reader_has else 'with'} that prefix: `{command}`"
    if not _has_tar(scene):
        sentence, command = _fix_by_client(scene, reader_has=reader_has), ""
    return Group(held=held, culprit=said, fix=Fix(sentence=sentence, command=command))


def _has_tar(scene: Scene) -> bool:
    """Whether a person made the reader's tar: a client that was given a directory makes its own."""
    return scene.again or scene.situation is not Situation.CLIENTS


def _fix_by_client(scene: Scene, *, reader_has: bool) -> str:
    who = scene.reader_name if reader_has else scene.writer_name
    return f"give {who} a tar without the prefix: `{tar_command(scene, prefix=False)}`"


PATTERNS = (
    Pattern(code="one-owner", find=find_owner),
    Pattern(code="name-prefix", find=find_prefix),
)
