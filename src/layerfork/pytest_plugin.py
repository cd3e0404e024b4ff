"""pytest plugin: tests that fail when one build client does not reuse what another one stored.

    def test_compose_shares_the_cache(layerfork):
        layerfork.assert_reuses("docker-compose-build", after="docker-build", context="app")

pytest imports this with every start, so nothing else of layerfork is imported before a test builds.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from layerfork.record.check import CheckReport
    from layerfork.record.scenario import RunOptions

ENGINE_HELP = "Engine of tests that use layerfork, as `layerfork run --engine` names it (default: as there)."
MISSING_HELP = "What such a test does where no engine comes up: fail (the default) or skip."
MARKER = (
    "layerfork(engine=NAME, load=ARCHIVES): a test that uses the fixture layerfork, which has this marker by "
    "itself; another engine for it, and images for a private one"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the command line, and the same in pytest's configuration."""
    group = parser.getgroup("layerfork")
    group.addoption("--layerfork-engine", metavar="NAME", help=ENGINE_HELP)
    group.addoption("--layerfork-no-engine", choices=("fail", "skip"), help=MISSING_HELP)
    parser.addini("layerfork_engine", ENGINE_HELP, default="")
    parser.addini("layerfork_no_engine", MISSING_HELP, default="fail")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, and refuse a wrong setting before any test."""
    config.addinivalue_line("markers", MARKER)
    if (policy := _without_engine(config)) not in ("fail", "skip"):
        raise pytest.UsageError(f"layerfork_no_engine is fail or skip, not {policy!r}")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Whoever uses the fixture has the marker: ``-m "not layerfork"`` leaves these tests out."""
    if "layerfork" in getattr(item, "fixturenames", ()) and not item.get_closest_marker("layerfork"):
        item.add_marker("layerfork")


@pytest.fixture
def layerfork(request: pytest.FixtureRequest) -> "Layerfork":
    """Builds with real clients on a real engine, and says whether they share one cache."""
    marker = request.node.get_closest_marker("layerfork")
    given = dict(marker.kwargs) if marker else {}
    config = request.config
    found = Layerfork(
        root=config.rootpath,
        engine=given.pop("engine", "") or _engine(config),
        load=given.pop("load", ()),
        skips=_without_engine(config) == "skip",
        turns=_turns(request),
    )
    if given:
        pytest.fail(f"the marker layerfork knows engine and load, not {', '.join(given)}", pytrace=False)
    return found


def _engine(config: pytest.Config) -> str:
    """The command line's, else that of the variable which all commands read, else the configuration's."""
    variable = os.environ.get("LAYERFORK_ENGINE", "")
    return str(config.getoption("--layerfork-engine") or variable or config.getini("layerfork_engine"))


def _without_engine(config: pytest.Config) -> str:
    return str(config.getoption("--layerfork-no-engine") or config.getini("layerfork_no_engine"))


def _turns(request: pytest.FixtureRequest) -> Path | None:
    """A file of the run that the workers of pytest-xdist share; None where there is one worker."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return None
    factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
    return factory.getbasetemp().parent / "layerfork.lock"


class Layerfork:
    """What the fixture ``layerfork`` gives."""

    def __init__(
        self,
        *,
        root: Path,
        engine: str,
        load: Sequence[str | os.PathLike[str]],
        skips: bool,
        turns: Path | None,
    ) -> None:
        """Relative paths start from ``root``; ``load`` are image archives for an engine of layerfork's own;
        ``skips`` says that a test is skipped where no engine comes up; ``turns`` is a file that other workers
        lock as well."""
        self._root = root
        self.engine = engine
        """As `layerfork run --engine` names it; empty is the one that `run` takes."""
        self._load = tuple(str(root / each) for each in load)
        self._skips = skips
        self._turns = turns

    def assert_reuses(
        self,
        client: str,
        *,
        after: str,
        context: "str | os.PathLike[str]" = ".",
        dockerfile: str = "",
        target: str = "",
        build_args: "Mapping[str, str] | None" = None,
        builder: str = "",
        allow: Sequence[str] = (),
    ) -> None:
        """Build ``context`` with ``after``, then with ``client``, on a clean cache where the engine is ours.

        The test fails with the answer of ``layerfork check`` unless both used one cache for every step, and
        would again; it also fails when that is unknown. ``client`` and ``after`` are ids of ``layerfork
        clients``, ``builder`` is classic, buildkit or empty, which leaves it to them. ``allow`` has causes,
        lines and steps that may differ, as of ``layerfork check --allow``. ``context`` starts from pytest's
        root directory.
        """
        __tracebackhide__ = True
        from layerfork.errors import (  # late: pytest imports this file in every start
            EngineError,
            LayerforkError,
        )
        from layerfork.record.build import Builder  # late: pytest imports this file in every start
        from layerfork.record.scenario import RunOptions  # late: pytest imports this file in every start

        if builder and builder not in [each.value for each in Builder]:
            pytest.fail(f"layerfork: there is no builder {builder!r}: classic, buildkit or buildah")
        options = RunOptions(
            path=str(self._root / context),
            dockerfile=dockerfile,
            target=target,
            build_args=tuple((build_args or {}).items()),
            clients=(after, client),
            engines=(self.engine,) if self.engine else (),
            builder=Builder(builder) if builder else None,
            load=self._load,
        )
        problem = ""
        try:
            report = self._checked(options, allow)
        except LayerforkError as error:
            if self._skips and isinstance(error, EngineError):
                pytest.skip(f"layerfork: {error.message}")
            problem = f"layerfork: {error}"
        else:
            if not report.passed:
                problem = f"{client} does not reuse what {after} stored\n\n{_text(report)}"
        if problem:
            pytest.fail(problem)

    def _checked(self, options: "RunOptions", allow: Sequence[str]) -> "CheckReport":
        """Raises: LayerforkError; KeyboardInterrupt when that ended the builds."""
        from layerfork.app.check.clientsharing import (  # late: pytest imports this file in every start
            check_clients,  # late: pytest imports this file in every start
        )
        from layerfork.app.machine import is_shared  # late: pytest imports this file in every start
        from layerfork.errors import ExitCode  # late: pytest imports this file in every start
        from layerfork.report.progress import progress  # late: pytest imports this file in every start

        turns = self._turns if is_shared(options.engines) else None
        with _alone(turns), progress(live=False, color=False) as listener:
            checked = check_clients(options, allow, None, listener)
        if checked.exit_code == ExitCode.INTERRUPTED:
            raise KeyboardInterrupt
        return checked.report


@contextlib.contextmanager
def _alone(turns: Path | None) -> Iterator[None]:
    """Workers take turns on an engine that they share: builds at the same time would find, or miss, what
    another one is about to store."""
    if turns is None:
        yield
        return

    with turns.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _text(report: "CheckReport") -> str:
    from layerfork.report.formats import TEXT  # late: pytest imports this file in every start
    from layerfork.report.rendering import Look  # late: pytest imports this file in every start

    return TEXT.render("checks", [report], Look()).rstrip("\n")
