"""Values that are no context entries: arguments, lines of the Dockerfile, options, the base image."""

from collections.abc import Callable

from layerfork.diagnose.causes.scene import Scene
from layerfork.diagnose.causes.wording import shown, values
from layerfork.diagnose.compare.differences import STEP_FIELD
from layerfork.diagnose.phrases.lines import say_line
from layerfork.record.cause import CauseCode
from layerfork.record.judgement import Cause
from layerfork.record.secrets import HIDDEN


def both(cause: Cause) -> tuple[str | None, str | None]:
    """The writer's value and the reader's; None where it has none."""
    own = next((part for part in cause.parts if part.path == cause.path and part.field == cause.field), None)
    return (own.writer, own.reader) if own is not None else (cause.writer, cause.reader)


def _value(noun: str, absent: str = "not given") -> Callable[[Scene, Cause], str]:
    def say(scene: Scene, cause: Cause) -> str:
        writer, reader = both(cause)
        label = f"{noun} {cause.path}".rstrip()
        if HIDDEN in (writer or "") and HIDDEN in (reader or ""):
            return f"{label} has another value (hidden)"
        if writer == reader:
            writer, reader = cause.writer, cause.reader
        return values(scene, label, shown(writer, absent), shown(reader, absent))

    return say


def _line(scene: Scene, cause: Cause) -> str:
    writer, reader = both(cause)
    if cause.field == STEP_FIELD:
        if writer is None:
            only = (
                "this line" if reader == " ".join(scene.step.instruction.split()) else f"the line `{reader}`"
            )
            return f"{only} is new" if scene.again else f"only {scene.reader_name} has {only}"
        return (
            f"the line `{writer}` before it is gone"
            if scene.again
            else f"only {scene.writer_name} has the line `{writer}` before it"
        )
    before = scene.writer_text
    if not before or before == scene.text:
        return values(scene, cause.field or "the line", shown(writer), shown(reader))
    return say_line(scene)


def _option(scene: Scene, cause: Cause) -> str:
    writer, reader = ((value and shown(value)) or "not given" for value in both(cause))
    return values(scene, f"option {cause.field}", writer, reader)


def _order(scene: Scene, cause: Cause) -> str:
    if "order" in cause.field:
        return values(scene, "order of the variables", shown(cause.writer), shown(cause.reader))
    own = cause.field == " ".join(scene.step.instruction.split())
    line = "this line" if own else f"the line `{cause.field}`"
    return values(scene, line, shown(cause.writer), shown(cause.reader))


def _base_name(scene: Scene, cause: Cause) -> str:
    words = scene.instruction.arguments if scene.instruction is not None else ()
    name = words[0] if scene.text.upper().startswith("FROM") and words else cause.path
    return f"base image {name}".rstrip()


def _base(scene: Scene, cause: Cause) -> str:
    writer, reader = (shown(value) for value in both(cause))
    name = _base_name(scene, cause)
    if scene.again:
        return f"{name} is another one: {reader}, was {writer}"
    return f"{name} is {reader} for {scene.reader_name}, {writer} for {scene.writer_name}"


def _config(scene: Scene, cause: Cause) -> str:
    changed = "changed" if scene.again else f"differs between {scene.writer_name} and {scene.reader_name}"
    return f"the configuration of {_base_name(scene, cause)} {changed}, not its layers"


def _fetched(scene: Scene, cause: Cause) -> str:
    url = next((word for word in scene.step.instruction.split() if "://" in word), cause.path)
    if cause.status == "PROVEN":
        return f"what {url} gave changed" if scene.again else f"{url} gave something else"
    return f"what {url} gave may have changed"


PHRASES = {
    CauseCode.BUILD_ARG: _value("build argument"),
    CauseCode.ENV: _value("variable", "not set"),
    CauseCode.BASE_IMAGE: _base,
    CauseCode.INSTRUCTION_ORDER: _order,
    CauseCode.BASE_CONFIG: _config,
    CauseCode.PLATFORM: _value("platform", "the engine's own"),
    CauseCode.IMAGE_FORMAT: _value("image format"),
    CauseCode.FRONTEND: _value("frontend", "the built-in one"),
    CauseCode.TARGET: _value("target", "the last stage"),
    CauseCode.RUN_OPTION: _option,
    CauseCode.NETWORK: _value("network"),
    CauseCode.INSTRUCTION: _line,
    CauseCode.LABEL: _line,
    CauseCode.REMOTE_SOURCE: _fetched,
}
