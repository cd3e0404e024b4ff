"""Names of entries and what a COPY names."""

from itertools import product

from layerfork.diagnose.compare.copied import clean_path


def test_every_spelling_of_a_path_is_the_same_path() -> None:
    for length in range(7):
        for letters in product("ab./", repeat=length):
            name = "".join(letters)
            assert clean_path(name) == "/".join(piece for piece in name.split("/") if piece not in ("", "."))
