"""A build as the judge sees it: the facts, the keys computed from them, and its control."""

from dataclasses import dataclass

from layerfork.record.cachekey import BuildKeys
from layerfork.record.record import BuildRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedBuild:
    """One build with everything that is known about it."""

    client: str
    """Client id, or the name of the record; it is what explanations call this build."""
    record: BuildRecord
    keys: BuildKeys
    hypothetical: bool = False
    """It did not happen: nothing in the record is an engine's word about it."""
    control: str = ""
    """``hit`` when a second build by the same client was all hits, ``miss`` when not, empty when none ran."""
    exported_over: tuple[str, ...] = ()
    """Later builds, as texts call them, that exported a cache to where this one had exported its own."""
    definition_from: str = ""
    """The build whose definition stands in for the one that the record did not show, or what else does; empty
    when the definition is the record's own, or nobody's."""
    as_reported: "JudgedBuild | None" = None
    """The same with a definition made of what the engine reported, to be compared with no build but one
    that must have had the same definition. None when that is not needed or not possible."""


def names_of(writer: JudgedBuild, reader: JudgedBuild) -> tuple[str, str]:
    """What texts call the two builds; told apart when one client made both."""
    if writer.client != reader.client:
        return writer.client, reader.client
    return f"{writer.client} (writer)", f"{reader.client} (reader)"
