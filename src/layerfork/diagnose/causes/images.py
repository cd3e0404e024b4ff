"""What FROM gives: the image, its platform and format; and which frontend and target were asked for."""

import shlex
from collections.abc import Iterator

from layerfork.diagnose.causes.dockerfilelines import fix_option
from layerfork.diagnose.causes.edits import lines_of
from layerfork.diagnose.causes.forms import both_values, say_value, value_finding, value_rule
from layerfork.diagnose.causes.material import Material, requested, requested_options
from layerfork.diagnose.causes.rule import Case, CauseRule, Find, Finding
from layerfork.diagnose.causes.scene import Scene
from layerfork.diagnose.causes.wording import show_value, shown, values
from layerfork.diagnose.compare.differences import Difference
from layerfork.diagnose.compare.judgedbuilds import StepView, ops_of
from layerfork.dockerfile.recorded import printed_instruction
from layerfork.hypothesis import UnappliableError
from layerfork.keys.recordedbases import find_facts, full_reference
from layerfork.record.answer import Cause, Edit, Fix, Treatment, Way
from layerfork.record.build import Builder
from layerfork.record.cause import CauseCode
from layerfork.record.change import BaseImageIs, Change
from layerfork.record.context import short_digest
from layerfork.record.engine import ImageFacts
from layerfork.record.record import BuildRecord, StepRecord


def undo_platform(material: Material, finding: Finding) -> tuple[Change, ...]:
    """The request asks for the writer's platform, and gets the writer's images."""
    return (*requested(material, "platform"), *_base_images(material))


def undo_target(material: Material, finding: Finding) -> tuple[Change, ...]:
    """The request asks for the writer's target."""
    return requested(material, "target")


def undo_format(material: Material, finding: Finding) -> tuple[Change, ...]:
    """The build writes images of the writer's format."""
    return tuple(requested_options(material, ("outputformat",)))


def undo_base(material: Material, finding: Finding) -> tuple[Change, ...]:
    """The references of the reader's FROM lines mean the writer's images."""
    changes = tuple(_base_images(material))
    if not changes:
        raise UnappliableError("what the base image is was not recorded")
    return changes


def _base_images(material: Material) -> Iterator[Change]:
    case = material.case
    for reader, writer in case.comparison.alignment.writer_of.items():
        views = case.comparison.reader_views[reader], case.comparison.writer_views[writer]
        reference, other = (_reference(view.step) for view in views)
        if not (reference and other):
            continue
        facts = _facts(case.writer.record, other, views[1].step)
        if facts is not None and facts != _facts(case.reader.record, reference, views[0].step):
            yield BaseImageIs(reference=reference, facts=facts)


def _reference(step: StepRecord) -> str:
    instruction = printed_instruction(step.instruction)
    return instruction.arguments[0] if instruction is not None and instruction.keyword == "FROM" else ""


def _facts(record: BuildRecord, reference: str, step: StepRecord) -> ImageFacts | None:
    """What is known of a base image; only the id of one that was not asked about."""
    facts = find_facts(record, reference)
    if facts is None and step.identity:
        return ImageFacts(image_id=step.identity, history=(), diff_ids=())
    return facts


def undo_frontend(material: Material, finding: Finding) -> tuple[Change, ...]:
    """Always raises: UnappliableError."""
    raise UnappliableError("a frontend cannot be run again here")


def _base_name(scene: Scene, cause: Cause) -> str:
    words = scene.instruction.arguments if scene.instruction is not None else ()
    name = words[0] if scene.text.upper().startswith("FROM") and words else cause.path
    return f"base image {name}".rstrip()


def _say_base(scene: Scene, cause: Cause) -> str:
    writer, reader = (shown(value) for value in both_values(cause))
    return values(scene, _base_name(scene, cause), writer, reader)


def _say_config(scene: Scene, cause: Cause) -> str:
    changed = "changed" if scene.again else f"differs between {scene.writer_name} and {scene.reader_name}"
    return f"the configuration of {_base_name(scene, cause)} {changed}, not its layers"


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
    wanted = f"{_IMAGE}{full_reference(name)}@"
    for op in ops_of(record):
        if op.source is not None and op.source.identifier.startswith(wanted):
            return op.source.identifier.removeprefix(wanted)
    facts = find_facts(record, name)
    kept = record.engine is not None and record.engine.image_store == "containerd"
    return facts.image_id if kept and facts is not None else ""


def _fix_base(scene: Scene, cause: Cause) -> Fix:
    reference, facts = _writer_base(scene, cause.path)
    if scene.again and reference and facts is not None:
        command = f"docker tag {shlex.quote(facts.image_id)} {shlex.quote(reference)}"
        if scene.reader.builder is Builder.BUILDAH:
            command = command.replace("docker", "podman", 1)
        short = command.replace(facts.image_id, short_digest(facts.image_id))
        return Fix(
            sentence=f"`{short}` restores the earlier image; pin it by digest to keep it",
            edits=pinned(scene),
            command=command,
        )
    name = (reference or cause.path or "the base image").partition("@")[0]
    pin = f"pin the image by digest in both builds: FROM {name}@sha256:…"
    return Fix(sentence=f"{pin}; do not pull in only one of them", edits=pinned(scene))


