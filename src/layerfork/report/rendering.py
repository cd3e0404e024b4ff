"""What a format renders: the kinds of reports, the function for each, and how to print."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypedDict, TypeVar

if TYPE_CHECKING:
    # A command line is read, and its formats are looked up, before any of these is needed.
    from layerfork.record.actionscache import ActionsCacheReport
    from layerfork.record.cause import CausePage, CauseRow
    from layerfork.record.check import CheckReport
    from layerfork.record.context import SendingReport
    from layerfork.record.exportedcache import CacheReport
    from layerfork.record.fixing import FixReport
    from layerfork.record.history import HistoryReport
    from layerfork.record.lint import LintReport
    from layerfork.record.machine import ClientRow, DoctorReport, EngineRow, SettingsReport, StoredRow
    from layerfork.record.prediction import HistoryPrediction, Prediction
    from layerfork.record.run import DiffReport, PlanReport, RecordReport, RunReport
    from layerfork.record.scenarioresults import CatalogueReport, ScenarioRow, UpgradeReport
    from layerfork.record.study import StudyReport

Theme = Literal["auto", "light", "dark"]


def no_page(code: str) -> "CausePage | None":
    """There are no pages about causes."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How to print: chosen once, by the command. Formats for programs ignore it."""

    color: bool = False
    width: int | None = None
    """Columns of the terminal; None never wraps the table."""
    verbose: bool = False
    theme: Theme = "auto"
    """Colours of pictures; ``auto`` are those that the viewer's system prefers."""
    root: str = ""
    """Absolute directory that paths for programs are relative to; empty leaves them absolute."""
    page: "Callable[[str], CausePage | None]" = no_page
    """The page about a cause, for formats that include it."""


T = TypeVar("T")
Renderer = Callable[[Sequence[T], Look], str]
"""All reports of one command as one text, which ends in a newline."""

Kind = Literal[
    "runs",
    "plans",
    "diffs",
    "checks",
    "fixes",
    "lints",
    "doctors",
    "sendings",
    "records",
    "engines",
    "clients",
    "stored",
    "found",
    "causes",
    "pages",
    "predictions",
    "histories",
    "studies",
    "caches",
    "actions_caches",
    "settings",
    "scenarios",
    "catalogues",
    "upgrades",
]
"""The kinds of reports."""


class Renderers(TypedDict, total=False):
    """The functions of one format, by kind: ``RENDERERS`` of its module. A kind is left out where the format
    is not available for it."""

    runs: "Renderer[RunReport]"
    """What `run` measured, one report for each engine."""
    plans: "Renderer[PlanReport]"
    """What `run` would do, one report for each engine."""
    diffs: "Renderer[DiffReport]"
    """What `diff` and `why` found, one report for each build."""
    checks: "Renderer[CheckReport]"
    """What `check` found, one report."""
    fixes: "Renderer[FixReport]"
    """What `fix` proposes, or did, one report for each build."""
    lints: "Renderer[LintReport]"
    """What `lint` found, one report."""
    doctors: "Renderer[DoctorReport]"
    """How `doctor` found the machine."""
    sendings: "Renderer[SendingReport]"
    """What `pack --check` found, one report."""
    records: "Renderer[RecordReport]"
    """What `show` reads."""
    engines: "Renderer[EngineRow]"
    clients: "Renderer[ClientRow]"
    stored: "Renderer[StoredRow]"
    """The builds that `why` keeps."""
    found: "Renderer[HistoryReport]"
    """What `history` lists, one report."""
    causes: "Renderer[CauseRow]"
    """What `explain` has pages about."""
    pages: "Renderer[CausePage]"
    predictions: "Renderer[Prediction]"
    """What `predict` says about builds that have not happened."""
    histories: "Renderer[HistoryPrediction]"
    """The same for commits, one after the other."""
    studies: "Renderer[StudyReport]"
    """What `history --predict` says about a repository, one report."""
    caches: "Renderer[CacheReport]"
    """What `cache inspect` reads."""
    actions_caches: "Renderer[ActionsCacheReport]"
    """What `cache github` reads, one report."""
    settings: "Renderer[SettingsReport]"
    """The settings in force, and where each comes from."""
    scenarios: "Renderer[ScenarioRow]"
    catalogues: "Renderer[CatalogueReport]"
    """What `run --scenario` found."""
    upgrades: "Renderer[UpgradeReport]"
    """What `report --diff` found, one report."""


def compared(runs: "Renderer[RunReport]", diffs: "Renderer[DiffReport]") -> "Renderer[CheckReport]":
    """A renderer of checks that shows the runs or builds that were compared, with all forks, and no more."""

    def render(reports: "Sequence[CheckReport]", look: Look) -> str:
        measured = [run for report in reports for run in report.all_runs]
        if measured:
            return runs(measured, look)
        return diffs([diff for report in reports for diff in report.all_diffs], look)

    return render
