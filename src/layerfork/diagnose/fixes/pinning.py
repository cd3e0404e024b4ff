"""FROM by digest: what a name means can change, what a digest means cannot."""

from layerfork.diagnose.causes.edits import lines_of
from layerfork.diagnose.causes.scene import Scene
from layerfork.keys.shared.baseimage import find_facts, full_reference
from layerfork.record.answer import Edit
from layerfork.record.record import BuildRecord

_IMAGE = "docker-image://"


def pinned(scene: Scene) -> tuple[Edit, ...]:
    """The FROM with the digest of the image that the reader got; none where nothing shows one that a builder
    can ask for, or where variables make the name."""
    instruction = scene.instruction
    if instruction is None or instruction.keyword != "FROM" or not instruction.arguments:
        return ()
    name = instruction.arguments[0]
    digest = "" if "@" in name or "$" in name else _digest(scene.reader, name)
    before = lines_of(scene, instruction)
    if not digest or before[0].split().count(name) != 1:
        return ()
    words = before[0].partition(name)
    after = (f"{words[0]}{name}@{digest}{words[2]}", *before[1:])
    return (Edit(file=scene.file, line=instruction.first_line, before=before, after=after),)


def _digest(record: BuildRecord, name: str) -> str:
    """As BuildKit resolved it; in a containerd store an image's id is that of its manifest or index.

    Source: moby/moby daemon/containerd/image.go (GetImage: ID is the target's digest) @ v26.1.5; measured.
    """
    ops = record.definition.ops if record.definition is not None else ()
    wanted = f"{_IMAGE}{full_reference(name)}@"
    for op in ops:
        if op.source is not None and op.source.identifier.startswith(wanted):
            return op.source.identifier.removeprefix(wanted)
    facts = find_facts(record, name)
    kept = record.engine is not None and record.engine.image_store == "containerd"
    return facts.image_id if kept and facts is not None else ""
