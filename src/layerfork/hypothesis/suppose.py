"""Applies changes to a record: the hypothetical record that comes of them, and its keys."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from layerfork.hypothesis import requestchanges
from layerfork.hypothesis.edited_dockerfile import Edited, edit
from layerfork.hypothesis.frontend import run_again
from layerfork.hypothesis.requestchanges import stages_to_build
from layerfork.hypothesis.sentfiles import with_entries, with_patterns, with_transport
from layerfork.hypothesis.steps import named_images, with_lines, without_answers
from layerfork.keys import keys_of
from layerfork.record.build import Builder
from layerfork.record.cachekey import BuildKeys, StepKey
from layerfork.record.change import (
    AttributeChange,
    BaseImageIs,
    BuildArgIs,
    Change,
    DefinitionIs,
    DockerfileIs,
    EngineIs,
    EntriesAre,
    LabelsAre,
    LineAdded,
    LineIs,
    OptionIs,
    PatternsAre,
    RequestIs,
    SourceIs,
    TransportIs,
)
from layerfork.record.engine import ImageFacts
from layerfork.record.record import BuildRecord, StepRecord


def with_definition(
    record: BuildRecord, changed: BuildRecord, edited: Edited, made: DefinitionIs
) -> tuple[BuildRecord, dict[int, int]]:
    """The changed record with the definition and steps that were made of the edited Dockerfile, and where
    each of its own steps is then. ``record`` is the build as it was."""
    request = replace(changed.request, dockerfile=edited.text)
    hypothetical = replace(changed, request=request, definition=made.definition, steps=made.steps)
    return hypothetical, dict(_beside(record, edited, made.steps))


def _beside(record: BuildRecord, edited: Edited, steps: tuple[StepRecord, ...]) -> Iterator[tuple[int, int]]:
    """Recorded steps with those in whose place they stood: of a line's first the first, for each platform."""
    for line in edited.lines:
        now, seen = line.instruction, line.seen
        if seen is None:
            continue
        before = [each for each in record.steps if seen.first_line <= each.line <= seen.last_line]
        after = [each for each in steps if now.first_line <= each.line <= now.last_line]
        for platform in dict.fromkeys(each.platform for each in after):
            pairs = zip(_of(before, platform), _of(after, platform), strict=False)
            yield from ((one.index, other.index) for one, other in pairs)


def _of(steps: list[StepRecord], platform: str) -> list[StepRecord]:
    return [each for each in steps if each.platform == platform]


_APPLY: Mapping[type, Callable[[BuildRecord, Any], BuildRecord]] = {
    PatternsAre: with_patterns,
    TransportIs: with_transport,
    BuildArgIs: requestchanges.with_build_arg,
    LabelsAre: requestchanges.with_labels,
    BaseImageIs: requestchanges.with_base_image,
    RequestIs: requestchanges.with_request,
    OptionIs: requestchanges.with_option,
    EngineIs: requestchanges.with_engine,
    SourceIs: requestchanges.with_source,
}
"""What each change of the request, the engine or what was fetched does to a record."""

_READ_BY_FRONTEND = frozenset({LineIs, LineAdded, DockerfileIs, BuildArgIs, BaseImageIs, RequestIs, OptionIs})
"""Changes that may lead to another definition."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A build that did not happen."""

    record: BuildRecord
    index_of: Mapping[int, int]
    """Where each step of the real record is in this one; a step that is gone is absent."""
    example_index_of: Mapping[int, int] = field(default_factory=dict)
    """Where each step that was taken over from the example is, by its index there."""
    unmodelled: Mapping[int, str] = field(default_factory=dict)
    """Steps for which it is unknown what the builder would make, by index in this record: why. What
    builds on them is not known either."""


