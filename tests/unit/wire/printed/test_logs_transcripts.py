"""What podman and buildah print in a build becomes steps, in every version that Debian has."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerfork.record.record import StepStatus
from layerfork.wire.printed.logs import PrintedBuild, read_output

TRANSCRIPTS = Path(__file__).parents[3] / "transcripts"
PODMANS = ("3.0.1", "4.3.1", "5.4.2", "5.8.6")
ID = "0123456789abcdef" * 4
OTHER = "fedcba9876543210" * 4
HIT, MISS, UNKNOWN = StepStatus.HIT, StepStatus.MISS, StepStatus.UNKNOWN

every_podman = pytest.mark.parametrize("version", PODMANS)


def read(name: str, *, layers: bool = True) -> PrintedBuild:
    text = (TRANSCRIPTS / f"output-{name}.txt").read_text(encoding="utf-8")
    stdout, _, stderr = text.partition("\n----- stderr\n")
    return read_output(stdout + "\n", stderr, layers=layers)


def statuses(build: PrintedBuild) -> list[StepStatus]:
    return [step.status for step in build.steps]


def words(build: PrintedBuild) -> list[str]:
    return [step.instruction.split()[0] for step in build.steps]


@every_podman
def test_first_build_misses_every_step_but_from(version: str) -> None:
    build = read(f"podman-{version}-stages")
    assert build.whole
    assert build.image_id.startswith("sha256:")
    assert [step.status for step in build.steps if step.instruction.startswith("FROM")] == [HIT] * (
        3 if version == "3.0.1" else 2
    )
    others = [step for step in build.steps if not step.instruction.startswith("FROM")]
    assert {step.status for step in others} == {MISS}
    assert all(step.identity for step in others)
    assert build.image_id.removeprefix("sha256:").startswith(build.steps[-1].identity)


@every_podman
def test_second_build_hits_every_step_with_full_ids(version: str) -> None:
    first, second = read(f"podman-{version}-stages"), read(f"podman-{version}-stages-cached")
    assert {step.status for step in second.steps} == {HIT}
    assert second.image_id == first.image_id
    for before, after in zip(first.steps, second.steps, strict=True):
        assert (before.instruction, before.stage, before.index) == (
            after.instruction,
            after.stage,
            after.index,
        )
        if before.identity:
            assert len(after.identity) == len("sha256:") + 64
            assert after.identity.removeprefix("sha256:").startswith(before.identity)


@pytest.mark.parametrize("version", PODMANS[1:])
def test_stage_that_nobody_needs_is_left_out_and_the_next_keeps_its_number(version: str) -> None:
    build = read(f"podman-{version}-stages")
    assert words(build) == ["FROM", "ENV", "RUN", "FROM", "LABEL", "COPY", "CMD"]
    assert [step.stage for step in build.steps] == [0, 0, 0, 2, 2, 2, 2]
    assert [step.stage_name for step in build.steps] == ["one"] * 3 + [""] * 4


def test_old_podman_numbers_on_and_builds_every_stage() -> None:
    build = read("podman-3.0.1-stages")
    assert [step.stage for step in build.steps] == [0, 0, 0, 1, 1, 2, 2, 2, 2]
    assert [step.stage_name for step in build.steps] == ["one"] * 3 + ["unused"] * 2 + [""] * 4
    assert "COMMIT" not in words(build)


@pytest.mark.parametrize("version", ["1.19.6", "1.39.3"])
def test_build_without_layers_runs_every_step_and_knows_the_last_image_only(version: str) -> None:
    build = read(f"buildah-{version}-stages", layers=False)
    assert {step.status for step in build.steps if not step.instruction.startswith("FROM")} == {MISS}
    assert [bool(step.identity) for step in build.steps] == [False] * (len(build.steps) - 1) + [True]
    assert build.image_id.removeprefix("sha256:").startswith(build.steps[-1].identity)


@pytest.mark.parametrize(
    ("name", "layers", "last"),
    [
        *((f"podman-{version}-run-fails", True, "RUN echo hi; false") for version in PODMANS),
        *((f"podman-{version}-copy-missing", True, "COPY nothere /") for version in PODMANS),
        ("buildah-1.19.6-run-fails", False, "RUN echo hi; false"),
        ("buildah-1.39.3-run-fails", False, "RUN echo hi; false"),
    ],
)
def test_failed_step_is_the_last_and_has_the_builders_words(name: str, layers: bool, last: str) -> None:
    build = read(name, layers=layers)
    assert build.image_id == ""
    assert build.steps[-1].instruction == last
    assert build.steps[-1].status is MISS
    assert build.steps[-1].error == build.error
    assert f'building at STEP "{last}"' in build.error
    assert not any(step.error for step in build.steps[:-1])


@every_podman
def test_base_image_that_is_not_there_is_neither_hit_nor_miss(version: str) -> None:
    build = read(f"podman-{version}-no-base")
    assert statuses(build) == [UNKNOWN]
    assert "nosuch" in build.error


def test_commands_that_print_like_the_builder_fool_nobody() -> None:
    cached = read("podman-5.4.2-imitated")
    assert words(cached) == ["FROM", "RUN", "RUN", "RUN"]
    assert statuses(cached) == [HIT, MISS, MISS, MISS]
    assert cached.steps[-1].instruction == "RUN true"
    uncached = read("buildah-1.39.3-imitated", layers=False)
    assert words(uncached) == ["FROM", "RUN", "RUN", "RUN"]
    assert statuses(uncached) == [HIT, MISS, MISS, MISS]


def test_output_that_lost_its_beginning_says_so() -> None:
    build = read_output(
        f"cut off\nSTEP 3/3: RUN a\n--> Using cache {ID}\nCOMMIT x\n--> {ID[:12]}\n{ID}\n", "", layers=True
    )
    assert not build.whole
    assert statuses(build) == [HIT]


def test_output_that_ends_in_the_middle_knows_nothing_of_the_last_step() -> None:
    build = read_output(
        f"STEP 1/3: FROM a\nSTEP 2/3: RUN b\n--> {ID[:12]}\nSTEP 3/3: RUN c\n", "", layers=True
    )
    assert statuses(build) == [HIT, MISS, UNKNOWN]
    assert build.image_id == build.error == ""


def test_output_of_something_else_has_no_steps() -> None:
    build = read_output("hello\n--> abcdef123456\nCOMMIT\n" + ID, "Error: no such file\n", layers=True)
    assert build.steps == ()
    assert build.error == "no such file"


def test_cached_id_that_the_step_did_not_get_is_no_hit() -> None:
    text = f"STEP 1/2: FROM a\nSTEP 2/2: RUN b\n--> Using cache {OTHER}\nCOMMIT t\n--> {ID[:12]}\n{ID}\n"
    build = read_output(text, "", layers=True)
    assert statuses(build) == [HIT, MISS]
    assert build.steps[1].identity == ID[:12]


@given(
    st.lists(
        st.sampled_from(
            [
                "STEP 1/2: FROM a",
                "STEP 2/2: RUN b",
                "STEP 2: COMMIT x",
                "[1/2] STEP 1/1: FROM a AS b",
                "COMMIT x",
                f"--> Using cache {ID}",
                f"--> {ID[:12]}",
                ID,
                "",
                "text",
                "STEP 9/2: RUN x",
                "Error: no",
            ]
        )
    ),
    st.booleans(),
)
def test_any_order_of_lines_is_read_and_numbered_through(lines: list[str], layers: bool) -> None:
    build = read_output("\n".join(lines), "\n".join(lines), layers=layers)
    assert [step.index for step in build.steps] == list(range(1, len(build.steps) + 1))
    assert all(step.stage >= 0 for step in build.steps)
    if not layers:
        assert all(step.status is not HIT or step.instruction.startswith("FROM") for step in build.steps)
