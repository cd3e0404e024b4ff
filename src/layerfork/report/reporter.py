"""What an output format is: for each kind of report, a function that makes text of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from layerfork.errors import UsageError
from layerfork.record.visible import visible, visible_but_colors

if TYPE_CHECKING:
    # Names of formats are looked at before anything is known of what they will render.
    from layerfork.record.catalogue import CatalogueReport, ScenarioRow
    from layerfork.record.causepage import CausePage, CauseRow
    from layerfork.record.check import CheckReport
    from layerfork.record.exportedcache import CacheReport
    from layerfork.record.fixing import FixReport
    from layerfork.record.health import DoctorReport
    from layerfork.record.history import HistoryPrediction
    from layerfork.record.listing import ClientRow, EngineRow, StoredRow
    from layerfork.record.prediction import Prediction
    from layerfork.record.report import DiffReport, PlanReport, RecordReport, RunReport
    from layerfork.record.sending import SendingReport
    from layerfork.record.setting import SettingsReport
    from layerfork.record.trap import LintReport
    from layerfork.record.upgrade import UpgradeReport

Theme = Literal["auto", "light", "dark"]


def no_page(code: str) -> "CausePage | None":
    """There is no manual."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How to print: chosen once, at the front door. Formats for programs pass over it."""

    color: bool = False
    width: int | None = None
    """Columns of the terminal; None never wraps the table."""
    verbose: bool = False
    theme: Theme = "auto"
    """Colours of pictures; ``auto`` are those that the viewer's system prefers."""
    root: str = ""
    """Absolute directory that paths for programs are relative to; empty leaves them absolute."""
    page: "Callable[[str], CausePage | None]" = no_page
    """What the manual says about a cause, for formats that bring it along."""


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
    "causes",
    "pages",
    "predictions",
    "histories",
    "caches",
    "settings",
    "scenarios",
    "catalogues",
    "upgrades",
]
"""The kinds of reports, each a field of `Reporter`."""
T = TypeVar("T")
Renderer = Callable[[Sequence[T], Look], str]
"""All reports of one command as one text, which ends in a newline."""


@dataclass(frozen=True, slots=True)
class Late:
    """A renderer whose module is imported when it renders, or when somebody has time for it."""

    module: str
    function: str

    def load(self) -> Renderer[Any]:
        """The renderer itself."""
        loaded: Renderer[Any] = getattr(import_module(self.module), self.function)
        return loaded

    def __call__(self, reports: Sequence[Any], look: Look) -> str:
        return self.load()(reports, look)


def late(module: str, function: str) -> Renderer[Any]:
    """A renderer by its name: names of formats are looked at before a build."""
    return Late(module, function)


def compared(runs: "Renderer[RunReport]", diffs: "Renderer[DiffReport]") -> "Renderer[CheckReport]":
    """A renderer of checks that shows what was compared, with all forks, and no more."""

    def render(reports: "Sequence[CheckReport]", look: Look) -> str:
        measured = [run for report in reports for run in report.all_runs]
        if measured:
            return runs(measured, look)
        return diffs([diff for report in reports for diff in report.all_diffs], look)

    return render


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """One output format. None where it has nothing to say about a kind of report."""

    name: str
    """What to write after ``--format``."""
    runs: "Renderer[RunReport] | None" = None
    """What `run` measured, one report for each engine."""
    plans: "Renderer[PlanReport] | None" = None
    """What `run` would do, one report for each engine."""
    diffs: "Renderer[DiffReport] | None" = None
    """What `diff` and `why` found, one report for each build."""
    checks: "Renderer[CheckReport] | None" = None
    """What `check` found, one report."""
    fixes: "Renderer[FixReport] | None" = None
    """What `fix` proposes, or did, one report for each build."""
    lints: "Renderer[LintReport] | None" = None
    """What `lint` found, one report."""
    doctors: "Renderer[DoctorReport] | None" = None
    """How `doctor` found the machine."""
    sendings: "Renderer[SendingReport] | None" = None
    """What `pack --check` found, one report."""
    records: "Renderer[RecordReport] | None" = None
    """What `show` reads."""
    engines: "Renderer[EngineRow] | None" = None
    clients: "Renderer[ClientRow] | None" = None
    stored: "Renderer[StoredRow] | None" = None
    """The builds that `why` keeps."""
    causes: "Renderer[CauseRow] | None" = None
    """What the manual has pages about."""
    pages: "Renderer[CausePage] | None" = None
    caches: "Renderer[CacheReport] | None" = None
    """What `cache inspect` reads."""
    settings: "Renderer[SettingsReport] | None" = None
    """What is in force, and from where."""
    predictions: "Renderer[Prediction] | None" = None
    """What `predict` says of builds that nobody made yet."""
    histories: "Renderer[HistoryPrediction] | None" = None
    """The same of commits, one after the other."""
    scenarios: "Renderer[ScenarioRow] | None" = None
    catalogues: "Renderer[CatalogueReport] | None" = None
    """What `run --scenario` found."""
    upgrades: "Renderer[UpgradeReport] | None" = None
    """What `report --diff` found, one report."""
    visible: Callable[[str], str] = visible
    """Makes harmless what others put into a report, in the way of the format."""
    colored: tuple[Kind, ...] = ()
    """What it makes of lines that are harmless already, and may have colours."""

    def renders(self, kind: Kind) -> bool:
        """Whether it has something to say about a kind of report."""
        return getattr(self, kind) is not None

    def check(self, kind: Kind) -> None:
        """Raises: UsageError that names the formats which have something to say about such reports."""
        if self.renders(kind):
            return
        from layerfork.report.formats import formats_for

        what = "runs of scenarios" if kind == "catalogues" else kind
        raise UsageError(
            f"there is no output of {what} as {self.name}", f"--format {', '.join(formats_for(kind))}"
        )

    def prepare(self, kind: Kind) -> None:
        """Import what will render such reports: for when there is nothing else to do."""
        renderer = getattr(self, kind)
        if isinstance(renderer, Late):
            renderer.load()

    def render(self, kind: Kind, reports: Sequence[Any], look: Look) -> str:
        """All reports of a command as text. Raises: UsageError when it has nothing to say about them."""
        self.check(kind)
        renderer: Renderer[Any] = getattr(self, kind)
        harmless = visible_but_colors if look.color and kind in self.colored else self.visible
        return harmless(renderer(reports, look))
