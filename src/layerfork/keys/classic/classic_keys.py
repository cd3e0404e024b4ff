"""Keys of the classic builder: parent image, and the command that the step's container is created with."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from layerfork.dockerfile import Instruction, parse_instruction
from layerfork.dockerfile.scope import LayeredScope
from layerfork.errors import UsageError
from layerfork.keys.classic.comments import canonical, command_line, comment_of
from layerfork.keys.classic.copykeys import CopyKeys
from layerfork.keys.entryparts import RuledOut
from layerfork.keys.recordedbases import find_facts
from layerfork.keys.script import Script, ScriptStep, created_by_of, read_script
from layerfork.keys.stagestate import SCRATCH, Notes, StageState
from layerfork.keys.unpacked import Unlisted
from layerfork.record.cachekey import BuildKeys, CacheKey, KeyPart, KeyPlace, Part, StepKey
from layerfork.record.record import BuildRecord
from layerfork.record.secrets import HIDDEN
from layerfork.releases import ClassicRules, classic_rules


def classic_keys(record: BuildRecord, unlisted: Unlisted | None = None) -> BuildKeys:
    """Keys of every step of a classic build, in step order."""
    builder = _Builder(record=record, script=read_script(record), unlisted=unlisted or {})
    return BuildKeys(
        rules="classic, Linux engines 1.10 to 29.7",
        steps=tuple(builder.step_key(step) for step in builder.script.steps),
        ruled_out=RuledOut(record.context, not builder.rules.owner_names),
    )


@dataclass(slots=True, kw_only=True)
class _Builder:
    record: BuildRecord
    script: Script
    unlisted: Unlisted
    rules: ClassicRules = field(init=False)
    copies: CopyKeys = field(init=False)
    state: StageState = field(init=False)
    ended: dict[int, StageState] = field(default_factory=dict)
    """State after each step, by step index; without the ARG steps before the first FROM."""

    def __post_init__(self) -> None:
        engine = self.record.engine
        self.rules = classic_rules(engine.version if engine is not None else "")
        self.copies = CopyKeys(
            record=self.record, script=self.script, rules=self.rules, unlisted=self.unlisted
        )
        given = dict(self.record.request.build_args)
        scope = LayeredScope(given=given, undeclared=self.rules.proxies)
        self.state = StageState(scope=scope, escape=self.script.escape)

    def step_key(self, step: ScriptStep) -> StepKey:
        index, instruction = step.record.index, step.instruction
        if step.label is not None:
            key = self._label_key(step, *step.label)
        elif instruction is None:
            key = CacheKey(parts=(), unknown=(f"what {step.record.instruction!r} does",))
        elif instruction.keyword == "FROM":
            return self._from_key(step, instruction)
        elif not self.ended:
            return self._meta_arg_key(step, instruction)
        else:
            key = self._instruction_key(step, instruction)
        self.ended[index] = self.state.copy()
        parents = (index - 1, *self.copies.source_parents(step))
        return StepKey(index=index, key=key, parents=tuple(dict.fromkeys(parents)))

    def _meta_arg_key(self, step: ScriptStep, instruction: Instruction) -> StepKey:
        notes = Notes()
        for name, value in instruction.pairs:
            default = None if value is None else self.state.define(name, value, notes)
            self.state.scope.args[name] = self.state.scope.meta_args[name] = default
        return StepKey(index=step.record.index, key=CacheKey(parts=()), parents=(), always_runs=True)

    def _from_key(self, step: ScriptStep, instruction: Instruction) -> StepKey:
        notes = Notes()
        base = self.state.expand_base(instruction.arguments[0], notes)
        # To the classic builder a number is an image's name here.
        source = None if base.isdecimal() else self.script.last_step_of(base, step.record.index)
        parts: list[KeyPart] = []
        triggers: tuple[str, ...] = ()
        if source is None:
            parts.extend(self._platform_parts())
        if source is not None:
            self.state = self.state.after(self.ended[source])
        elif base == "scratch":
            self.state = self.state.of_image(SCRATCH)
            parts.append(KeyPart(cause="base-image", field="id", value="scratch"))
        else:
            facts = find_facts(self.record, instruction.arguments[0], base)
            self.state = self.state.of_image(facts)
            image_id = (facts.image_id if facts is not None else "") or step.record.identity
            if image_id:
                parts.append(KeyPart(cause="base-image", field="id", value=image_id))
            else:
                notes.unknown.append(f"image id of {base}")
            triggers = facts.onbuild if facts is not None else ()
        for number, trigger in enumerate(triggers, start=1):
            parts.extend(self._trigger_parts(step, number, trigger, notes))
        self.ended[step.record.index] = self.state
        key = CacheKey(parts=tuple(parts), unknown=tuple(notes.unknown), origins=tuple(notes.origins))
        parents = () if source is None else (source,)
        return StepKey(index=step.record.index, key=key, parents=parents, always_runs=not triggers)

    def _platform_parts(self) -> Iterator[KeyPart]:
        """The platform that a build is for: no step finds an image of another one.

        Source: moby/moby builder/dockerfile/internals.go:getPlatform, image/cache/compare.go:comparePlatform
        @ v26.1.5.
        """
        engine = self.record.engine
        if engine is None or not (engine.architecture and self.rules.compares_platforms):
            return
        own = f"{engine.os}/{engine.architecture}"
        asked = self.record.request.platform or own
        value = asked if "/" in asked else f"{engine.os}/{asked}"
        yield KeyPart(cause="platform", field="platform", value=value.lower())

    def _trigger_parts(self, step: ScriptStep, number: int, trigger: str, notes: Notes) -> list[KeyPart]:
        """Parts of an ONBUILD trigger of the base image: it runs inside the FROM step."""
        try:
            instruction = parse_instruction(trigger)
        except UsageError:
            notes.unknown.append(f"what ONBUILD {trigger!r} does")
            return []
        key = self._instruction_key(ScriptStep(record=step.record, instruction=instruction), instruction)
        notes.unknown.extend(key.unknown)
        notes.origins.update(dict.fromkeys(key.origins))
        return [part.within(KeyPlace("trigger", number)) for part in key.all_parts]

    def _label_key(self, step: ScriptStep, name: str, value: str) -> CacheKey:
        text = f"LABEL {name}={value}"
        part = KeyPart(cause="label", field="Cmd", value=canonical(text, (f"{name}={value}",)))
        return self._finished(step, [part], ["#(nop) ", text], Notes())

    def _instruction_key(self, step: ScriptStep, instruction: Instruction) -> CacheKey:
        notes = Notes()
        if instruction.keyword in ("COPY", "ADD"):
            parts, text = self.copies.parts(step, instruction, self.state, notes)
            return self._finished(step, parts, ["#(nop) " + text] if text else [], notes)
        if instruction.keyword == "RUN":
            return self._run_key(step, instruction, notes)
        text, words = comment_of(instruction, self.state, self.rules, notes)
        cause = "label" if instruction.keyword == "LABEL" else "instruction"
        part = KeyPart(cause=cause, field="Cmd", value=canonical(text, words))
        # WORKDIR, like COPY and ADD, writes its comment as one word; the others as two.
        nop = ["#(nop) " + text] if instruction.keyword == "WORKDIR" else ["#(nop) ", text]
        return self._finished(step, [part], nop, notes)

    def _run_key(self, step: ScriptStep, instruction: Instruction, notes: Notes) -> CacheKey:
        command = command_line(instruction, self.state)
        scope = self.state.scope
        arguments = scope.arguments()
        declared = [name for name in sorted(arguments) if name in scope.args]
        parts = [KeyPart(cause="instruction", field="Cmd", value=json.dumps(command, ensure_ascii=False))]
        parts.extend(
            KeyPart(
                cause="proxy" if name in scope.undeclared else "build-arg",
                path=name,
                field="Cmd",
                value=arguments[name],
            )
            for name in declared
        )
        words = list(command)
        if arguments:
            pairs = sorted(f"{name}={arguments[name]}" for name in declared)
            words = [f"|{len(pairs)}", *pairs, *command]
            if not pairs:
                parts.append(KeyPart(cause="proxy", field="prefix", value="|0"))
        if arguments and not self.state.env_known:
            notes.unknown.append(f"whether the base image sets {', '.join(sorted(arguments))}")
        return self._finished(step, parts, words, notes, with_shell=False)

    def _finished(
        self, step: ScriptStep, parts: Sequence[Part], words: list[str], notes: Notes, with_shell: bool = True
    ) -> CacheKey:
        """The key with its history string; what the engine printed settles what was not recorded."""
        created_by = created_by_of(self.record, step.record)
        form = " ".join([*(self.state.shell if with_shell else ()), *words]) if words else ""
        hides = any(value.startswith(HIDDEN) for value in self.state.scope.given.values())
        if hides and HIDDEN in form:
            form = ""
        unknown = notes.unknown
        if form and form == created_by:
            unknown = []
        elif unknown or not self.state.env_known:
            form = ""
        return CacheKey(
            parts=tuple(parts),
            engine_form=form,
            unknown=tuple(dict.fromkeys(unknown)),
            origins=tuple(notes.origins),
        )
