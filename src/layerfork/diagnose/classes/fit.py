"""Whether a build belongs to the class of another: for certain, perhaps, or not."""

from enum import Enum

from layerfork.diagnose.classes.added import added_steps
from layerfork.diagnose.classes.imagelayers import is_run, layers_by_step
from layerfork.diagnose.compare.comparison import Comparison
from layerfork.diagnose.compare.steps import StepView
from layerfork.record.build import Builder
from layerfork.record.record import StepStatus


class Fit(Enum):
    """What the evidence says about two builds."""

    SHARED = "shared"
    """Every step has one key in both, or one image id, or they have layers that nobody makes twice."""
    OPEN = "open"
    """Nothing speaks against it, but keys that would show it are not known."""
    RULED_OUT = "ruled-out"


def fit_of(comparison: Comparison, *, random_runs: bool = False) -> Fit:
    """Judge by keys and image ids where they are known, by the layers of the images where they are not.

    ``random_runs``: every RUN of the Dockerfile writes a value that never comes twice.
    """
    if not shares_every_step(comparison):
        return Fit.RULED_OUT
    doubtful = doubtful_steps(comparison)
    if doubtful == () and comparison.reader_views:
        return Fit.SHARED
    if _has_other_layers(comparison):
        return Fit.RULED_OUT
    witness = _last_unique_layer(comparison) if random_runs else 0
    return Fit.SHARED if doubtful and witness >= doubtful[-1] else Fit.OPEN


def shares_every_step(comparison: Comparison) -> bool:
    """The reader missed nothing that the writer has; what only the reader was asked for does not count."""
    added = added_steps(comparison).steps
    missing = {index for index in comparison.unshared - added if not comparison.reader_views[index].neutral}
    return not (missing or any(site.step not in added for site in comparison.sites))


def doubtful_steps(comparison: Comparison) -> tuple[int, ...]:
    """Steps that count as shared only because their keys are not known, in step order.

    A FROM does not count: what builds on it tells images apart.
    """
    return tuple(
        index
        for index, view in comparison.reader_views.items()
        if index not in comparison.unshared
        and not (view.neutral or view.always_runs)
        and not _is_known(comparison, view)
    )


def _is_known(comparison: Comparison, view: StepView) -> bool:
    writer = comparison.alignment.writer_of.get(view.index)
    writers = comparison.writer_views.get(writer) if writer is not None else None
    if writers is None:
        return not view.key.unknown
    if comparison.reader.record.builder is Builder.CLASSIC and view.image and view.image == writers.image:
        return True
    return not (view.key.unknown or writers.key.unknown)


def _has_other_layers(comparison: Comparison) -> bool:
    """A step of the reader was reused, and what it reused is not what the writer has at that step."""
    writer, others = layers_by_step(comparison.writer.record), layers_by_step(comparison.reader.record)
    pairs = comparison.alignment.writer_of
    return any(
        comparison.reader_views[index].step.status is StepStatus.HIT
        and pairs.get(index) in writer
        and writer[pairs[index]] != layer
        for index, layer in others.items()
    )


def _last_unique_layer(comparison: Comparison) -> int:
    """The last RUN whose layer both images have: nobody can have made it twice. 0 when there is none."""
    writer, others = layers_by_step(comparison.writer.record), layers_by_step(comparison.reader.record)
    pairs = comparison.alignment.writer_of
    found = (
        index
        for index, layer in others.items()
        if is_run(comparison.reader_views[index].step) and writer.get(pairs.get(index, 0)) == layer
    )
    return max(found, default=0)
