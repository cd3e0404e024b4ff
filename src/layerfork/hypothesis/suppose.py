"""Applies changes to a record: the hypothetical record that comes of them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from layerfork.hypothesis import request
from layerfork.hypothesis.asked import with_definition
from layerfork.hypothesis.context import with_entries, with_patterns, with_transport
from layerfork.hypothesis.frontend import run_again
from layerfork.hypothesis.lines import edit
from layerfork.hypothesis.steps import named_images, with_lines, without_answers
from layerfork.hypothesis.target import stages_to_build
from layerfork.record.build import Builder
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
from layerfork.record.record import BuildRecord

_APPLY: Mapping[type, Callable[[BuildRecord, Any], BuildRecord]] = {
    PatternsAre: with_patterns,
    TransportIs: with_transport,
    BuildArgIs: request.with_build_arg,
    LabelsAre: request.with_labels,
    BaseImageIs: request.with_base_image,
    RequestIs: request.with_request,
    OptionIs: request.with_option,
    EngineIs: request.with_engine,
    SourceIs: request.with_source,
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
    """Steps of which nobody can say what the builder would make, by index in this record: why not. What
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
