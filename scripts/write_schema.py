"""Writes docs/record.schema.json from the model; `make schema` calls it, a test compares."""

import json
from pathlib import Path

from layerfork.record.store.schema import record_json_schema

TARGET = Path(__file__).parent.parent / "docs" / "record.schema.json"


def schema_text() -> str:
    """The published schema's text."""
    return json.dumps(record_json_schema(), indent=2) + "\n"


if __name__ == "__main__":
    TARGET.write_text(schema_text(), encoding="utf-8")
