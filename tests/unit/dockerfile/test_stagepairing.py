"""Stages and lines of two Dockerfiles side by side."""

from layerfork.dockerfile.stagepairing import pair_lines, pair_stages


def _pairs(before: list[str], after: list[str], *, reworded: bool = True) -> list[tuple[str, str]]:
    def keyword(line: str) -> str:
        return line.split()[0]

    return list(pair_lines(before, after, text=str, keyword=keyword if reworded else None))


def test_lines_of_one_text_are_pairs_and_reworded_ones_between_them() -> None:
    before = ["FROM a", "COPY x .", "RUN one"]
    assert _pairs(before, ["FROM a", "COPY y .", "RUN one"]) == [
        ("FROM a", "FROM a"),
        ("COPY x .", "COPY y ."),
        ("RUN one", "RUN one"),
    ]


def test_without_keywords_a_reworded_line_is_no_pair() -> None:
    assert _pairs(["FROM a", "RUN one"], ["FROM a", "RUN two"], reworded=False) == [("FROM a", "FROM a")]


def test_a_line_of_another_keyword_is_no_pair() -> None:
    assert _pairs(["RUN one"], ["COPY a ."]) == []


def test_a_line_that_stands_very_often_is_a_line_like_any_other() -> None:
    before = ["ARG A"] * 300
    assert len(_pairs(before, [*before, "RUN one"], reworded=False)) == 300


def test_stages_are_paired_by_name_then_by_number_then_in_order() -> None:
    assert pair_stages({0: "build", 1: "", 2: "old"}, {0: "", 1: "", 2: "build", 3: "new"}) == {
        0: 2,
        1: 1,
        2: 0,
    }


def test_nameless_stages_that_are_left_are_paired_before_named_ones() -> None:
    assert pair_stages({0: "a", 1: ""}, {0: "", 1: "b"}) == {0: 1, 1: 0}
