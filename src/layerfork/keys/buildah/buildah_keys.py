"""Keys of buildah, and so of podman: the layers so far, the history so far, and a created-by string."""

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from layerfork.context.ignore.containers_storage import storage_matcher
from layerfork.dockerfile import Instruction
from layerfork.errors import UsageError
from layerfork.keys.buildah.arguments import (
    NOP,
    PROXIES,
    Arguments,
    arg_step,
    arguments_of,
    expand,
    global_scope,
    inherited_lines,
)
from layerfork.keys.buildah.content import CopyOptions, MissingSourceError, added_parts, summary_shape
from layerfork.keys.buildah.copier import SourceFinder
from layerfork.keys.buildah.imagehistory import added_digest, bind_targets, mount_checksums
from layerfork.keys.entryparts import RuledOut
from layerfork.keys.recordedbases import find_facts
from layerfork.keys.script import Script, ScriptStep, read_script_by_text
from layerfork.keys.stagestate import Notes, StageState
from layerfork.keys.unpacked import LinkLoopError, unpack
from layerfork.record.build import Builder
from layerfork.record.cachekey import BuildKeys, CacheKey, KeyPart, Part, StepKey
from layerfork.record.context import Transport
from layerfork.record.record import BuildRecord, StepRecord
from layerfork.releases import BuildahRules, buildah_rules

DOCKER_FORMAT = "application/vnd.docker.distribution.manifest.v2+json"
_URLS = ("http://", "https://")
_OCTAL = re.compile(r"[0-7]+")
_ROOT = re.compile(r"0+:0+")


def buildah_keys(record: BuildRecord) -> BuildKeys:
    """Keys of every step of a buildah or podman build, in step order."""
    builder = _Builder(record=record, script=read_script_by_text(record))
    return BuildKeys(
        rules="buildah, 1.39 to 1.44",
        steps=tuple(builder.step_key(step) for step in builder.script.steps),
        ruled_out=RuledOut(record.context),
    )


