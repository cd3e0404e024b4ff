"""What our model of the frontend leaves to the engine."""

from dataclasses import replace

from unit.hypothesis.recorded import pair

from layerfork.dockerfile.recorded import dockerfile_of
from layerfork.hypothesis.outside import definition_of
from layerfork.record.engine import ImageFacts, ImageStep


def test_an_image_without_layers_is_left_to_the_engine() -> None:
    """BuildKit takes it for an empty one: no operation fetches it. Measured with 26.1.5."""
    record, _ = pair("buildkit-content")
    dockerfile = dockerfile_of(record)
    assert dockerfile is not None
    only_labelled = (ImageStep(created_by="LABEL a=b", image_id="", empty_layer=True),)
    facts = ImageFacts(image_id="sha256:1", history=only_labelled, diff_ids=())
    made = definition_of(replace(record, base_images=(("alpine", facts),)), dockerfile)
    assert made.unmodelled[1] == "an image without layers"
