"""A line of the Dockerfile that reads otherwise: expected after an edit, unless only blanks differ."""

from layerfork.diagnose.causes.edits import command_of
from layerfork.diagnose.causes.scene import Scene, entries_by_path
from layerfork.diagnose.causes.wording import named
from layerfork.diagnose.compare.copied import clean_path, copied_sources
from layerfork.diagnose.phrases.lines import other_target
from layerfork.record.answer import NOTHING_TO_FIX, Edit, Fix, Situation
from layerfork.record.context import EntryType

_LOOKED_AT = 1 << 20
"""Nobody looks at the bytes of very large files."""


def fix_line(scene: Scene) -> Fix:
    """Put it back, if that is wanted; builds of two machines need one Dockerfile."""
    if other_target(scene):
        return fix_stored(scene)
    written, text = scene.writer_text, scene.text
    if not scene.again:
        return Fix(sentence="build both from one Dockerfile")
    if scene.situation is Situation.TWICE:
        return Fix(
            sentence="write the same Dockerfile at each build; lines that change often belong at the end"
        )
    if scene.instruction is None or not written or written == text or "\n" in written:
        return Fix(sentence="expected after that edit; lines that change often belong at the end")
    edit = Edit(
        file=scene.file,
        line=scene.line,
        before=scene.lines[scene.line - 1 : scene.instruction.last_line],
        after=(written,),
    )
    if written.split() == text.split():
        return Fix(sentence=f"only blanks differ: put line {scene.line} back as it was", edits=(edit,))
    changed = _changed_since(scene)
    back = f", and put {named(changed)} back" if changed else ""
    return Fix(sentence=f"expected after that edit; to go back, write `{written}`{back}", edits=(edit,))


def _changed_since(scene: Scene) -> list[str]:
    """Files that only the line as it was names, and that hold something else on disk than they did then."""
    sent, kept = entries_by_path(scene.writer), entries_by_path(scene.reader)
    named_then = [
        sent[path] for path in copied_sources(scene.writer_text) if path in sent and path not in kept
    ]
    return [
        clean_path(entry.name)
        for entry in named_then
        if entry.type is EntryType.FILE
        and entry.size <= _LOOKED_AT
        and scene.is_there(clean_path(entry.name))
        and scene.sources.look(scene.writer, entry) is None
    ]


def fix_stored(scene: Scene) -> Fix:
    """What was built for the first time is stored now."""
    command = command_of(scene, scene.reader) if scene.again else ""
    who = "this build" if scene.again else scene.reader_name
    found = f", `{command}` finds it" if command else ""
    return Fix(sentence=f"{NOTHING_TO_FIX}: {who} has stored it now{found}", command=command)
