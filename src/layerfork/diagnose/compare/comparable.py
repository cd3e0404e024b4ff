"""Two records made comparable: shared definitions, and only the facts that both records have."""

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from layerfork.diagnose.compare.alignment import keyword, normalise
from layerfork.diagnose.compare.judgedbuilds import JudgedBuild, names_of
from layerfork.dockerfile import keyword_of
from layerfork.keys import keys_of
from layerfork.keys.buildkit.reported import definition_as_reported
from layerfork.record.build import Builder
from layerfork.record.context import ContextManifest, Transport
from layerfork.record.llb import Definition, ExecOp, FileAction
from layerfork.record.record import BuildRecord, RecordedRequest, StepRecord

# The facts that two records share: an imported build is compared by no other facts.
#
# A fact that only one record has is no difference between the builds. A record that was made while its build
# ran has every fact, so two of those are compared as they are.

HasFact = Callable[[BuildRecord], bool]
Without = Callable[[BuildRecord], BuildRecord]


def _has_request(record: BuildRecord) -> bool:
    return not any(gap.where == "request" for gap in record.gaps)


def _has_inputs(record: BuildRecord) -> bool:
    return any(vertex.inputs for vertex in record.vertices)


def _without_dockerfile(record: BuildRecord) -> BuildRecord:
    request = replace(record.request, dockerfile=None, dockerfile_lines_sha256=None)
    return replace(record, request=request)


def _without_request(record: BuildRecord) -> BuildRecord:
    return replace(record, request=RecordedRequest(dockerfile_name=record.request.dockerfile_name))


def _without_definition(record: BuildRecord) -> BuildRecord:
    """Without facts that only a definition has: that an image which a COPY reads is a stage's base as
    well."""
    read = {digest for step in record.steps if not _is_from(step) for digest in step.vertices}
    steps = tuple(
        step
        for step in record.steps
        if not (_is_from(step) and step.vertices and read.issuperset(step.vertices))
    )
    return replace(record, definition=None, steps=steps)


def _is_from(step: StepRecord) -> bool:
    return keyword_of(step.instruction) == "FROM"


def _without_inputs(record: BuildRecord) -> BuildRecord:
    """Without facts that only inputs show: a vertex of equal instructions in several stages is printed
    once, as a step of one of them."""
    seen: set[str] = set()
    steps = []
    for step in record.steps:
        if not step.vertices or not seen.issuperset(step.vertices):
            steps.append(step)
        seen.update(step.vertices)
    return replace(record, vertices=(), steps=tuple(steps))


def _has_triggers(record: BuildRecord) -> bool:
    return not any(gap.where == "triggers" for gap in record.gaps)


def _without_triggers(record: BuildRecord) -> BuildRecord:
    """What they do stays in the definition, and in the keys of the steps that build on it."""
    return replace(
        record, steps=tuple(step for step in record.steps if not step.instruction.startswith("ONBUILD "))
    )


_FACTS: tuple[tuple[HasFact, Without], ...] = (
    (lambda record: record.engine is not None, lambda record: replace(record, engine=None)),
    (lambda record: record.definition is not None, _without_definition),
    (_has_inputs, _without_inputs),
    (
        lambda record: record.context is not None,
        lambda record: replace(record, context=None, named_contexts=()),
    ),
    (lambda record: bool(record.base_images), lambda record: replace(record, base_images=())),
    (lambda record: record.request.dockerfile is not None, _without_dockerfile),
    (_has_request, _without_request),
    (_has_triggers, _without_triggers),
)
"""A fact that a record may have, and the record without it."""


def with_common_facts(writer: BuildRecord, reader: BuildRecord) -> tuple[BuildRecord, BuildRecord]:
    """Both records; where one of them was imported, without the facts that only one of them has."""
    if not (writer.imported_from or reader.imported_from):
        return writer, reader
    for has_fact, without in _FACTS:
        if has_fact(writer) != has_fact(reader):
            writer, reader = without(writer), without(reader)
    named = dict(writer.image_digests).keys() & dict(reader.image_digests).keys()
    return _with_digests_of(named, writer), _with_digests_of(named, reader)


def _with_digests_of(names: Container[str], record: BuildRecord) -> BuildRecord:
    return replace(record, image_digests=tuple(each for each in record.image_digests if each[0] in names))