@dataclass(slots=True, kw_only=True)
class _Builder:
    record: BuildRecord
    script: Script
    rules: BuildahRules = field(init=False)
    arguments: Arguments = field(init=False)
    state: StageState = field(init=False)
    ended: dict[int, StageState] = field(default_factory=dict)
    """State after each step, by step index."""
    previous: dict[int, int] = field(default_factory=dict)
    """Last step so far of each stage, by stage index."""
    bases: set[int] = field(default_factory=set)
    """Indexes of FROM steps that name an image, or scratch."""
    finder: SourceFinder | None = None

    def __post_init__(self) -> None:
        self.rules = buildah_rules(self.record.engine)
        self.arguments = arguments_of(self.record)
        dockerfile = self.script.dockerfile
        meta_args = dockerfile.meta_args if dockerfile is not None else ()
        self.state = StageState(scope=global_scope(self.record, meta_args), expander=expand)

    def step_key(self, step: ScriptStep) -> StepKey:
        notes, instruction = Notes(), step.instruction
        before = self.previous.get(step.record.stage)
        parents: tuple[int, ...] = () if before is None else (before,)
        by_content: tuple[int, ...] = ()
        parts: Sequence[Part] = ()
        form = ""
        if before is not None:
            self.state = self.ended[before].copy()
        if instruction is None:
            notes.unknown.append(f"what {step.record.instruction!r} does")
        elif instruction.keyword == "FROM":
            parts, form, parents = self._from(step, instruction, notes)
        elif instruction.keyword in ("COPY", "ADD"):
            parts, form = self._copy(step, instruction, notes)
            by_content = self._source_stage(step, instruction)
        elif instruction.keyword == "RUN":
            parts, form = self._run(step.record, instruction, notes)
        else:
            parts, form = self._other(step.record.stage, instruction)
        if before in self.bases:
            parts = (*parts, _format_part(self.record))
        self.ended[step.record.index] = self.state.copy()
        self.previous[step.record.stage] = step.record.index
        key = CacheKey(
            parts=tuple(parts),
            engine_form="" if notes.unknown else form,
            unknown=tuple(dict.fromkeys(notes.unknown)),
            origins=tuple(notes.origins),
        )
        return StepKey(
            index=step.record.index,
            key=key,
            parents=tuple(dict.fromkeys((*parents, *by_content))),
            by_content=by_content,
            always_runs=instruction is not None and instruction.keyword == "FROM",
        )

    def _from(
        self, step: ScriptStep, instruction: Instruction, notes: Notes
    ) -> tuple[list[KeyPart], str, tuple[int, ...]]:
        base = self.state.expand_base(instruction.arguments[0], notes)
        source = self.script.last_step_of(base, step.record.index)
        if source is not None:
            self.state = self.state.after(self.ended[source])
            self._inherit(step.record.stage)
            return [], "", (source,)
        facts = None if base == "scratch" else find_facts(self.record, instruction.arguments[0], base)
        self.state = self.state.of_image(facts)
        self.bases.add(step.record.index)
        if base == "scratch":
            return [KeyPart(cause="base-image", field="id", value=base)], "", ()
        image_id = (facts.image_id if facts is not None else "") or step.record.identity
        if not image_id:
            notes.unknown.append(f"image id of {base}")
            return [], "", ()
        return [KeyPart(cause="base-image", field="id", value=image_id)], "", ()

    def _inherit(self, stage: int) -> None:
        dockerfile, scope = self.script.dockerfile, self.state.scope
        if dockerfile is None or not self.rules.inherits_arguments:
            return
        outer = {name: value for name, value in scope.meta_args.items() if value is not None}
        for name, default in inherited_lines(dockerfile, outer).get(stage, ()):
            self.arguments.declare_one(scope, name, default)

    def _other(self, stage: int, instruction: Instruction) -> tuple[list[KeyPart], str]:
        """Everything but FROM, COPY, ADD and RUN counts as it is written; ARG by its names alone, or with
        values."""
        if instruction.keyword == "ARG":
            self.arguments.declare(stage, self.state, instruction)
            return arg_step(self.state.scope, with_values=self.rules.argument_values)
        if instruction.keyword == "ENV":
            expanded = [
                (name, self.state.define(name, value or "", Notes())) for name, value in instruction.pairs
            ]
            for name, value in expanded:
                self.state.scope.set_env(name, value)
        text = instruction.line or instruction.text
        cause = "label" if instruction.keyword == "LABEL" else "instruction"
        return [KeyPart(cause=cause, field="created by", value=text)], NOP + text

    def _run(self, step: StepRecord, instruction: Instruction, notes: Notes) -> tuple[list[KeyPart], str]:
        text = (instruction.line or instruction.text)[4:]
        scope = self.state.scope
        declared = self.arguments.shown(step.stage, scope)
        if self.rules.argument_values:
            declared = dict(scope.with_value())
        parts = [KeyPart(cause="instruction", field="created by", value=text)]
        for name in sorted(declared):
            cause = "proxy" if name in PROXIES else "build-arg"
            parts.append(KeyPart(cause=cause, path=name, field="created by", value=declared[name]))
        if declared and not self.state.env_known:
            notes.unknown.append(f"whether the base image sets {', '.join(sorted(declared))}")
        notes.unknown.extend(self.arguments.unknown(declared, self.state.scope))
        pairs = " ".join(sorted(f"{name}={value}" for name, value in declared.items()))
        form = f"/bin/sh -c {text}"
        if pairs:
            form = f"|{len(pairs.split(' '))} {pairs} {form}"
        if not pairs or self.rules.here_documents_with_arguments:
            for heredoc in instruction.heredocs:
                content = heredoc.content.strip()
                form += f"\n{content}"
                parts.append(KeyPart(cause="instruction", field="here-document", value=content))
        targets = bind_targets(instruction)
        checksums = mount_checksums(step.created_by, len(targets))
        for target, checksum in zip(targets, checksums, strict=False):
            parts.append(KeyPart(cause="mount", path=target, field="checksum", value=checksum))
        notes.unknown.extend(f"checksum of the mount at {target}" for target in targets[len(checksums) :])
        return parts, "".join((form, *(f":{checksum}" for checksum in checksums)))

    def _copy(self, step: ScriptStep, instruction: Instruction, notes: Notes) -> tuple[list[Part], str]:
        words = tuple(self.state.expand(word, notes) for word in instruction.arguments[:-1])
        written, destination = instruction.arguments[-1], self.state.expand(instruction.arguments[-1], notes)
        parts: list[Part] = []
        shape = "…"
        local = self._finder(notes)
        if instruction.heredocs and not (instruction.sources or instruction.flag("from")):
            parts = [*self._documents(instruction, notes)]
        elif instruction.flag("from") or instruction.heredocs or local is None or _has_url(words):
            if not self._names_stage(instruction):
                parts = self._from_elsewhere(step, instruction, words, notes)
        else:
            options, option_parts = self._options(instruction, words, destination, notes)
            try:
                sources = local.find(words, replace(options, rename=""))
                renamed = bool(options.rename) and len(sources) == 1 and not sources[0].is_directory
                if renamed:
                    sources = local.find(words, options)
            except (MissingSourceError, LinkLoopError) as error:
                notes.unknown.append(f"source {error} in the context")
                return parts, ""
            except UsageError as error:
                notes.unknown.append(f"what the ignore rules leave ({error.message})")
                return parts, ""
            added, unknown = added_parts(sources, self.rules, renamed=renamed)
            notes.unknown.extend(unknown)
            shape = summary_shape(sources)
            parts = [*option_parts, *added]
        if not self.rules.known:
            notes.unknown.append("version of buildah: it decides whether owner names count")
        link = " --link" if instruction.flag("link") == "true" and self.rules.shows_link else ""
        text = f"{instruction.keyword}{link} {shape} in {written} {self.rules.copy_ends}"
        return [KeyPart(cause="instruction", field="created by", value=text), *parts], ""

    def _documents(self, instruction: Instruction, notes: Notes) -> Iterator[KeyPart]:
        """Here-documents are files of nothing but their texts: equal texts are found, measured with 5.4.2."""
        for heredoc in instruction.heredocs:
            text = self.state.expand_document(heredoc.data, notes) if heredoc.expand else heredoc.data
            yield KeyPart(cause="instruction", path="", field=f"here-document {heredoc.name}", value=text)

    def _from_elsewhere(
        self, step: ScriptStep, instruction: Instruction, words: tuple[str, ...], notes: Notes
    ) -> list[Part]:
        """What no client sent is known by the digest that history shows, and by nothing else."""
        path, origin = " ".join(words), instruction.flag("from")
        shown = added_digest(step.record.created_by)
        if not shown:
            notes.unknown.append(f"content of {path}" + (f" in {origin}" if origin else ""))
            return []
        cause = "remote-source" if instruction.keyword == "ADD" else "content"
        return [KeyPart(cause=cause, path=path, field="source", value=shown)]

    def _options(
        self, instruction: Instruction, words: tuple[str, ...], destination: str, notes: Notes
    ) -> tuple[CopyOptions, list[KeyPart]]:
        """What flags do to the headers; names of owners count through the image's own passwd file."""
        parts = []
        rename = "" if destination.endswith("/") or len(words) > 1 else posixpath.basename(destination)
        chown, chmod = (self.state.expand(instruction.flag(name), notes) for name in ("chown", "chmod"))
        mode = int(chmod, 8) if _OCTAL.fullmatch(chmod) else None
        if chown and not _ROOT.fullmatch(chown):
            parts.append(KeyPart(cause="instruction", field="chown", value=chown))
        if chmod and mode is None:
            parts.append(KeyPart(cause="instruction", field="chmod", value=chmod))
        excludes = tuple(self.state.expand(each, notes) for each in instruction.flag_values("exclude"))
        return CopyOptions(rename=rename, mode=mode, excludes=excludes), parts

    def _names_stage(self, instruction: Instruction) -> bool:
        dockerfile, name = self.script.dockerfile, instruction.flag("from")
        return bool(name) and dockerfile is not None and dockerfile.find_stage(name) is not None

    def _source_stage(self, step: ScriptStep, instruction: Instruction) -> tuple[int, ...]:
        name = instruction.flag("from")
        source = self.script.last_step_of(name, step.record.index) if name else None
        return () if source is None else (source,)

    def _finder(self, notes: Notes) -> SourceFinder | None:
        context = self.record.context
        if context is None or context.transport is Transport.REMOTE:
            return None
        if not context.complete:
            notes.unknown.append("the whole context")
        if self.finder is None:
            try:
                excludes = storage_matcher(context.excludes, self.rules.ignores)
            except UsageError as error:
                notes.unknown.append(f"what the ignore rules leave ({error.message})")
                return None
            self.finder = SourceFinder(tree=unpack(context.entries), excludes=excludes, rules=self.rules)
        return self.finder


def _format_part(record: BuildRecord) -> KeyPart:
    """Manifest type that the build writes: images of another one are no candidates for its steps.

    It is looked at in every step, and decides at the first of a stage. Docker's API asks for none and gets
    Docker's own; podman's programs name theirs.
    Source: containers/buildah imagebuildah/stage_executor.go:intermediateImageExists @ v1.39.3;
    containers/podman pkg/api/handlers/compat/images_build.go:BuildImage @ v5.4.2. Measured with podman
    4.3.1, 5.4.2 and 5.8.6.
    """
    written = dict(record.request.options).get("outputformat") or DOCKER_FORMAT
    return KeyPart(cause="image-format", field="manifest type", value=written)


def _has_url(words: tuple[str, ...]) -> bool:
    return any(word.startswith(_URLS) for word in words)


def service_has_no_cache(record: BuildRecord) -> bool:
    """Whether podman's service built this without a cache although the request did not ask for that: see
    `BuildahRules.service_has_cache`."""
    request = record.request
    if record.builder is not Builder.BUILDAH or not request.headers or "layers" in dict(request.options):
        return False
    return not buildah_rules(record.engine).service_has_cache
