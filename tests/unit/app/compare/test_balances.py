"""The times of reused steps are found where the steps were built, however many builds ago."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from unit.app.compare.test_baseline import record

from layerfork.app.compare.balances import balance_with
from layerfork.app.compare.baseline import explain_recorded
from layerfork.errors import LayerforkError
from layerfork.record.balance import Balance
from layerfork.record.context import Digest
from layerfork.record.record import BuildRecord, StepStatus, Vertex
from layerfork.record.store.recordfile import stored
from layerfork.record.store.store import RecordStore
from layerfork.record.store.summary import read_summaries

IMPORT = Vertex(
    digest=Digest("sha256:" + "1" * 64),
    name="importing cache manifest from r/app",
    started_s=0.0,
    completed_s=0.5,
    internal=True,
)


def made(
    second: int, *runs: str, reused: int = 0, took: Sequence[float] = (), importing: bool = False
) -> BuildRecord:
    """A build that reused its first steps, and built the others one after the other, in so many seconds."""
    plain = record(second, *runs)
    times = [0.0] * reused + [*took, *[1.0] * (len(runs) - reused - len(took))]
    steps = [replace(plain.steps[0], status=StepStatus.HIT)]
    for number, (step, seconds) in enumerate(zip(plain.steps[1:], times, strict=True)):
        status = StepStatus.HIT if number < reused else StepStatus.MISS
        steps.append(replace(step, status=status, started_s=10.0 + sum(times[:number]), seconds=seconds))
    return replace(plain, steps=tuple(steps), vertices=(IMPORT,) if importing else ())


def explained(directory: Path, *builds: BuildRecord) -> list[Balance | None]:
    """The balances of builds that were made one after the other, each by a command of its own."""
    losses: list[LayerforkError] = []
    store = RecordStore(directory=directory)
    store.prepare()
    found = [explain_recorded((each,), store, (), losses)[0].balance for each in builds]
    assert not losses
    return found


def facts(balance: Balance | None) -> tuple[int, int, float | None]:
    assert balance is not None
    return balance.reused, balance.untimed, balance.saved_s


def test_a_step_costs_what_it_took_when_it_was_built_last(tmp_path: Path) -> None:
    balances = explained(
        tmp_path,
        made(1, "a", "b", "c", took=(10, 20, 30)),
        made(2, "a", "b", "d", reused=2, took=(5,)),
        made(3, "a", "b", "d", reused=3, importing=True),
        made(4, "a", "e", reused=1, took=(3,), importing=True),
        made(5, "a", "e", took=(11, 4), importing=True),
        made(6, "a", "e", reused=2, importing=True),
    )
    assert balances[:2] == [None, None]
    assert [facts(each) for each in balances[2:]] == [(3, 0, 35.0), (1, 0, 10.0), (0, 0, 0.0), (2, 0, 15.0)]


def test_a_step_that_no_known_build_built_is_unknown(tmp_path: Path) -> None:
    (first, second) = explained(
        tmp_path,
        made(1, "a", "b", reused=1, took=(7,), importing=True),
        made(2, "a", "b", reused=2, importing=True),
    )
    assert facts(first) == (1, 1, None)
    assert facts(second) == (2, 1, 7.0)


def test_summaries_of_before_say_nothing(tmp_path: Path) -> None:
    explained(tmp_path, made(1, "a", took=(9,)))
    (known,) = read_summaries(tmp_path)
    path = known.path.with_name(known.path.name + ".summary")
    assert b'"took":[[2,10.0,9' in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(b'"took"', b'"other"'))
    (balance,) = explained(tmp_path, made(2, "a", reused=1, importing=True))
    assert facts(balance) == (1, 1, None)


def test_of_files_the_first_source_that_built_a_step_counts() -> None:
    reader = stored(made(9, "a", "b", reused=2, importing=True))
    newest = stored(made(3, "a", "x", took=(4, 1)))
    oldest = stored(made(1, "a", "b", took=(100, 50)))
    assert facts(balance_with(reader, (newest, oldest))) == (2, 0, 54.0)
    assert facts(balance_with(reader, ())) == (2, 2, None)
    assert balance_with(oldest, (newest,)) is None
