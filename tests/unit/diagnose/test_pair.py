"""Two builds: what is a fork, and what is only a warning."""

import pytest
from unit.diagnose.makers import Cache, Line, build, entry_parts, from_line, seed

from layerfork.diagnose import JudgedBuild, judge_pair, judge_relay
from layerfork.record.answer import Verdict
from layerfork.record.build import Builder
from layerfork.record.record import RecordedRequest

LABEL = Line(text="LABEL a=b", line=0)


def labelled(client: str, cache: Cache, *, builder: Builder = Builder.CLASSIC, uid: str = "0") -> JudgedBuild:
    request = RecordedRequest(labels=(("a", "b"),))
    lines = (*seed(entry_parts("important.txt", uid=uid)), LABEL)
    return build(client, lines, cache, builder=builder, request=request)


@pytest.mark.parametrize("builder", [Builder.CLASSIC, Builder.BUILDAH])
def test_an_added_label_is_the_same_warning_as_in_a_relay(builder: Builder) -> None:
    cache = Cache()
    builds = (build("one", seed(), cache, builder=builder), labelled("two", cache, builder=builder))

    pair, relay = judge_pair(*builds), judge_relay(builds)

    assert (pair.verdict, pair.classes, pair.forks) == (Verdict.REUSED, (("one", "two"),), ())
    assert [caution.code for caution in pair.warnings] == ["added-label"]
    assert (pair.verdict, pair.classes, pair.warnings) == (relay.verdict, relay.classes, relay.warnings)


def test_an_added_label_stays_a_warning_beside_a_fork() -> None:
    cache = Cache()

    judgement = judge_pair(build("one", seed(), cache), labelled("two", cache, uid="1000"))

    assert [fork.step for fork in judgement.forks] == [3]
    assert [caution.code for caution in judgement.warnings] == ["added-label"]
    assert "shared" not in judgement.warnings[0].text


def test_a_wider_target_is_a_warning() -> None:
    cache = Cache()
    lines = (
        from_line(stage_name="make"),
        Line(text="RUN make", stage_name="make"),
        from_line(stage=1, stage_name="final", digest_of="small"),
        Line(text="COPY --from=make /a /", stage=1, stage_name="final"),
    )
    narrow = build("narrow", lines[:2], cache, request=RecordedRequest(target="make"))

    judgement = judge_pair(narrow, build("wide", lines, cache))

    assert (judgement.verdict, judgement.forks) == (Verdict.REUSED, ())
    assert [caution.code for caution in judgement.warnings] == ["added-target"]


def test_what_another_build_stored_is_in_no_common_class() -> None:
    cache = Cache()
    owned = seed(entry_parts("important.txt", uid="1000"))
    one = build("one", seed(), cache, builder=Builder.BUILDKIT)
    build("between", owned, cache, builder=Builder.BUILDKIT)

    judgement = judge_pair(one, build("two", owned, cache, builder=Builder.BUILDKIT))

    assert (judgement.verdict, judgement.forks) == (Verdict.REUSED, ())
    assert judgement.classes == (("one",), ("two",))
    assert [caution.code for caution in judgement.warnings] == ["reused-elsewhere"]


def test_hits_of_unknown_keys_are_in_no_class() -> None:
    cache = Cache()
    unknown = [Line(text=line.text, bare=True, unknown=("the definition",)) for line in seed()]
    one, two = (build(name, unknown, cache, builder=Builder.BUILDKIT) for name in ("one", "two"))

    judgement = judge_pair(one, two)

    assert (judgement.classes, judgement.class_unknown) == ((("one",),), ("two",))
    (caution,) = judgement.warnings
    assert (caution.code, caution.client) == ("class-unknown", "two")
