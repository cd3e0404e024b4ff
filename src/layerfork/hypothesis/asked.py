"""A build whose definition an engine's frontend made: nothing of it is modelled."""

from collections.abc import Iterator
from dataclasses import replace

from layerfork.hypothesis.lines import Edited
from layerfork.record.change import DefinitionIs
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
