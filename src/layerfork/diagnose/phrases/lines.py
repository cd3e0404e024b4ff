"""A line of the Dockerfile that reads otherwise, or that the writer's target did not need."""

from layerfork.diagnose.causes.scene import Scene
from layerfork.diagnose.causes.wording import values

LAST_STAGE = "the last stage"


def say_line(scene: Scene) -> str:
    """What the line was; as written, since only blanks may differ."""
    if other_target(scene):
        return say_target(scene)
    before = scene.writer_text
    return f"this line was `{before}`" if scene.again else f"this line is `{before}` for {scene.writer_name}"


def other_target(scene: Scene) -> bool:
    """Whether one Dockerfile was built for two targets: then no line of it reads otherwise."""
    writer, reader = scene.writer.request, scene.reader.request
    return writer.dockerfile == reader.dockerfile is not None and writer.target != reader.target


def say_target(scene: Scene) -> str:
    """Which target each was asked for."""
    writer, reader = (record.request.target or LAST_STAGE for record in (scene.writer, scene.reader))
    built = "this was not built then" if scene.again else f"{scene.writer_name} did not build this"
    return f"{values(scene, 'target', writer, reader)}: {built}"
