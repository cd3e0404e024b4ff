"""Variables as podman 5.4.2 replaced them in ``ARG B=…``, read off the history of a RUN after it."""

import pytest

from layerfork.dockerfile import BadSubstitutionError
from layerfork.keys.buildah.arguments import expand

VALUES = {"A": "aXbXc", "P": "a/b/c"}
MEASURED = {
    "x`y": "x`y",
    r"x\y": "xy",
    r'"x\y"': r"x\y",
    "$10": "0",
    "$@": "$@",
    "$$A": "$aXbXc",
    "${A:?}": "aXbXc",
    "${A:+$P}": "a/b/c",
    "${A#a*X}": "bXc",
    "${A##a*X}": "c",
    "${A%X*}": "aXb",
    "${A%%X*}": "a",
    "${P#*/}": "b/c",
    "${P##*/}": "b/c",
    "${P%/*}": "a/b",
    "${P%%/*}": "a/b",
    "${A/X/-}": "a-bXc",
    "${A//X/-}": "a-b-c",
    "${A//X}": "abc",
    "${A/#a/-}": "-XbXc",
    "${A/%c/-}": "aXbX-",
    "${A//?/z}": "zzzzz",
    "${A/X*/-}": "a-",
    '${U:-"q r"}': "q r",
    "${U:-'$A'}": "$A",
    "'$A'\"$A\"": "$AaXbXc",
    r"\$A": "$A",
    r'"\$A"': "$A",
    "<<A": "<<A",
    "$A$": "aXbXc$",
    "$Aé": "",
}


@pytest.mark.parametrize(("written", "value"), MEASURED.items())
def test_what_was_measured(written: str, value: str) -> None:
    """The first three also below a directive that makes the backtick the escape."""
    assert expand(written, VALUES, "`").text == value


@pytest.mark.parametrize("written", ["${A-d}", "${A?x}", "${@}", "${A:=x}", "${A", "${A/}"])
def test_what_is_refused(written: str) -> None:
    """The first three on the engine, the others as its source says."""
    with pytest.raises(BadSubstitutionError):
        expand(written, VALUES)
