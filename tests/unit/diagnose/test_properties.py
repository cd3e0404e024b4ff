"""What holds for any two builds."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from unit.diagnose.makers import Cache, Line, build, entry_parts, from_line, part

from layerfork.diagnose import JudgedBuild, explain_pair, judge_relay
from layerfork.record.answer import CauseStatus, Verdict
from layerfork.record.build import Builder
from layerfork.record.record import StepStatus

ATTRIBUTES = st.sampled_from(["entry_name", "mode", "uid", "gid", "content"])
PATHS = ("a", "d/b", "d/c")
BUILDERS = st.sampled_from([Builder.CLASSIC, Builder.BUILDKIT])


@st.composite
def dockerfiles(draw: st.DrawFn) -> tuple[Line, ...]:
    """One or two stages of RUN and COPY lines."""
    made: list[Line] = []
    for stage in range(draw(st.integers(1, 2))):
        made.append(from_line(digest_of=f"base {stage}", stage=stage, stage_name=f"s{stage}"))
        for number in range(draw(st.integers(1, 4))):
            path = draw(st.sampled_from(PATHS))
            line = draw(
                st.sampled_from(
                    [
                        Line(text=f"RUN {stage} {number}"),
                        Line(text=f"COPY {path} /{number}", parts=entry_parts(path)),
                        Line(text="RUN x", parts=(part("build-arg", "1", "FOO"),)),
                    ]
                )
            )
            made.append(replace(line, stage=stage, stage_name=f"s{stage}"))
        made.append(Line(text="RUN last", stage=stage, stage_name=f"s{stage}"))
    return tuple(made)


@st.composite
def changed(draw: st.DrawFn, lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """The lines with some removed, added, moved, or with another value in a key part.

    The last line of each stage stays, so that every change shows at some later step.
    """
    result = list(lines)
    for _ in range(draw(st.integers(1, 3))):
        position = draw(st.integers(0, len(result) - 1))
        kind = draw(st.sampled_from(["value", "add", "remove", "swap"]))
        if kind == "value" and result[position].parts:
            parts = list(result[position].parts)
            which = draw(st.integers(0, len(parts) - 1))
            parts[which] = parts[which]._replace(value=f"changed {draw(st.integers(0, 2))}")
            result[position] = replace(result[position], parts=tuple(parts))
        elif result[position].text == "RUN last":
            continue
        elif kind == "add":
            stage = result[position].stage
            new = Line(text="RUN new", stage=stage, stage_name=result[position].stage_name)
            result.insert(position + 1, new)
        elif kind == "remove" and not result[position].bare and len(result) > 2:
            del result[position]
        elif kind == "swap" and position + 1 < len(result):
            here, there = result[position], result[position + 1]
            if not (here.bare or there.bare or there.text == "RUN last"):
                result[position], result[position + 1] = there, here
    return tuple(result)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[tuple[Line, ...], tuple[Line, ...], Builder]:
    lines = draw(dockerfiles())
    return lines, draw(changed(lines)), draw(BUILDERS)


def in_turn(
    mine: tuple[Line, ...], theirs: tuple[Line, ...], builder: Builder
) -> tuple[JudgedBuild, JudgedBuild]:
    cache = Cache()
    return build("writer", mine, cache, builder=builder), build("reader", theirs, cache, builder=builder)


@given(pairs())
@settings(max_examples=150)
def test_every_missed_step_is_a_fork_or_a_consequence_exactly_once(
    made: tuple[tuple[Line, ...], tuple[Line, ...], Builder],
) -> None:
    writer, reader = in_turn(*made)

    forks = explain_pair(writer, reader)

    missed = [step.index for step in reader.record.steps if step.status is StepStatus.MISS]
    bases = {step.index for step in reader.record.steps if step.instruction.startswith("FROM")}
    told = [step for fork in forks for step in (fork.step, *fork.consequences) if step not in bases]
    assert sorted(told) == missed
    assert bool(forks) == bool(missed)
    total = sum(fork.seconds_lost or 0 for fork in forks)
    assert total == sum(step.seconds or 0 for step in reader.record.steps)


@given(pairs())
@settings(max_examples=150)
def test_swapping_the_sides_keeps_the_fork(
    made: tuple[tuple[Line, ...], tuple[Line, ...], Builder],
) -> None:
    mine, theirs, builder = made
    there = explain_pair(*in_turn(mine, theirs, builder))
    back = explain_pair(*in_turn(theirs, mine, builder))
    if not (there and back):
        return  # one build is a part of the other, so it missed nothing

    assert there[0].step == back[0].step


@given(dockerfiles(), BUILDERS, st.data())
@settings(max_examples=100)
def test_one_changed_value_is_exactly_that_cause(
    lines: tuple[Line, ...], builder: Builder, data: st.DataObject
) -> None:
    places = [index for index, line in enumerate(lines) if line.parts and not line.bare]
    if not places:
        return
    place = data.draw(st.sampled_from(places))
    parts = list(lines[place].parts)
    which = data.draw(st.integers(0, len(parts) - 1))
    parts[which] = parts[which]._replace(value="changed")
    theirs = (*lines[:place], replace(lines[place], parts=tuple(parts)), *lines[place + 1 :])

    (fork,) = explain_pair(*in_turn(lines, theirs, builder))

    assert fork.step == place + 1
    # Keys made by hand come of no record, so nothing can be undone in one and nothing is proven.
    (cause,) = fork.causes
    assert (cause.code, cause.status) == (parts[which].cause, CauseStatus.SUSPECTED)


@given(dockerfiles(), BUILDERS)
def test_equal_keys_give_no_fork_and_one_class(lines: tuple[Line, ...], builder: Builder) -> None:
    writer, reader = in_turn(lines, lines, builder)
    other_times = replace(
        reader, keys=replace(reader.keys, ruled_out=(part("mtime", "1"), part("entry order", "2")))
    )

    assert explain_pair(writer, other_times) == ()
    judgement = judge_relay([writer, other_times])
    assert judgement.verdict is Verdict.REUSED
    assert judgement.classes == (("writer", "reader"),)
    assert judgement.warnings == ()


@given(dockerfiles(), st.lists(st.data(), min_size=1, max_size=3), BUILDERS)
@settings(max_examples=100)
def test_a_relay_reports_one_first_fork_per_branch(
    lines: tuple[Line, ...], draws: list[st.DataObject], builder: Builder
) -> None:
    cache = Cache()
    made = [build("client 0", lines, cache, builder=builder)]
    for number, data in enumerate(draws, start=1):
        theirs = data.draw(changed(lines))
        made.append(build(f"client {number}", theirs, cache, builder=builder))

    judgement = judge_relay(made)

    assert sorted(client for members in judgement.classes for client in members) == sorted(
        each.client for each in made
    )
    readers = {fork.reader for fork in judgement.forks}
    assert readers <= {members[0] for members in judgement.classes[1:]}
    for fork in judgement.forks:
        assert fork.causes
        assert not set(fork.consequences) & {
            other.step for other in judgement.forks if other.reader == fork.reader
        }
    assert not [caution for caution in judgement.warnings if caution.code == "contradiction"]