def reuse_is_known(record: BuildRecord) -> bool:
    """Whether a record shows which steps were reused; provenance alone does not."""
    return not (record.imported_from and any(gap.where == "steps" for gap in record.gaps))


# The inputs of BuildKit's frontend: builds with equal inputs have the same definition.
#
# ``POST /build`` shows no definition. The frontend makes it from the Dockerfile, the request and the base
# images' settings, and from nothing in the context. Source: moby/moby
# builder/builder-next/builder.go:Build @ v20.10.24 and v28.5.2 (attributes of the frontend); moby/buildkit
# frontend/dockerui/{config,context}.go @ v0.13.2 and v0.25.2.

_FRONTENDS = frozenset({"", "dockerfile.v0"})
"""The engine's own frontend; ``POST /build`` can ask for no other and names none."""
_NO_PART = frozenset(
    {"version", "session", "rm", "forcerm", "q", "buildid", "remote", "outputs"}
    | {"memory", "memswap", "cpushares", "cpusetcpus", "cpusetmems", "cpuperiod", "cpuquota"}
    | {"context", "contextkey", "dockerfilekey", "image-resolve-mode", "exporter", "frontend.caps"}
)
"""Parameters and attributes that enter no definition; ``remote`` only says where the context is."""
_NO_PART_PREFIXES = ("exporter:", "attest:", "vcs:")
_NOTHING = frozenset({"", "0", "null", "[]", "{}"})
"""Values of parameters that have no effect."""
_DEFAULT_NETWORKS = frozenset({"", "default"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionInputs:
    """Everything that the frontend makes a definition of."""

    dockerfile: str
    build_args: tuple[tuple[str, str], ...]
    target: str
    platform: str
    network: str
    engine: tuple[str, str]
    """Version, which is also that of the frontend in it, and architecture."""
    builder_instance: str
    """Empty for the engine's own BuildKit."""
    base_images: tuple[tuple[str, str], ...]
    """Reference and image id."""


def definition_inputs(record: BuildRecord) -> DefinitionInputs | None:
    """None when an input is unknown, or may enter the definition in an unknown way."""
    request, engine = record.request, record.engine
    if record.builder is not Builder.BUILDKIT or request.dockerfile is None or engine is None:
        return None
    if request.syntax or request.frontend not in _FRONTENDS or record.named_contexts:
        return None
    if any(_may_enter(name, value) for name, value in request.options):
        return None
    return DefinitionInputs(
        dockerfile=request.dockerfile,
        build_args=request.build_args,
        target=request.target,
        platform=request.platform,
        network="" if request.network in _DEFAULT_NETWORKS else request.network,
        engine=(engine.version, engine.architecture),
        builder_instance="" if _is_engines_own(record) else record.builder_instance,
        base_images=tuple(sorted((name, facts.image_id) for name, facts in record.base_images)),
    )


def _is_engines_own(record: BuildRecord) -> bool:
    """``POST /build`` reaches no other BuildKit, and no other one has an exporter of that name.
    Source: moby/moby builder/builder-next/exporter/exporter.go @ v26.1.5 and v28.5.2."""
    return not record.request.frontend or ("exporter", "moby") in record.request.options


def _may_enter(name: str, value: str) -> bool:
    return not (name in _NO_PART or name.startswith(_NO_PART_PREFIXES) or value in _NOTHING)


# BuildKit builds whose record shows no definition: another build whose definition theirs must equal.

STEPS = "the steps' own texts"
"""The source of a definition when no build shows one."""
_SENT = (Transport.FILE_SYNC, Transport.TAR)
_ALIKE = "same Dockerfile, request, frontend and base images"


def share_definitions(builds: Sequence[JudgedBuild]) -> tuple[JudgedBuild, ...]:
    """The builds, those without a definition as if they had shown the one that another build shows.

    Only a build with the same Dockerfile, request, frontend and base images shares its definition; keys
    are computed again, with the build's own context. The order of the builds does not matter.
    """
    return tuple(_with_shared_definition(build, builds) for build in builds)


def _with_shared_definition(build: JudgedBuild, others: Iterable[JudgedBuild]) -> JudgedBuild:
    if build.record.definition is not None or build.record.builder is not Builder.BUILDKIT:
        return build
    others_alike = list(_with_equal_inputs(build.record, others))
    if len({_work(other.record.definition) for other in others_alike}) != 1:
        # No build shows a definition, or inputs that this program does not know of decide about it.
        return build if others_alike or build.as_reported else replace(build, as_reported=_as_reported(build))
    record = _with_definition(build.record, others_alike[0].record)
    return replace(build, record=record, keys=keys_of(record), definition_from=others_alike[0].client)


def _work(definition: Definition | None) -> frozenset[tuple[ExecOp | tuple[FileAction, ...], str]]:
    """The work that a definition does, wherever its files come from."""
    done = ((op.exec or op.file, op.platform) for op in (definition.ops if definition is not None else ()))
    return frozenset((work, platform) for work, platform in done if work and not _unpacks(work))


def _unpacks(work: ExecOp | tuple[FileAction, ...]) -> bool:
    """A context that came as a tar is unpacked by an operation of its own, which no instruction makes.
    Source: moby/buildkit frontend/dockerui/context.go @ v0.13.2."""
    return isinstance(work, tuple) and any(
        action.attempt_unpack and not action.create_dest_path for action in work
    )


def _with_equal_inputs(record: BuildRecord, others: Iterable[JudgedBuild]) -> Iterator[JudgedBuild]:
    """Builds with the definition that the record's must be, step by step."""
    inputs = definition_inputs(record)
    if inputs is None or not _is_sent(record.context):
        return
    steps = _places(record.steps)
    for other in others:
        if (
            other.record.definition is not None
            and _is_sent(other.record.context)
            and _places(other.record.steps) == steps
            and definition_inputs(other.record) == inputs
        ):
            yield other


def _with_definition(record: BuildRecord, other: BuildRecord) -> BuildRecord:
    steps = zip(record.steps, other.steps, strict=True)
    return replace(
        record,
        definition=other.definition,
        steps=tuple(replace(step, vertices=shown.vertices) for step, shown in steps),
        gaps=tuple(gap for gap in record.gaps if gap.where != "definition"),
    )


def _places(steps: Iterable[StepRecord]) -> list[tuple[int, str, str]]:
    """Stage, platform and text of each step. A FROM may show a digest or none, as the client asked for the
    image."""
    texts = ((step.stage, step.platform, normalise(step.instruction)) for step in steps)
    return [(stage, platform, "FROM" if keyword(text) == "FROM" else text) for stage, platform, text in texts]


def _is_sent(context: ContextManifest | None) -> bool:
    """Whether the client itself sent it, in either form: the same operations read its files."""
    return context is not None and not context.remote and context.transport in _SENT


def define_alike(writer: JudgedBuild, reader: JudgedBuild) -> tuple[JudgedBuild, JudgedBuild]:
    """Two builds without a definition as if they had one, where they must have had one and the same.

    Both then use the definition made from the vertices' texts, which is not comparable with a third build.
    """
    if writer.as_reported is None or reader.as_reported is None:
        return writer, reader
    inputs = definition_inputs(writer.record)
    same_inputs = inputs is not None and inputs == definition_inputs(reader.record)
    if not same_inputs or _places(writer.record.steps) != _places(reader.record.steps):
        return writer, reader
    return writer.as_reported, reader.as_reported


def _as_reported(build: JudgedBuild) -> JudgedBuild | None:
    if definition_inputs(build.record) is None:
        return None
    record = replace(build.record, definition=definition_as_reported(build.record))
    return replace(build, record=record, keys=keys_of(record), definition_from=STEPS)


def definition_lines(writer: JudgedBuild, reader: JudgedBuild) -> tuple[str, ...]:
    """Evidence lines that name the source of definitions that records do not show."""
    if STEPS in (writer.definition_from, reader.definition_from):
        line = (
            f"neither record shows BuildKit's definition, but it is one: {_ALIKE}; what a step reads of the "
        )
        return (line + "context is taken from its text",)
    names = zip(names_of(writer, reader), (writer, reader), strict=True)
    return tuple(
        f"BuildKit's definition of {name} is not shown, but it is that of {build.definition_from}: {_ALIKE}"
        for name, build in names
        if build.definition_from
    )
