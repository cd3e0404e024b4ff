"""Whether what one step writes can be among what another one reads of its stage."""

from layerfork.diagnose.compare.copied import clean_path, copied_sources
from layerfork.dockerfile.recorded import printed_instruction
from layerfork.record.record import StepRecord


def writes_beside(step: StepRecord, reader: StepRecord) -> bool:
    """The step puts files at one place, and a later ``COPY --from`` reads others; False when in doubt.

    Only places that both texts name whole count. A link that leads from one to the other is not seen.
    """
    written = printed_instruction(step.instruction)
    if written is None or written.keyword not in ("COPY", "ADD", "WORKDIR") or not written.arguments:
        return False
    place, sources = written.arguments[-1].strip("[]"), copied_sources(reader.instruction)
    if not place.startswith("/") or "$" in place or not sources:
        return False
    return not any(_meet(clean_path(place), source) for source in sources)


def _meet(place: str, source: str) -> bool:
    if source == "." or not place or set("*?[$") & set(source):
        return True
    return f"{place}/".startswith(f"{source}/") or f"{source}/".startswith(f"{place}/")
