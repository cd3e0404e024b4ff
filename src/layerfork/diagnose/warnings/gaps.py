"""What a record does not hold, said once for all places that lack the same."""

import re
from collections.abc import Iterator, Sequence

from layerfork.record.judgement import Caution
from layerfork.record.record import Gap

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_SHOWN = len("sha256:") + 12
_MEANINGS = {
    "a step that the definition does not hold": "what its key is made of is not known",
    "its inputs are not those of the definition": "its key is not certain",
}
"""What a gap of one step means for what is said of it."""


def incomplete_record(client: str, gaps: Sequence[Gap]) -> Iterator[Caution]:
    """A caution for each kind of gap; those that differ by a digest alone are one kind."""
    kinds: dict[tuple[str, str], list[str]] = {}
    for gap in gaps:
        kinds.setdefault((_DIGEST.sub("", gap.where).strip(), gap.what), []).append(gap.where)
    for (_, what), places in kinds.items():
        meaning = f": {_MEANINGS[what]}" if what in _MEANINGS else ""
        text = f"the record of {client} is incomplete at {_places(places)}: {what}{meaning}"
        yield Caution(code="incomplete-record", client=client, text=text)


def _places(places: Sequence[str]) -> str:
    """The first one, with a digest as short as people need it, and how many more there are."""
    first = _DIGEST.sub(lambda found: found[0][:_SHOWN], places[0])
    return f"{first} and {len(places) - 1} more" if len(places) > 1 else first