def suppose(record: BuildRecord, changes: Iterable[Change], example: BuildRecord | None = None) -> Hypothesis:
    """The record as it would be with these changes: without anything that the engine answered.

    ``example`` is another build that shows what a frontend makes of lines that this one does not have.
    Raises: UnappliableError.
    """
    changes = tuple(changes)
    changed = without_answers(record)
    if example is not None:
        changed = replace(changed, base_images=_with_images_of(changed, example))
    for change in changes:
        if type(change) in _APPLY:
            changed = _APPLY[type(change)](changed, change)
    changed = with_entries(
        changed, (each for each in changes if isinstance(each, AttributeChange | EntriesAre))
    )
    lines = tuple(each for each in changes if isinstance(each, LineIs | LineAdded | DockerfileIs))
    same = Hypothesis(record=changed, index_of={step.index: step.index for step in changed.steps})
    made = next((each for each in changes if isinstance(each, DefinitionIs)), None)
    if made is not None:
        edited = edit(changed, lines, None)
        return Hypothesis(*with_definition(record, changed, edited, made))
    if record.builder is Builder.BUILDKIT:
        if not any(type(each) in _READ_BY_FRONTEND for each in changes):
            return same
        edited = edit(changed, lines, example)
        return Hypothesis(*run_again(record, changed, edited, example))
    if not lines and changed.request.target == record.request.target:
        return _with_images_asked_anew(record, same)
    edited = edit(changed, lines, example)
    stages = stages_to_build(record, edited.dockerfile, changed.request)
    return _with_images_asked_anew(record, Hypothesis(*with_lines(changed, edited, example, stages)))


def _with_images_asked_anew(record: BuildRecord, hypothesis: Hypothesis) -> Hypothesis:
    """Without the ids of base images that the engine found for names which a FROM no longer has."""
    before, after = named_images(record), named_images(hypothesis.record)
    other = {there for here, there in hypothesis.index_of.items() if before.get(here) != after.get(there)}
    steps = tuple(
        replace(step, identity="") if step.index in other else step for step in hypothesis.record.steps
    )
    return replace(hypothesis, record=replace(hypothesis.record, steps=steps))


def _with_images_of(record: BuildRecord, example: BuildRecord) -> tuple[tuple[str, ImageFacts], ...]:
    """What is known of base images in both; the record's own facts come first."""
    return tuple({**dict(example.base_images), **dict(record.base_images)}.items())


# Keys of a build that did not happen.


@dataclass(slots=True, kw_only=True)
class Settled:
    """What a real build's keys lacked until the engine's own answers settled it.

    A key may need something that no record holds (whether a base image sets a variable) and still be
    known, because the string that the engine wrote shows it. A hypothetical build has no such strings,
    but what they have shown holds there too.
    """

    record: BuildRecord
    keys: BuildKeys
    """Keys of the record, answers included."""
    _without: dict[int, frozenset[str]] | None = field(default=None)

    def keys_of(self, hypothesis: Hypothesis) -> BuildKeys:
        """The keys of a hypothetical build, with nothing unknown that the real one has settled."""
        return self.known(hypothesis, keys_of(hypothesis.record))

    def known(self, hypothesis: Hypothesis, keys: BuildKeys) -> BuildKeys:
        """These keys of it, with nothing unknown that the real one has settled."""
        if not any(step.key.unknown for step in keys.steps):
            return keys
        real = {there: here for here, there in hypothesis.index_of.items()}
        steps = tuple(self._settle(step, real.get(step.index)) for step in keys.steps)
        return replace(keys, steps=steps)

    def _settle(self, step: StepKey, real: int | None) -> StepKey:
        if real is None or not step.key.unknown:
            return step
        settled = self._settled().get(real, frozenset())
        left = tuple(each for each in step.key.unknown if each not in settled)
        return replace(step, key=replace(step.key, unknown=left))

    def _settled(self) -> dict[int, frozenset[str]]:
        if self._without is None:
            known = {step.index: step.key.parts for step in self.keys.steps if not step.key.unknown}
            self._without = {
                step.index: frozenset(step.key.unknown)
                for step in keys_of(without_answers(self.record)).steps
                if known.get(step.index) == step.key.parts
            }
        return self._without
