import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerfork.dockerfile import BadSubstitutionError, expand, expand_raw

VALUES = {"a": "A", "two": "x  y", "empty": "", "path": "one/two.tar.gz", "é": "accent"}


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("plain", "plain"),
        ("$a", "A"),
        ("${a}b", "Ab"),
        ("$a_b", ""),
        ("$none", ""),
        ("$é", "accent"),
        ("$", "$"),
        ("a$.b", "a$.b"),
        ("$1x", "x"),
        ("'$a'", "$a"),
        ('"$a b"', "A b"),
        (r"\$a", "$a"),
        (r'"\$a\x\""', r'$a\x"'),
        (r"a\ b", "a b"),
        ("${a:-d}", "A"),
        ("${empty:-d}", "d"),
        ("${empty-d}", ""),
        ("${none-d}", "d"),
        ("${none:-$a}", "A"),
        ("${a:+set}", "set"),
        ("${empty:+set}", ""),
        ("${empty+set}", "set"),
        ("${none:+set}", ""),
        ("${a:?no}", "A"),
        ("${path#*/}", "two.tar.gz"),
        ("${path##*.}", "gz"),
        ("${path%.*}", "one/two.tar"),
        ("${path%%.*}", "one/two"),
        ("${path/two/2}", "one/2.tar.gz"),
        ("${path//t/T}", "one/Two.Tar.gz"),
        (r"${path/\//-}", "one-two.tar.gz"),
    ],
)
def test_forms(word: str, text: str) -> None:
    assert expand(word, VALUES).text == text


@pytest.mark.parametrize("word", ["${", "${a", "${}", "${:x}", "${a:~b}", "${none?}", "'x", '"x', "${a:#x}"])
def test_bad_forms(word: str) -> None:
    with pytest.raises(BadSubstitutionError):
        expand(word, VALUES)


def test_words_are_split_after_replacement_but_not_in_quotes() -> None:
    assert expand("$two '$two' \"$two\"", VALUES).words == ("x", "y", "$two", "x  y")


def test_another_escape_character() -> None:
    assert expand("`$a\\", VALUES, escape="`").text == "$a\\"


def test_names_that_were_used() -> None:
    assert expand("$a ${none:-$two}", VALUES).used == {"a", "none", "two"}


def test_raw_keeps_quotes() -> None:
    assert expand_raw("\"$a\" '$a' \\$a", VALUES).text == "\"A\" 'A' $a"


@given(st.text(st.sampled_from("a$b{}:-+?#%/'\"\\ "), max_size=30))
def test_any_word_is_expanded_or_refused(word: str) -> None:
    with contextlib.suppress(BadSubstitutionError):
        assert isinstance(expand(word, VALUES).text, str)


@given(st.text(st.characters(exclude_characters="$'\"\\", codec="utf-8"), max_size=20))
def test_words_without_special_characters_stay(word: str) -> None:
    assert expand(word, VALUES).text == word


@pytest.mark.parametrize(
    ("word", "apart", "shared"),
    [
        ("${none:-8000}-${none:-8010}", ["8000-8010"], ["8010"]),
        ("80${none:-90}", ["8090"], ["90"]),
        ('pre"${none:-x}"', ["prex"], ["x"]),
        ("a b${none:+x}c", ["a", "bc"], ["a", "c"]),
        ("$a-$a", ["A-A"], ["A-A"]),
        ("${a}${a}", ["AA"], ["AA"]),
        ("x${path/one/1}y", ["x1/two.tar.gzy"], ["1/two.tar.gzy"]),
        ("x${none:-a b}", ["xa", "b"], ["a", "b"]),
    ],
)
def test_words_where_the_lexer_shares_its_buffer(word: str, apart: list[str], shared: list[str]) -> None:
    """Measured with the lexers of BuildKit 0.13.2 and 0.25.2."""
    assert list(expand(word, VALUES).words) == apart
    sharing = expand(word, VALUES, shares_buffer=True)
    assert list(sharing.words) == shared
    assert sharing.text == expand(word, VALUES).text


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("${a//*/x}", "x"),
        ("${empty//*/x}", "x"),
        ("${a///-}", "-A-"),
        ("${a//A/${dollar}}", "$-"),
        ("${a/A/${dollar}}", "$$-$1"),
        ("${a//A/${whole}}", "<A>"),
        ("\ufeff$a", "A"),
    ],
)
def test_replacements_are_gos(word: str, text: str) -> None:
    values = VALUES | {"dollar": "$$-$1", "whole": "<$0>"}
    assert expand(word, values).text == text
