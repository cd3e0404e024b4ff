"""History strings in which engines of different versions differ, as real ones wrote them."""

from collections.abc import Callable

import pytest

from layerfork.dockerfile.gotext import quote_rune
from layerfork.keys.classic.classic_keys import classic_keys
from layerfork.record.record import BuildRecord

MakeRecord = Callable[..., BuildRecord]

EXPOSED = {
    "EXPOSE ${A:-8000}-${B:-8010}": ("8000-8010", "8010"),
    "EXPOSE 80${A:-81}": ("8081", "81"),
    'EXPOSE "${A:-80}"': ("80", "80"),
    "EXPOSE ${X}-${Y}": ("80-90", "80-90"),
    "EXPOSE ${X:+9}${Y:+7}": ("97", "7"),
    "EXPOSE 1${X:+2} 3": ("12 3", "2 3"),
    "EXPOSE ${X/8/9}-${Y/8/9}": ("90-90", "90"),
    "EXPOSE ${X#8}-${Y%0}": ("0-9", "9"),
}
"""What 26.1.5 and 28.5.2 wrote."""


def last_form(record: BuildRecord) -> str:
    return classic_keys(record).steps[-1].key.engine_form


@pytest.mark.parametrize("line", EXPOSED)
@pytest.mark.parametrize(("engine", "place"), [("20.10.24", 0), ("26.1.5", 0), ("27.1.0", 1), ("28.5.2", 1)])
def test_expose_loses_words_since_27_1(
    classic_record: MakeRecord, line: str, engine: str, place: int
) -> None:
    record = classic_record(f"FROM base\nARG X=80\nARG Y=90\n{line}\n", engine=engine)
    assert last_form(record) == f"/bin/sh -c #(nop)  EXPOSE {EXPOSED[line][place]}"


def test_expose_says_when_the_version_decides(classic_record: MakeRecord) -> None:
    unknown = classic_record("FROM base\nEXPOSE 80${A:-81}\n", engine="")
    assert any("EXPOSE" in why for why in classic_keys(unknown).steps[-1].key.unknown)
    plain = classic_record("FROM base\nEXPOSE 80\n", engine="")
    assert not classic_keys(plain).steps[-1].key.unknown


@pytest.mark.parametrize(
    ("engine", "form"), [("26.1.5", 'CMD ["a"]'), ("28.5.2", 'CMD ["/bin/sh" "-c" "[\\"a\\"] b"]')]
)
def test_text_behind_an_array_makes_all_of_it_text_since_27_1(
    classic_record: MakeRecord, engine: str, form: str
) -> None:
    record = classic_record('FROM base\nCMD ["a"] b\n', engine=engine)
    assert last_form(record) == f"/bin/sh -c #(nop)  {form}"


def test_retries_that_stand_for_no_character() -> None:
    assert [quote_rune(number) for number in (3, 65, 0xD800, 2_000_000_000)] == [
        r"'\x03'",
        "'A'",
        "'\ufffd'",
        "'\ufffd'",
    ]
