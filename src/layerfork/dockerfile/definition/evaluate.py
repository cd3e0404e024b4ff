"""Goes through a Dockerfile as BuildKit's frontend does, and says what it makes of every instruction."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from layerfork.dockerfile.definition.mounts import Mount, read_mount
from layerfork.dockerfile.definition.stage import (
    Fields,
    FrontendStage,
    NotModelledError,
    RefusedError,
    check_sources,
    copy_fields,
    document_fields,
    exec_fields,
    workdir_fields,
)
from layerfork.dockerfile.expand import Expansion, expand_raw
from layerfork.dockerfile.expand import expand as expand_word
from layerfork.dockerfile.instruction import Dockerfile, Instruction, Stage
from layerfork.dockerfile.parser import parse_instruction
from layerfork.dockerfile.scope import (
    Expander,
    JoinedScope,
    ValueSource,
    Variable,
    expand_in,
    variables_behind,
)
from layerfork.dockerfile.substitution import BadSubstitutionError
from layerfork.errors import UsageError
from layerfork.record.engine import ImageFacts
from layerfork.releases import FrontendRules

_SHOWN = frozenset({"ADD", "COPY", "RUN", "WORKDIR"})
EMPTY_PLATFORM = "an empty platform"
EMPTY_IMAGE = ImageFacts(image_id="", history=(), diff_ids=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """An argument whose value is the time of what the frontend makes."""

    name: str
    to_timestamp: Callable[[str], int]
    """What operations hold for a value."""
    by_global_default: bool
    """Whether a global ARG may give it, and not only the request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What the frontend reads besides the Dockerfile."""

    build_args: Mapping[str, str]
    builtin_args: Mapping[str, str] = field(default_factory=dict)
    """``TARGETPLATFORM``, ``TARGETSTAGE`` and their like, as far as they are known."""
    options: Fields = field(default_factory=dict)
    """Fields of every RUN that the request decides: ``network``, ``hostname``, ``extra_hosts`` …"""
    images: Mapping[int, ImageFacts] = field(default_factory=dict)
    """Configuration of the base images, by stage, as far as it is known."""
    partly_known: frozenset[int] = frozenset()
    """Stages of whose base images only the environment is known."""
    rules: FrontendRules = field(default_factory=FrontendRules)
    dated: Dated | None = None
    """The argument that dates the directories of WORKDIR; None when none does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """What the frontend makes of one instruction."""

    instruction: Instruction
    stage: int
    variables: tuple[Variable, ...] = ()
    """Those that its text looked up; for a WORKDIR or RUN also those of the USER that it runs as."""
    environment: tuple[Variable, ...] = ()
    """For a RUN those that it gets."""
    visible: Mapping[str, str] = field(default_factory=dict)
    """For COPY, ADD, WORKDIR and RUN the values that their text is shown with."""
    base: str = ""
    """For a FROM what it names, variables replaced."""
    triggers: "tuple[Evaluated, ...]" = ()
    """For a FROM, the ONBUILD lines that run first in its stage, evaluated."""
    origin: str = ""
    """What ``--from`` names, variables replaced."""
    platform: str = ""
    """What its stage is built for; empty when that is not known."""
    run: Fields | None = None
    """Fields of its `ExecOp`."""
    actions: tuple[Fields, ...] = ()
    """Fields of its `FileAction` values, in order."""
    documents: tuple[Fields, ...] = ()
    """Fields of the actions that write its here-documents."""
    sources: tuple[str, ...] = ()
    """What a COPY or ADD names, variables replaced."""
    mounts: tuple[Mount, ...] = ()
    """Those of a RUN."""
    checksum: str = ""
    """What ``--checksum`` asks for."""
    unread: str = ""
    """The option that is not modelled; empty when all are."""
    is_configured: bool = True
    """The whole configuration of the image that its stage begins with is known."""
    fixed: tuple[str, ...] = ()
    """Text whose effect is not modelled (mounts, checksums): equal text has an equal effect."""
    assumed: frozenset[str] = frozenset()
    """What it assumes of a base image whose configuration is unknown: variables that it does not set, and
    ``the working directory``."""
    problem: str = ""
    """Why nothing can be said; empty when all is well."""


def evaluate(dockerfile: Dockerfile, inputs: Inputs) -> dict[int, Evaluated]:
    """Every instruction by its first line."""
    walk = _Walk(dockerfile=dockerfile, inputs=inputs)
    for argument in dockerfile.meta_args:
        walk.meta_arg(argument)
    walk.find_date()
    for stage in dockerfile.stages:
        walk.stage(stage)
    return walk.found


