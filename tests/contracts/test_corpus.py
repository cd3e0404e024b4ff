"""Every cause is in the corpus for each of its builders: where it matters, and where it does not."""

import itertools

import pytest
from corpus.notmade import NOT_MADE
from corpus.pairs import PAIRS

from layerfork.record.build import Builder
from layerfork.record.cause import CauseCode

NEEDED = [
    (code.value, builder.value, matters)
    for code, matters in itertools.product(CauseCode, (True, False))
    for builder in code.builders
]
MADE = {(pair.code, pair.builder.value, pair.matters) for pair in PAIRS}


@pytest.mark.parametrize(("code", "builder", "matters"), NEEDED)
def test_every_cause_both_ways(code: str, builder: str, matters: bool) -> None:
    excused = (code, builder, matters) in NOT_MADE or (code, "", matters) in NOT_MADE
    assert excused != ((code, builder, matters) in MADE)


def test_excuses_speak_of_causes_and_builders_that_there_are() -> None:
    builders = {"", *(builder.value for builder in Builder)}
    for code, builder, _ in NOT_MADE:
        assert code in {each.value for each in CauseCode}
        assert builder in builders


def test_a_change_that_matters_is_named() -> None:
    """At a fork, or for steps that were reused or added: in a warning."""
    for pair in PAIRS:
        named = {cause.split()[0] for fork in pair.forks for cause in fork.causes}
        assert not pair.matters or pair.code in named or pair.warnings


def test_a_change_that_does_not_matter_is_named_at_no_step_that_it_does_not_concern() -> None:
    """Elsewhere in the build it may: a stage of its own forks for it, and the last stage does not."""
    for pair in PAIRS:
        if not pair.matters:
            last = pair.forks[-1].causes if pair.forks else ()
            assert pair.code not in {cause.split()[0] for cause in last}, pair.name
