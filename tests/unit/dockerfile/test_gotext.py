"""Text as Go's standard library reads it."""

import pytest

from layerfork.dockerfile import keyword_of
from layerfork.dockerfile.gotext import lower, parse_duration_ns, parse_int32, trim, upper


def test_white_space_is_what_go_calls_so() -> None:
    assert trim(" \t\n\v\f\r\x85\xa0\u2028\u3000x\u2003 ") == "x"
    assert trim("\x1c\x1d\x1e\x1fx\u200b") == "\x1c\x1d\x1e\x1fx\u200b"


def test_letters_change_one_by_one() -> None:
    assert lower("WORKD\u0130R \u212aelvin \u1e9e \u03a3") == "workdir kelvin \xdf \u03c3"
    assert upper("stra\xdfe \ufb01 \u017f") == "STRA\xdfE \ufb01 S"


@pytest.mark.parametrize(
    ("text", "keyword"),
    [
        ("run  a", "RUN"),
        ("\xa0Copy\ta b", "COPY"),
        ("WORKD\u0130R /x", "WORKDIR"),
        ("WOR\u212aDIR /x", "WORKDIR"),
        ("\u017fHELL x", "\u017fHELL"),
        ("LABEL\xa0x=y", "LABEL\xa0X=Y"),
        ("", ""),
        ("\x1c", "\x1c"),
    ],
)
def test_keywords(text: str, keyword: str) -> None:
    assert keyword_of(text) == keyword


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("", 0),
        ("0", 0),
        ("-0", 0),
        ("1h30m", 5_400_000_000_000),
        ("1.5s", 1_500_000_000),
        (".5ms", 500_000),
        ("1\xb5s", 1_000),
        ("2\u03bcs", 2_000),
        ("-2s", -2_000_000_000),
        ("2562047h47m16.854775807s", (1 << 63) - 1),
        ("1.0000000000000000000000000001ms", 1_000_000),
    ],
)
def test_durations(text: str, nanoseconds: int) -> None:
    assert parse_duration_ns(text) == nanoseconds


@pytest.mark.parametrize(
    "text", ["1", "s", ".s", "1 s", "\uff11s", "1d", "1e3s", "2562047h47m16.854775808s", "9" * 5000 + "h"]
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match=r"duration|too long"):
        parse_duration_ns(text)


def test_numbers_have_32_bits_and_plain_digits() -> None:
    assert [parse_int32(text) for text in ("3", "+3", "-3", "2147483647")] == [3, 3, -3, 2147483647]
    for text in ("", "1_0", "\uff13", " 1", "0x1", "2147483648", "1" * 5000):
        with pytest.raises(ValueError, match="32 bits"):
            parse_int32(text)
