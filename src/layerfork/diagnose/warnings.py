"""What is wrong without being a miss: added steps, contradictions, gaps; and differences that no key
holds."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from layerfork.diagnose.causes.wording import show_value
from layerfork.diagnose.classes import added_steps, is_run, shares_every_step, step_layers
from layerfork.diagnose.compare.differences import Difference, list_differences
from layerfork.diagnose.compare.judgedbuilds import JudgedBuild, names_of
from layerfork.diagnose.compare.stepwalk import Comparison
from layerfork.diagnose.compare.structure import added_platforms, platforms_built
from layerfork.keys.entryparts import LISTS
from layerfork.record.answer import Caution
from layerfork.record.build import Builder
from layerfork.record.cachekey import CacheKey
from layerfork.record.record import Gap, StepRecord, StepStatus


def added_cautions(comparison: Comparison) -> Iterator[Caution]:
    """One for the labels, one for the stages that only the reader's target needs, one for its platforms."""
    reader, writer = comparison.reader, comparison.writer
    added = added_steps(comparison)
    views = comparison.reader_views
    rest = "; every other step is shared" if shares_every_step(comparison) else ""
    if added.labels:
        texts = ", ".join(views[index].step.instruction for index in added.labels)
        place = "a last step" if len(added.labels) == 1 else "last steps"
        yield Caution(
            code="added-label",
            client=reader.client,
            step=added.labels[0],
            text=f"{reader.client} adds {texts} as {place} that {writer.client} does not have{rest}",
        )
    if added.target:
        asked, others = (build.record.request.target or "the last stage" for build in (reader, writer))
        yield Caution(
            code="added-target",
            client=reader.client,
            step=added.target[0],
            text=(
                f"{reader.client} builds {asked}, {writer.client} built only {others}: "
                f"{_steps(added.target)} had nothing to reuse{rest}"
            ),
        )
    if added.platform:
        own = ", ".join(sorted(added_platforms(writer.record, reader.record)))
        others = ", ".join(sorted(platforms_built(writer.record)))
        yield Caution(
            code="added-platform",
            client=reader.client,
            step=added.platform[0],
            text=(
                f"{reader.client} builds for {own} too, {writer.client} built only for {others}: "
                f"{_steps(added.platform)} had nothing to reuse{rest}"
            ),
        )


def _steps(indexes: tuple[int, ...]) -> str:
    return f"step {indexes[0]}" if len(indexes) == 1 else f"steps {', '.join(map(str, indexes))}"


# What a record does not hold, said once for all places that lack the same.

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_SHOWN = len("sha256:") + 12
_MEANINGS = {
    "a step that the definition does not hold": "what its key is made of is not known",
    "its inputs are not those of the definition": "its key is not certain",
}
"""What the gap of a step means for the answer about it."""


def incomplete_records(builds: Iterable[JudgedBuild]) -> Iterator[Caution]:
    """A caution for each kind of gap of each build."""
    for build in builds:
        yield from incomplete_record(build.client, build.record.gaps)


def incomplete_record(client: str, gaps: Sequence[Gap]) -> Iterator[Caution]:
    """A caution for each kind of gap; those that differ by a digest alone are one kind."""
    kinds: dict[tuple[str, str], list[str]] = {}
    for gap in gaps:
        kinds.setdefault((_DIGEST.sub("", gap.where).strip(), gap.what), []).append(gap.where)
    for (subject, what), places in kinds.items():
        meaning = f": {_MEANINGS[what]}" if what in _MEANINGS else ""
        text = f"the record of {client} is incomplete at {_places(places)}: {what}{meaning}"
        yield Caution(code="incomplete-record", client=client, subject=subject, text=text)


def _places(places: Sequence[str]) -> str:
    """The first place, its digest cut, and how many more there are."""
    first = _DIGEST.sub(lambda found: found[0][:_SHOWN], places[0])
    return f"{first} and {len(places) - 1} more" if len(places) > 1 else first


# What differed between two builds and cannot matter.


def list_ruled_out(writer: JudgedBuild, reader: JudgedBuild) -> tuple[str, ...]:
    """One line for each kind of harmless difference."""
    differences = list_differences(
        CacheKey(parts=tuple(writer.keys.ruled_out)), CacheKey(parts=tuple(reader.keys.ruled_out))
    )
    kinds: dict[tuple[str, str], list[Difference]] = defaultdict(list)
    for difference in differences:
        kinds[difference.cause, difference.field].append(difference)
    writer_name, reader_name = names_of(writer, reader)
    lines = []
    for (cause, field), group in kinds.items():
        first = group[0]
        if field in LISTS:
            lines.append(f"{field}: differs between {reader_name} and {writer_name}; no key includes it")
            continue
        place = f" of {first.path}" if first.path else ""
        more = f" (and {len(group) - 1:,} more)" if len(group) > 1 else ""
        lines.append(
            f"{field or cause}{place}: {reader_name} {show_value(first.reader)}, "
            f"{writer_name} {show_value(first.writer)}{more}; no key includes it"
        )
    return tuple(lines)


# Checks what builds claim about reuse against the layers of their images.
#
# A reused step has the layer that another build stored. Where RUN steps write a random value the reverse
# holds too: two builds have the same layer only if one reused the other's.


def layer_contradictions(builds: Sequence[JudgedBuild], *, random_runs: bool = False) -> Iterator[Caution]:
    """One warning for each step whose layer contradicts what the builder reported.

    ``builds`` ran in this order on one cache that was empty before. ``random_runs``: every RUN of this
    Dockerfile writes a value that never comes twice. Builds whose layers cannot be assigned to steps
    (several stages, layers that were left out, no image because the build failed) are skipped, and so
    are later steps that may have reused what they stored.
    """
    stored: dict[tuple[Builder, int, str], JudgedBuild] = {}
    first_by_instruction: dict[tuple[Builder, int, str], set[str]] = {}
    unseen: set[tuple[Builder, int, str]] = set()
    for build in builds:
        builder = build.record.builder
        layers = step_layers(build.record)
        if not layers:
            ran = (step for step in build.record.steps if step.status is not StepStatus.HIT)
            unseen.update((builder, step.index, step.instruction) for step in ran)
        for step, layer in layers:
            place = (builder, step.index, step.instruction)
            earlier = first_by_instruction.setdefault(place, set())
            lost = step.status is StepStatus.HIT and layer not in earlier and place not in unseen
            if earlier and lost:
                yield _caution(build, step, "was reported as reused, but no earlier build stored its layer")
            if random_runs and is_run(step) and step.status is StepStatus.MISS and layer in earlier:
                writer = stored[(builder, step.index, layer)].client
                yield _caution(
                    build, step, f"was reported as run again, but its layer is the one of {writer}"
                )
            earlier.add(layer)
            stored.setdefault((builder, step.index, layer), build)


def _caution(build: JudgedBuild, step: StepRecord, what: str) -> Caution:
    text = f"step {step.index}, {step.instruction}, of {build.client} {what}"
    return Caution(code="contradiction", client=build.client, step=step.index, text=text)


# Warnings about builds whose class is unknown.


def unplaced_caution(reader: JudgedBuild, candidates: Sequence[JudgedBuild]) -> Caution:
    """``candidates`` are builds whose steps the reader may share."""
    lacks = dict.fromkeys(lack for step in reader.keys.steps for lack in step.key.unknown)
    return Caution(
        code="class-unknown",
        client=reader.client,
        text=(
            f"nothing shows whether {reader.client} shares the steps of "
            f"{' or of '.join(build.client for build in candidates)}: "
            f"its record lacks {', '.join(lacks) or 'its steps'}"
        ),
    )
