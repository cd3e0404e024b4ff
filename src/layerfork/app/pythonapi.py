"""The same questions, asked by programs: the functions of ``import layerfork``."""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass

from layerfork.app.check.checking import CheckOptions, check_command
from layerfork.app.why import Explained, explain_builds
from layerfork.builders.recording.wrap import record_command
from layerfork.errors import UsageError
from layerfork.record.check import CheckReport
from layerfork.record.prediction import Prediction
from layerfork.record.record import BuildRecord

Build = str | os.PathLike[str] | Sequence[str]
"""A directory, or the words of a command."""
say = logging.getLogger("layerfork").info
"""Where messages go that a command would print."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What came of a recorded command."""

    exit_code: int
    """As a shell shows it: 128 and more for a signal."""
    records: tuple[BuildRecord, ...]
    """In the order the builds began."""


def record_program(command: Sequence[str], engine: str) -> Recorded:
    """Raises: LayerforkError."""

    wrapped = record_command(_words(list(command)), engine, say)
    return Recorded(exit_code=wrapped.exit_code, records=wrapped.records)


def why_program(build: Build, engine: str, against: str, store: str) -> Explained:
    """Raises: LayerforkError."""
    return explain_builds(_words(build) if build else (), engine, store, say, against=against)


def check_program(
    build: Build, engine: str, baseline: str, allow: Sequence[str], max_lost_s: float | None
) -> CheckReport:
    """Raises: LayerforkError."""
    options = CheckOptions(
        argv=_words(build), engine=engine, baseline=baseline, allow=tuple(allow), max_lost_s=max_lost_s
    )
    return check_command(options, say).report


def predict_program(
    path: str, against: str, client: str, changed: Sequence[str], store: str
) -> tuple[Prediction, ...]:
    """Raises: LayerforkError."""
    from layerfork.app.predict.nextbuild import PredictOptions  # late: start-up
    from layerfork.app.predict.remembered import predict_builds  # late: start-up

    asked = PredictOptions(changed=tuple(changed))
    return predict_builds(path, asked, against=against, client=client, store_path=store)


def _words(build: Build) -> tuple[str, ...]:
    """A command. Raises: UsageError where nothing is named."""
    words = ("docker", "build", os.fspath(build)) if isinstance(build, str | os.PathLike) else tuple(build)
    if not words or not words[-1]:
        raise UsageError(
            "there is nothing to build", hint='name a directory, or a command: ["make", "image"]'
        )
    return words
