"""Podman's stages that wait for each other, read one line after another."""

from collections.abc import Iterable

import pytest

from layerfork.wire.posted.answerbody import StepLog
from layerfork.wire.printed.logs import read_output
from layerfork.wire.printed.podmanoutput import PodmanLog

ID = "0123456789abcdef" * 4
WAITING = (
    "[1/2] STEP 1/2: FROM x AS one",
    "[1/2] STEP 2/2: RUN a",
    "--> 111111111111",
    "[2/2] STEP 1/3: FROM x",
    "[2/2] STEP 2/3: COPY --from=one /a /b",
    "--> 222222222222",
    "[2/2] STEP 3/3: RUN --mount=type=bind,from=one,target=/m c",
    "[2/2] COMMIT t",
    "--> 333333333333",
    ID,
)


def read(lines: Iterable[str], *, layers: bool = True) -> list[tuple[int, str, str, str]]:
    log = PodmanLog(layers=layers)
    for second, line in enumerate(lines):
        log.line(line, float(second))
    log.finish(99.0)
    return [(step.stage, step.stage_name, step.status.value, step.identity) for step in log.steps]


def test_stages_one_after_the_other() -> None:
    assert read(WAITING) == [
        (0, "one", "hit", ""),
        (0, "one", "miss", "111111111111"),
        (1, "", "hit", ""),
        (1, "", "miss", "222222222222"),
        (1, "", "miss", "333333333333"),
    ]


def test_a_build_without_layers_ran_every_step_that_it_committed() -> None:
    lines = [line for line in WAITING if not line.startswith("--> 1") and not line.startswith("--> 2")]
    assert [status for _, _, status, _ in read(lines, layers=False)] == ["hit", "miss", "hit", "miss", "miss"]


def test_a_mount_of_a_stage_lets_that_stage_go_on() -> None:
    lines = (
        "[2/2] STEP 1/2: FROM x",
        "[2/2] STEP 2/2: RUN --mount=from=one,target=/m c",
        "[1/2] STEP 1/1: FROM y AS one",
        "--> 111111111111",
        f"--> Using cache {ID}",
        f"--> {ID[:12]}",
    )
    assert read(lines) == [
        (1, "", "hit", ""),
        (0, "one", "hit", "111111111111"),
        (1, "", "hit", f"sha256:{ID}"),
    ]


def test_steps_of_an_output_are_in_the_dockerfiles_order() -> None:
    lines = (
        "[2/2] STEP 1/2: FROM x",
        "[2/2] STEP 2/2: COPY --from=0 a b",
        "[1/2] STEP 1/1: FROM y",
        "--> 111111111111",
    )
    build = read_output("\n".join(lines), "", layers=True)
    assert [(step.index, step.stage) for step in build.steps] == [(1, 0), (2, 1), (3, 1)]


@pytest.mark.parametrize("line", ["[2/2] STEP 1/1: FROM z", "STEP 4/4: RUN b", "STEP 2/2: RUN b"])
def test_a_step_that_cannot_come_now_is_a_commands_output(line: str) -> None:
    assert len(read(("STEP 1/3: FROM x", "STEP 2/3: RUN a", line))) == 2


@pytest.mark.parametrize(("first", "count"), [("Step 1/2 : FROM x", 1), ("STEP 1/2: FROM x", 1), ("text", 0)])
def test_the_first_step_tells_whose_log_it_is(first: str, count: int) -> None:
    log = StepLog()
    log.line(first, 0.0)
    log.line("more", 1.0)
    log.finish(2.0)
    assert (len(log.steps), log.image_id) == (count, "")
