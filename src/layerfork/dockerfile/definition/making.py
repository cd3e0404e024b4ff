"""The operations that BuildKit's frontend makes of one instruction."""

from layerfork.dockerfile.definition.copying import copies
from layerfork.dockerfile.definition.evaluate import Evaluated
from layerfork.dockerfile.definition.operation import InputList, Place, file_operation, owner_in
from layerfork.dockerfile.definition.running import runs
from layerfork.dockerfile.definition.unsure import NotModelledError
from layerfork.record.context import Digest
from layerfork.record.llb import FileAction

UNCONFIGURED = "the configuration of the base image was not recorded"
_DIRECTORY_MODE = 0o755
_FLAGS = {
    "RUN": frozenset({"mount", "network", "security"}),
    "COPY": frozenset({"from", "chown", "chmod", "link", "parents", "exclude"}),
    "ADD": frozenset({"chown", "chmod", "link", "exclude", "checksum", "unpack"}),
    "WORKDIR": frozenset[str](),
}
"""Options that are modelled, of the instructions that need operations."""
_NEEDS_CONFIGURATION = frozenset({"RUN", "WORKDIR"})


def make_operations(evaluated: Evaluated, place: Place) -> Digest | None:
    """What a stage is after an instruction; its operations go to `Place.put`. Raises: NotModelledError."""
    keyword = evaluated.instruction.keyword
    if keyword not in _FLAGS:
        return place.built_on
    unknown = sorted({name for name, _ in evaluated.instruction.flags} - _FLAGS[keyword])
    if unknown:
        raise NotModelledError(f"--{unknown[0]} of {keyword}")
    if evaluated.problem or evaluated.unread:
        raise NotModelledError(evaluated.problem or evaluated.unread)
    if evaluated.assumed:
        names = ", ".join(sorted(evaluated.assumed))
        raise NotModelledError(f"whether the base image sets {names} was not recorded")
    if keyword in _NEEDS_CONFIGURATION and not evaluated.is_configured:
        raise NotModelledError(UNCONFIGURED)
    if keyword == "RUN":
        return runs(evaluated, place)
    return copies(evaluated, place) if keyword in ("COPY", "ADD") else _workdir(evaluated, place)


def _workdir(evaluated: Evaluated, place: Place) -> Digest | None:
    """One directory; nothing at the root.

    Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go:dispatchWorkdir @ v0.11.6 to v0.32.2.
    """
    result = place.built_on
    for fields in evaluated.actions:
        inputs = InputList()
        base = inputs.index(result)
        made = FileAction(
            kind="mkdir",
            input=base,
            output=0,
            mode=_DIRECTORY_MODE,
            make_parents=True,
            **{**fields, "owner": owner_in(str(fields["owner"]), base)},  # type: ignore[arg-type]
        )
        result = place.put(file_operation((made,), inputs))
    return result
