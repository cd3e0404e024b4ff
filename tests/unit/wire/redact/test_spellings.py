"""Any secret, spelled in any way, in any place: no six characters of it stay.

Of spellings in places, a third is drawn by the date.
"""

import base64
import itertools
import json
import re
import shlex
import string
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from today import part_of_today

from layerfork.wire.redact import Redactor

RUN = 6
PLAIN_WORD = r"(?:[A-Za-z]+[0-9]{0,3}|[0-9]+)"
PLAIN = re.compile(rf"[\W_]*(?:{PLAIN_WORD}(?:[-_./:+ ]+{PLAIN_WORD}){{0,3}})?[\W_]*|(?:/{PLAIN_WORD})+/?")
"""A few words of letters or of digits, whatever is around them: such may announce others, and stay. So do
versions and names of files."""
secrets = (
    st.text(alphabet=string.printable, min_size=8, max_size=60)
    .map(str.strip)
    .filter(lambda value: not PLAIN.fullmatch(value))
)
"""``string.printable`` holds every kind of blank and the newline."""
EDGES = string.whitespace + "\"'`\\+"
"""What is taken for quotes at the ends of a spelling may stay."""


def go_json(value: str) -> str:
    text = json.dumps(value, ensure_ascii=False)[1:-1]
    for plain in "<>&":
        text = text.replace(plain, f"\\u{ord(plain):04x}")
    return text


def dockerfile_word(value: str) -> str:
    return re.sub(r"([ \t\"'$\\])", r"\\\1", value)


def double_quoted(value: str) -> str:
    return re.sub(r'(["$`\\])', r"\\\1", value)


SPELLINGS: dict[str, Callable[[str], str]] = {
    "itself": str,
    "json": lambda value: json.dumps(value)[1:-1],
    "Go's json": go_json,
    "json in json": lambda value: json.dumps(json.dumps(value))[1:-1],
    "url": lambda value: quote(value, safe=""),
    "url in lower case": lambda value: re.sub("%..", lambda found: found[0].lower(), quote(value, safe="")),
    "path of a url": quote,
    "form": quote_plus,
    "url twice": lambda value: quote(quote(value, safe=""), safe=""),
    "shell": shlex.quote,
    "shell, double quotes": double_quoted,
    "shell, other idiom": lambda value: value.replace("'", r"'\''"),
    "Dockerfile": dockerfile_word,
    "json of shell": lambda value: go_json(shlex.quote(value)),
    "echo without quotes": lambda value: " ".join(value.split()),
}
PLACES = (
    "{}",
    "ENV API_TOKEN={}",
    "RUN curl -H 'X-Auth: {}' https://example.org && make",
    "|2 DB_PASSWORD={} VERSION=1 /bin/sh -c make all",
    'process "/bin/sh -c tool {}" did not complete successfully: exit code: 1',
    '{{"stream":"{}"}}',
    "https://example.org/x?token={}&y=1",
    "#5 0.123 {}\n#5 0.124 done",
)


def runs_of(value: str, text: str) -> set[str]:
    text = re.sub("hidden:[0-9a-f]{16}", "\0", text)
    return {value[at : at + RUN] for at in range(len(value) - RUN + 1)} & {
        text[at : at + RUN] for at in range(len(text) - RUN + 1)
    }


def own(places: str, value: str) -> set[str]:
    """Runs that the places hold without the secret."""
    return runs_of(value, places.replace("{}", "\0"))


@pytest.mark.parametrize(("spelling", "place"), part_of_today(itertools.product(SPELLINGS, PLACES), 3))
@settings(derandomize=True)  # `make attack` plants others
@given(value=secrets)
@example("Head77;Tail55xyz")
@example("Head77&Tail55xyz")
@example("Head77)Tail55xyz")
@example('Head77"Tail55xyz')
@example("Head77'Tail55xyz")
@example("Head77 Tail55xyz")
@example("Head77\nTail55xyz")
@example("Head77\\nTail55xyz\\")
@example("Head77%41Tail55xyz")
@example("Head77++Tail55xyz")
@example("n\\u0041Tail55xyz")
@example("AAA%5CAA")
@example("0000\\f\\r")
@example("000 \\r\\r")
@example("A%22%27%5C%22A")
def test_no_run_of_a_known_secret_stays(spelling: str, place: str, value: str) -> None:
    spell = SPELLINGS[spelling]
    value = value if spell is str else value.strip(EDGES)
    assume(len(value) >= 8)
    redactor = Redactor(b"key")
    redactor.hide("DB_PASSWORD", value)
    spelled = spell(value)
    cleaned = redactor.clean(place.replace("{{", "{").replace("}}", "}").replace("{}", spelled))
    left = (runs_of(value, cleaned) | runs_of(spelled, cleaned)) - own(place, value) - own(place, spelled)
    assert not left


