"""Warnings about steps that the reader was asked for and the writer was not."""

from collections.abc import Iterator

from layerfork.diagnose.classes.added import added_steps
from layerfork.diagnose.classes.fit import shares_every_step
from layerfork.diagnose.compare.comparison import Comparison
from layerfork.diagnose.matching.branches import added_platforms, platforms_built
from layerfork.record.judgement import Caution


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