def _writer_base(scene: Scene, path: str) -> tuple[str, ImageFacts | None]:
    """Reference of the FROM as written, and the image that it was for the writer."""
    words = scene.instruction.arguments if scene.instruction is not None else ()
    written = words[0] if words else ""
    facts = dict(scene.writer.base_images)
    return next(((each, facts[each]) for each in (written, path) if each in facts), (written, None))


_PINNED = Treatment(
    way=Way.HOLD, edits=True, warning="new versions of the image come only when the line is edited"
)
PIN = "pin the base image by digest: FROM image@sha256:…; do not pull in only some builds"


PLATFORM_REMEDY = "name the platform in every build: --platform linux/amd64, or FROM --platform="


def find_platform(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """A platform part differs, or the base does because another platform was asked for."""
    own = [difference for difference in unclaimed if difference.cause == CauseCode.PLATFORM]
    bases = [difference for difference in unclaimed if difference.cause == "base-image"]
    writer, reader = case.writer.record.request.platform, case.reader.record.request.platform
    if own:
        for difference in own:
            yield value_finding(case, difference, code=CauseCode.PLATFORM)
    elif bases and writer != reader:
        yield Finding(
            code=CauseCode.PLATFORM,
            field="platform",
            writer=writer,
            reader=reader,
            evidence=tuple(
                case.both_sides(f"{each.field} {each.path}", show_value(each.writer), show_value(each.reader))
                for each in bases
            ),
            claims=tuple(bases),
        )


PLATFORM = CauseRule(
    code=CauseCode.PLATFORM,
    say=say_value("platform", "the engine's own"),
    remedy=PLATFORM_REMEDY,
    fix=fix_option("--platform", "--platform *", "platform"),
    find=find_platform,
    undo=undo_platform,
)
"""The builds are for different platforms, so everything from FROM on differs."""


IMAGE_FORMAT = value_rule(
    code=CauseCode.IMAGE_FORMAT,
    say=say_value("image format"),
    undo=undo_format,
    remedy="ask for one format in every build: `podman build --format docker`, or OCI everywhere",
)
"""buildah skips cached images whose format (Docker's or OCI's) is not the one that the build writes."""


def _finds_base(code: CauseCode) -> Find:
    """FROM gave another image. With the same layers, only its configuration or history differs."""

    def find(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
        if code != (CauseCode.BASE_CONFIG if _same_layers(case) else CauseCode.BASE_IMAGE):
            return
        for difference in unclaimed:
            if difference.cause == CauseCode.BASE_IMAGE:
                yield value_finding(case, difference, code=code)

    return find


def _same_layers(case: Case) -> bool:
    layers = [
        facts.diff_ids if (facts := _base_of(record, view)) is not None else ()
        for record, view in ((case.writer.record, case.writer_view), (case.reader.record, case.reader_view))
    ]
    return bool(layers[0]) and layers[0] == layers[1]


def _base_of(record: BuildRecord, view: StepView) -> ImageFacts | None:
    instruction = printed_instruction(view.step.instruction)
    if instruction is None or instruction.keyword != "FROM":
        return None
    return find_facts(record, instruction.arguments[0])


BASE_CONFIG = CauseRule(
    code=CauseCode.BASE_CONFIG,
    treatment=_PINNED,
    say=_say_config,
    remedy=PIN,
    fix=_fix_base,
    find=_finds_base(CauseCode.BASE_CONFIG),
    undo=undo_base,
)
"""The base image has the same layers but another configuration."""


BASE_IMAGE = CauseRule(
    code=CauseCode.BASE_IMAGE,
    treatment=_PINNED,
    say=_say_base,
    remedy=PIN,
    fix=_fix_base,
    find=_finds_base(CauseCode.BASE_IMAGE),
    undo=undo_base,
)
"""FROM gave another image."""


FRONTEND = value_rule(
    code=CauseCode.FRONTEND,
    say=say_value("frontend", "the built-in one"),
    undo=undo_frontend,
    remedy="pin the frontend: `# syntax=docker/dockerfile:<version>@sha256:…`",
)
"""Another frontend (`# syntax=`) made another definition of the same Dockerfile."""


TARGET = value_rule(
    code=CauseCode.TARGET,
    say=say_value("target", "the last stage"),
    fix=fix_option("--target", "--target *", "target"),
    undo=undo_target,
    remedy="build the same --target with every client, or build the wider one first",
)
"""The reader builds stages that the writer was not asked for."""


RULES = (
    PLATFORM,
    IMAGE_FORMAT,
    BASE_IMAGE,
    BASE_CONFIG,
    FRONTEND,
    TARGET,
)
