"""What builds of commits would have cost: predictions, one after the other."""

from dataclasses import dataclass

from layerfork.record.baseline import Baseline
from layerfork.record.prediction import Forecast, Prediction, StepPrediction

HISTORY_SCHEMA = "layerfork/predict-git/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitPrediction:
    """The build of one commit after that of the one before it."""

    id: str
    """Hexadecimal, whole."""
    committed_at: int
    """Seconds since 1970."""
    subject: str
    prediction: Prediction | None
    """None when the commit cannot be built, or nothing can be said of it."""
    problem: str = ""
    """Why there is no prediction."""
    unmodelled: tuple[tuple[str, str], ...] = ()
    """Paths that are sent and whose content only a real checkout has, and why; sorted."""

    def count(self, forecast: Forecast) -> int:
        """How many steps are predicted like that."""
        return 0 if self.prediction is None else self.prediction.count(forecast)

    @property
    def is_known(self) -> bool:
        """Whether something is predicted of every step."""
        return self.prediction is not None and not self.count(Forecast.UNKNOWN)

    @property
    def seconds_lost(self) -> float | None:
        """What the steps that miss took; None when no record shows that."""
        return None if self.prediction is None else self.prediction.seconds_lost

    @property
    def first_miss(self) -> StepPrediction | None:
        """The first step that misses for a reason of its own; else the first that misses."""
        steps = () if self.prediction is None else self.prediction.steps
        missed = [step for step in steps if step.prediction is Forecast.MISS]
        return next((step for step in missed if step.causes), missed[0] if missed else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blamed:
    """What made builds slow, over all commits."""

    name: str
    """A path in the context, a line of the Dockerfile, an argument: whatever the first cause names."""
    code: str
    """Of the cause."""
    commits: tuple[str, ...]
    """Ids of those that it made slow."""
    seconds: float | None
    """All together; None when no record shows what the steps take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPrediction:
    """All commits of a range, the oldest first."""

    against: Baseline
    """The recorded build that the first commit is predicted from."""
    wanted: str
    """The range as it was asked for."""
    commits: tuple[CommitPrediction, ...]
    blamed: tuple[Blamed, ...] = ()
    """What made them slow, the costliest first."""
    assumes: tuple[str, ...] = ()
    """What was taken for granted, one line each."""
