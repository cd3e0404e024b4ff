"""What an engine's image history says about a step."""

from layerfork.record.record import BuildRecord, StepRecord


def created_by_of(record: BuildRecord, step: StepRecord) -> str:
    """The history string of the image after a step; empty when nobody asked for it."""
    if step.created_by:
        return step.created_by
    image = record.result.image
    if image is None or not step.identity:
        return ""
    return next((row.created_by for row in image.history if row.image_id == step.identity), "")
