"""The published schema is the model's, and says what its fields mean."""

import json
from dataclasses import dataclass
from pathlib import Path

from layerfork.record.store.schema import field_texts, record_json_schema


@dataclass
class Described:
    """A class of this test."""

    first: int
    """What it is,
    on two lines."""
    second: int = 0

    def method(self) -> None:
        """No field."""


def test_a_field_is_described_by_the_text_below_it() -> None:
    assert field_texts(Described) == {"first": "What it is, on two lines."}


def test_the_published_schema_is_the_models() -> None:
    published = Path(__file__).parents[4] / "docs" / "record.schema.json"
    assert json.loads(published.read_text("utf-8")) == json.loads(json.dumps(record_json_schema()))


def test_the_schema_says_that_identities_are_observed() -> None:
    step = record_json_schema()["$defs"]["StepRecord"]["properties"]
    assert step["identity"]["description"].endswith("Never computed; empty when unknown.")
