"""Cleaning takes linear time, whatever the text: no shape makes the redactor look at it again and again.

Of shapes in frames, a quarter is drawn by the date.
"""

import itertools
import random
import string
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from linear import assert_linear
from today import part_of_today

from layerfork.wire.redact import Redactor

SIZE = 10_000
SHAPES = {
    "blank lines": "\n",
    "blanks": " ",
    "dots": "a.",
    "dashes": "a-",
    "words": "a",
    "schemes": "a://",
    "urls": "https://a:b",
    "half urls": "https://a:",
    "ats": "@://",
    "assignments": "a=",
    "secret assignments": "token=",
    "variables": "token=$",
    "defaults": "token=${a:-",
    "open quotes": "token='a token=\"",
    "json": '"token":',
    "escaped json": '\\"token\\": \\"',
    "logins": "login ",
    "logins with flags": "login -p",
    "mysql": "mysql -p ",
    "users": "-u ",
    "user words": "-u a:",
    "flags": "--token ",
    "flag words": "--token-",
    "machines": "machine a login ",
    "headers": "authorization: ",
    "header words": "x-a",
    "cookies": "cookie: ",
    "bearers": "bearer ",
    "begins": "-----BEGIN ",
    "keys": "-----BEGIN PRIVATE KEY-----",
    "key words": "-----BEGIN PRIVATE KEY PRIVATE KEY",
    "half tokens": "eyJaaaaaaaa-",
    "tokens with dots": "SG.aaaaaaaaaaaaaaaaaaaa.",
    "webhooks": "hooks.slack.com/services/",
    "env": "ENV \n",
    "env words": "ENV token ",
    "arguments": "|1 token=a ",
    "argument lines": "|1 token=a\n",
    "backslashes": "\\",
    "escapes": "\\u0041",
    "percents": "%25",
    "quotes": "'\"",
    "gpg": "GPG_KEY=AAAAAAAA",
    "continued": "token=a\\\n",
    "variables in defaults": "token=${a:-$",
    "nested defaults": "token=${a:-${a:-",
    "stand-ins in lists": "token=hidden:0123456789abcdef;",
    "trivial": "token=1;",
    "exec forms": '["a","--token","b",',
    "quoted flags": '"--token=',
    "yaml": "password: ",
    "yaml in one line": "{password: a, ",
    "yaml blocks": "token: |\n  ",
    "elements": "<password>",
    "element words": "<password a",
    "attributes": 'key="password" value="',
    "escaped lines": "token=a\\n",
    "curls": "curl -u a:b ",
    "configs": "config set --a ",
    "config keys": "config set a ",
    "htpasswds": "htpasswd -b a b ",
    "vaults": "vault login -a ",
    "feeds": "echo a | chpasswd ",
    "fed": "chpasswd ",
    "here documents": "chpasswd <<EOF\n",
    "logins without a scheme": "a:bc@",
    "hosts": "a:bc@a.",
    "host words": "a:bc@a.a.a.a.",
    "entities": "&amp;",
    "wrapped": "QUJDREVGR0hJSktMTU5PUFFS\n",
    "keywords": "adobe=discord ",
    "detected": "sk_live_abcdefghijklmnop0123456789 ",
    "curls with headers": "curl -H 'Authorization: Bearer aaaaaaaaaaaa' ",
    "stand-ins": "token=hidden:0123456789abcdef",
}


FRAMES = ("{}", "RUN <<EOF\n{}\nEOF\n", "LABEL a={}", "token='{}")


@pytest.mark.parametrize(("frame", "shape"), part_of_today(itertools.product(FRAMES, SHAPES), 4))
def test_every_shape_takes_linear_time(frame: str, shape: str) -> None:
    text = SHAPES[shape]

    def work(size: int) -> None:
        redactor = Redactor(b"key")
        redactor.secret("Known-Secret/1")
        redactor.clean(frame.format(text * (size // len(text))))

    assert_linear(work, SIZE)


@pytest.mark.parametrize(
    "opening",
    ["password: ", "the password: ", "api_key: ", "machine ", "login a password ", "chpasswd <<E\n"],
)
@pytest.mark.parametrize("shape", ["\\", "\\a", "\\'", "a ", "a1b2c3d4 ", "a1", "password: a "])
def test_what_follows_a_name_takes_linear_time(opening: str, shape: str) -> None:
    def work(size: int) -> None:
        Redactor(b"key").clean(f"x {opening}" + shape * (size // len(shape)))
        Redactor(b"key").clean(opening + shape * (size // len(shape)))

    assert_linear(work, SIZE)


def test_many_secrets_take_hardly_longer_than_one() -> None:
    def work(count: int) -> None:
        redactor = Redactor(b"key")
        values = [f"Secret-{number:05}/{number * 7919:x}" for number in range(count)]
        for number, value in enumerate(values):
            redactor.hide(f"TOKEN_{number}", value)
            redactor.hide(f"HARMLESS_{number}", f"value {number}")
        cleaned = redactor.clean("RUN echo " + " ".join(values) + " and much else\n" * 20_000)
        assert not any(value in cleaned for value in values)

    assert_linear(work, 200)


def test_a_dockerfile_of_secrets() -> None:
    def work(count: int) -> None:
        text = "\n".join(f"ENV TOKEN_{number}=Secret-{number:05}" for number in range(count))
        assert "Secret-" not in Redactor(b"key").clean(text)

    assert_linear(work, 2_500)


@pytest.mark.parametrize("char", ["x1", "\n", '"', "\\", "%25", "\0"])
def test_a_very_long_value_is_one_like_any_other(char: str) -> None:
    """The automaton calls itself for each character when it goes, so none of it may be that long: it would
    end the process here, on the small stack of a thread."""
    value = "begin-7" + (char * 60_000)[:60_000] + "end-7"

    def work() -> bool:
        redactor = Redactor(b"key")
        hidden = redactor.hide("A_TOKEN", value)
        shown = f"it is {value}, {value[:100]}"
        return redactor.clean(shown) != shown and redactor.clean(f"it is {value}!") == f"it is {hidden}!"

    assert on_a_small_stack(work)


@pytest.mark.parametrize("line", [64, 1_000_000])
def test_one_long_secret(line: int) -> None:
    def work(size: int) -> None:
        drawn = random.Random(size).choices(string.ascii_letters + string.digits + "+/=\"' ", k=size)
        value = "".join("".join(drawn[at : at + line]) + "\n" for at in range(0, size, line)).strip()
        redactor = Redactor(b"key")
        hidden = redactor.hide("A_TOKEN", value)
        assert redactor.clean(f"it is {value}!") == f"it is {hidden}!"

    assert_linear(work, 40_000)


def test_a_piece_of_a_long_secret_is_hidden() -> None:
    drawn = "".join(random.Random(1).choices(string.ascii_letters + string.digits, k=600_000))
    redactor = Redactor(b"key")
    redactor.hide("A_TOKEN", drawn)
    for start in (0, 1, 300_001, 597_000):
        piece = drawn[start : start + 3_000]
        cleaned = redactor.clean(f"before {piece} after")
        assert cleaned == f"before {redactor.stand_in(drawn)} after"


def on_a_small_stack(work: Callable[[], bool]) -> bool:
    """What it gives; 256 KiB instead of the usual 8 MiB."""
    usual = threading.stack_size(1 << 18)
    try:
        with ThreadPoolExecutor(1) as threads:
            return threads.submit(work).result()
    finally:
        threading.stack_size(usual)
