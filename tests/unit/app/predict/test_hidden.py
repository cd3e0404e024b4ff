from layerfork.app.predict.nextbuild import with_stand_ins_of

ONE, TWO, OWN = ("hidden:" + letter * 16 for letter in "abc")
RECORDED = f"FROM a\nENV TOKEN={ONE}\nENV TOKEN={TWO}\nRUN x\n"


def test_lines_that_are_alike_but_for_hidden_values_are_taken_to_be_the_recorded_ones() -> None:
    assert with_stand_ins_of(RECORDED, f"FROM a\nENV TOKEN={OWN}\nENV TOKEN={OWN}\nRUN x\n") == RECORDED


def test_other_lines_stay_what_they_are() -> None:
    text = f"FROM b\nENV OTHER={OWN}\nRUN y\n"
    assert with_stand_ins_of(RECORDED, text) == text
