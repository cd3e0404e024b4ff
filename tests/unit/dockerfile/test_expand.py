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