@dataclass(slots=True, kw_only=True)
class _Walk:
    dockerfile: Dockerfile
    inputs: Inputs
    meta: JoinedScope = field(init=False)
    date: Variable | None = None
    """The argument that dates directories, when it has a value."""
    ended: dict[int, FrontendStage] = field(default_factory=dict)
    platforms: dict[int, str] = field(default_factory=dict)
    found: dict[int, Evaluated] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.meta = JoinedScope(variables=dict(self.inputs.builtin_args), given=self.inputs.build_args)

    def find_date(self) -> None:
        """The date of everything, once global arguments are known."""
        dated = self.inputs.dated
        if dated is None:
            return
        value = self.inputs.build_args.get(dated.name)
        if value is None and dated.by_global_default:
            value = self.meta.values().get(dated.name)
        if value:
            self.date = Variable(name=dated.name, value=value, source=ValueSource.ARG)

    def meta_arg(self, instruction: Instruction) -> None:
        """A global ARG: its default is expanded with those before it."""
        used: list[Variable] = []
        for name, default in instruction.pairs:
            value = None if default is None else self._define(self.meta, name, default, used)
            self.meta.declare(name, value)
        self.found[instruction.first_line] = Evaluated(
            instruction=instruction, stage=0, variables=tuple(used)
        )

    def stage(self, stage: Stage) -> None:
        """A FROM and what follows it."""
        used: list[Variable] = []
        base = self._expand(self.meta, stage.base, used)
        asked = self._expand(self.meta, stage.platform, used) if stage.platform else ""
        platform = self._platform(stage, base, asked)
        self.platforms[stage.index] = platform
        state = self._begin(stage, base)
        self.ended[stage.index] = state
        triggers = tuple(self._line(each, state, stage.index) for each in _triggers(state))
        self.found[stage.origin.first_line] = Evaluated(
            instruction=stage.origin,
            stage=stage.index,
            variables=tuple(used),
            base=base,
            triggers=triggers,
            platform=platform,
            is_configured=state.is_configured,
            problem=EMPTY_PLATFORM if stage.platform and not asked else state.problem,
        )
        for instruction in stage.instructions:
            self.found[instruction.first_line] = self._line(instruction, state, stage.index)

    def _line(self, instruction: Instruction, state: FrontendStage, stage: int) -> Evaluated:
        try:
            evaluated = self._instruction(instruction, state, stage)
        except (BadSubstitutionError, RefusedError) as error:
            evaluated = Evaluated(instruction=instruction, stage=stage, problem=str(error))
        return replace(evaluated, platform=self.platforms[stage])

    def _platform(self, stage: Stage, base: str, asked: str) -> str:
        """That of the stage which it is built on, its own, or the target's."""
        earlier = self.dockerfile.find_base(base)
        if earlier is not None and earlier.index < stage.index:
            return self.platforms[earlier.index]
        return asked or self.inputs.builtin_args.get("TARGETPLATFORM", "")

    def _begin(self, stage: Stage, base: str) -> FrontendStage:
        scope = JoinedScope(
            meta_args=self.meta.values(),
            given=self.inputs.build_args,
            made_from=dict(self.meta.made_from),
        )
        empty = FrontendStage(scope=scope)
        earlier = self.dockerfile.find_base(base, before=stage.index)
        if earlier is not None:
            state = empty.after(self.ended[earlier.index])
            lines = (each.trigger for each in earlier.instructions)
            state.triggers = tuple(each.text for each in lines if each is not None)
            return state
        if base == "scratch":
            return empty.of_image(EMPTY_IMAGE)
        facts = self.inputs.images.get(stage.index)
        if facts is None:
            return empty.of_unknown_image()
        return empty.of_image(facts, whole=stage.index not in self.inputs.partly_known)

    def _instruction(self, instruction: Instruction, state: FrontendStage, stage: int) -> Evaluated:
        used: list[Variable] = []
        environment: tuple[Variable, ...] = ()
        run: Fields | None = None
        actions: tuple[Fields, ...] = ()
        documents: tuple[Fields, ...] = ()
        fixed: tuple[str, ...] = ()
        mounts: tuple[Mount, ...] = ()
        sources: tuple[str, ...] = ()
        checksum, unread = "", ""
        assumed: set[str] = set()

        def expand(word: str, how: Expander = expand_word) -> str:
            if not state.base_known:
                assumed.update(_deciding(state.scope, word, self.dockerfile.escape, how))
            return self._expand(state.scope, word, used, how)

        match instruction.keyword:
            case "ARG":
                self._arguments(instruction, state.scope, used, expand)
            case "ENV":
                pairs = [
                    (expand(name), self._define(state.scope, name, text or "", used))
                    for name, text in instruction.pairs
                ]
                for name, value in pairs:
                    state.scope.set_env(name, value)
            case "WORKDIR":
                assumed.update(_directory(state, instruction.arguments[0]))
                state.enter(expand(instruction.arguments[0]))
                used.extend(state.user_from)
                actions = workdir_fields(state, self._timestamp())
                if actions and self.date is not None:
                    used.append(self.date)
            case "USER":
                state.user = expand(instruction.arguments[0])
                state.user_from = tuple(used)
            case "SHELL":
                state.shell = instruction.arguments
            case "RUN":
                run = exec_fields(instruction, state, self.inputs.options, self.inputs.rules)
                environment = variables_behind(state.scope, state.scope.values())
                used.extend(state.user_from)
                fixed = tuple(map(expand, instruction.flag_values("mount")))
                mounts, unread = _mounts(instruction, expand)
                if not self.inputs.rules.secret_variables and any(each.env is not None for each in mounts):
                    raise RefusedError("env of a mount")
            case "COPY" | "ADD":
                assumed.update(_directory(state, instruction.arguments[-1]))
                sources = tuple(map(expand, instruction.sources))
                checksum = expand(instruction.flag("checksum"))
                check_sources(instruction, sources, checksum)
                actions = copy_fields(instruction, state, sources, expand, self.inputs.rules)
                documents = tuple(
                    document_fields(each, lambda text: expand(text, _expand_document))
                    for each in instruction.heredocs
                )
                fixed = tuple(
                    f"{name}={value}"
                    for name, value in instruction.flags
                    if name in ("checksum", "keep-git-dir", "link", "unpack", "parents")
                )
            case "VOLUME":
                if "" in [self._expand(state.scope, word, []) for word in instruction.arguments]:
                    raise RefusedError("an empty VOLUME")
            case "LABEL":
                for pair in instruction.pairs:
                    for word in pair:
                        self._expand(state.scope, word or "", [])
            case "EXPOSE" | "STOPSIGNAL":
                for word in instruction.arguments:
                    self._expand(state.scope, word, [])
        origin = expand(instruction.flag("from")) if instruction.flag("from") else ""
        return Evaluated(
            instruction=instruction,
            stage=stage,
            variables=tuple(dict.fromkeys(used)),
            environment=environment,
            visible=state.scope.values() if instruction.keyword in _SHOWN else {},
            origin=origin,
            run=run,
            actions=actions,
            documents=documents,
            sources=sources,
            mounts=mounts,
            checksum=checksum,
            unread=unread,
            is_configured=state.is_configured,
            fixed=fixed,
            assumed=frozenset(assumed),
            problem=state.problem,
        )

    def _arguments(
        self,
        instruction: Instruction,
        scope: JoinedScope,
        used: list[Variable],
        expand: Callable[[str], str],
    ) -> None:
        """An ARG line of a stage."""
        if not self.inputs.rules.arguments_in_turn:
            pairs = [
                (expand(name), None if default is None else self._define(scope, name, default, used))
                for name, default in instruction.pairs
            ]
            for name, value in pairs:
                scope.declare(name, value)
            return
        for name, default in instruction.pairs:
            is_read = default is not None and name not in self.inputs.build_args
            value = self._define(scope, name, default or "", used) if is_read else None
            scope.declare(name, value)

    def _timestamp(self) -> int:
        dated = self.inputs.dated
        return -1 if dated is None or self.date is None else dated.to_timestamp(self.date.value)

    def _define(self, scope: JoinedScope, name: str, value: str, used: list[Variable]) -> str:
        """The value that a line gives a variable; what it was made from is remembered."""
        own: list[Variable] = []
        text = self._expand(scope, value, own)
        scope.made_from[name] = tuple(own)
        used.extend(own)
        return text

    def _expand(
        self, scope: JoinedScope, word: str, used: list[Variable], how: Expander = expand_word
    ) -> str:
        expansion, variables = expand_in(scope, word, self.dockerfile.escape, how)
        used.extend(variables)
        return expansion.text


