"""A line of the Dockerfile that reads otherwise: expected after an edit, unless only blanks differ."""

from layerfork.explain.answer.edits import command_of
from layerfork.explain.answer.phrases.lines import other_target
from layerfork.explain.answer.scene import Scene
from layerfork.model.answer import Edit, Fix, Situation


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
    return Fix(sentence=f"expected after that edit; to go back, write `{written}`", edits=(edit,))


def fix_stored(scene: Scene) -> Fix:
    """What was built for the first time is stored now."""
    command = command_of(scene, scene.reader) if scene.again else ""
    who = "this build" if scene.again else scene.reader_name
    found = f", `{command}` finds it" if command else ""
    return Fix(sentence=f"nothing to fix: {who} has stored it now{found}", command=command)
