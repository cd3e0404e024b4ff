"""What a record lacks, in as few lines as there are kinds of it."""

from layerfork.diagnose.warnings import incomplete_record
from layerfork.record.record import Gap

FOREIGN = "a step that the definition does not hold"


def test_steps_that_lack_the_same_are_one_line_with_what_it_means() -> None:
    gaps = [Gap(where=f"vertex sha256:{digit * 64}", what=FOREIGN) for digit in "abc"]
    gaps += [Gap(where="definition", what="it is not there"), Gap(where="context", what="it is not there")]
    assert [each.text for each in incomplete_record("this build", gaps)] == [
        (
            "the record of this build is incomplete at vertex sha256:aaaaaaaaaaaa and 2 more: a step that "
            "the definition does not hold: what its key is made of is not known"
        ),
        "the record of this build is incomplete at definition: it is not there",
        "the record of this build is incomplete at context: it is not there",
    ]


def test_a_complete_record_has_none() -> None:
    assert list(incomplete_record("this build", ())) == []