def _triggers(state: FrontendStage) -> tuple[Instruction, ...]:
    """The ONBUILD lines that run first in a stage.

    Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go:initOnBuildTriggers @ v0.13.1.
    """
    try:
        return tuple(map(parse_instruction, state.triggers))
    except UsageError:
        state.problem = "ONBUILD triggers of its base do not parse"
        return ()


def _mounts(instruction: Instruction, expand: Callable[[str], str]) -> tuple[tuple[Mount, ...], str]:
    """The mounts of a RUN, or what is not modelled of them."""
    try:
        return tuple(read_mount(each, expand) for each in instruction.flag_values("mount")), ""
    except RefusedError:
        raise
    except NotModelledError as error:
        return (), str(error)


def _expand_document(text: str, values: Mapping[str, str], escape: str) -> Expansion:
    """A here-document's text: it escapes with a backslash, whatever the Dockerfile does.

    Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go:dispatch (ExpandRaw) @ v0.13.2.
    """
    return expand_raw(text, values)


def _deciding(scope: JoinedScope, word: str, escape: str, how: Expander) -> Iterator[str]:
    """Names that are not set, and that would make the word another one if they were."""
    values = scope.values()
    expansion = how(word, values, escape)
    for name in expansion.used - values.keys():
        if how(word, {**values, name: "\0"}, escape).text != expansion.text:
            yield name


def _directory(state: FrontendStage, path: str) -> Iterator[str]:
    if not (state.base_known or state.directory or path.startswith("/")):
        yield "the working directory"