@given(value=secrets, user=st.sampled_from(["", "u:", "me:", "abc:"]))
def test_no_header_holds_it_in_base64(value: str, user: str) -> None:
    redactor = Redactor(b"key")
    redactor.hide("DB_PASSWORD", value)
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        token = encode((user + value).encode()).decode()
        cleaned = redactor.clean(f'"auth": "{token}", x {token}')
        inner = token[len(user) + 3 : -4]
        assert not runs_of(inner, cleaned)


@given(value=secrets)
def test_words_that_a_shell_makes_of_it_do_not_stay(value: str) -> None:
    redactor = Redactor(b"key")
    redactor.hide("DB_PASSWORD", value)
    for word in re.split(r"[\s;&|()<>$,'\"`\\]+", value):
        if not PLAIN.fullmatch(word):  # plain words stay: they are everywhere
            cleaned = redactor.clean(f"sh: 1: {word}: not found")
            assert not runs_of(word, cleaned) - own("sh: 1: {}: not found", word)


@given(value=secrets)
def test_a_secret_of_a_url_is_hidden_to_its_last_at(value: str) -> None:
    password = re.sub(r"[\s/?#\"'<>`\\]", "@", value).strip("@")
    assume(len(password) >= RUN and not password.startswith(":"))
    place = "https://u:{}@example.org/x"
    redactor = Redactor(b"key")
    shown = redactor.hide("SOURCE", place.format(password))
    again = redactor.clean(f"fatal: {password} refused")
    assert not runs_of(password, shown) - own(place, password)
    assert not runs_of(password, again) - own("fatal: {} refused", password)


@pytest.mark.parametrize("end", [";", ",", "&", ")", "|"])
def test_a_value_that_nobody_announced_has_no_tail(end: str) -> None:
    for text in (f"ENV DB_PASSWORD=Head77{end}Tail55xyz", f'ENV A=1 DB_PASSWORD="Head77{end} Tail55xyz" B=2'):
        cleaned = Redactor(b"key").clean(text)
        assert "Head77" not in cleaned
        assert "Tail55" not in cleaned
    assert Redactor(b"key").clean("ENV B=2 DB_PASSWORD=a1b2c3 C=3").endswith(" C=3")


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("ENV DB_PASSWORD Head77 Tail55xyz", "Tail55xyz"),
        ("ENV DB_PASSWORD=Head77\\ Tail55xyz", "Tail55xyz"),
        ("ARG TOKEN=${TOKEN:-Head77xyz}", "Head77xyz"),
        ('RUN TOKEN="${TOKEN:-Head77xyz}" make', "Head77xyz"),
        ("RUN curl -u 'me:Head77 Tail55xyz' example.org", "Tail55xyz"),
        ("RUN tool --password Head77;Tail55xyz", "Tail55xyz"),
        ("|2 A=1 DB_PASSWORD=Head77 Tail55xyz /bin/sh -c make", "Tail55xyz"),
        ('{"password": "Head77\\"Tail55xyz"}', "Tail55xyz"),
        ('{\\"password\\": \\"Head77 Tail55xyz\\"}', "Tail55xyz"),
        ("Cookie: a=Head77; b=Tail55xyz", "Tail55xyz"),
        ("--output type=s3,access_key=Head77xyz,region=x", "Head77xyz"),
        ("postgres://u:pa/Head77@h/x", "Head77"),
        ("https://u:Head@TAILpw@h/x", "TAILpw"),
        ("RUN A_TOKEN='\\$=Head77xyz' make", "Head77"),
    ],
)
def test_spoken_secrets(text: str, secret: str) -> None:
    cleaned = Redactor(b"key").clean(text)
    assert secret not in cleaned
    assert Redactor(b"key").clean(cleaned) == cleaned


def test_values_of_one_mapping_hide_one_another() -> None:
    shown = dict(Redactor(b"key").pairs([("A", "it is s3cret-value"), ("TOKEN", "s3cret-value")]))
    assert "s3cret" not in shown["A"]
    assert shown["TOKEN"] in shown["A"]
