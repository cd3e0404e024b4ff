"""Warnings about builds whose class nobody can know."""

from collections.abc import Sequence

from layerfork.diagnose.compare.builds import JudgedBuild
from layerfork.record.judgement import Caution


def unplaced_caution(reader: JudgedBuild, candidates: Sequence[JudgedBuild]) -> Caution:
    """``candidates`` are builds whose steps the reader may share."""
    lacks = dict.fromkeys(lack for step in reader.keys.steps for lack in step.key.unknown)
    return Caution(
        code="class-unknown",
        client=reader.client,
        text=(
            f"nothing shows whether {reader.client} shares the steps of "
            f"{' or of '.join(build.client for build in candidates)}: "
            f"its record lacks {', '.join(lacks) or 'its steps'}"
        ),
    )
