"""Secrets that nothing but their surroundings announce, in the spellings that people use."""

import base64
import html
import json

import pytest
from fakes.spoken import PLANTED, SPOKEN

from layerfork.wire.redact import Redactor


@pytest.mark.parametrize("text", SPOKEN)
def test_common_spellings(text: str) -> None:
    redactor = Redactor(b"key")
    cleaned = redactor.clean(text)
    assert "pl4nted" not in cleaned
    assert "hidden:" in cleaned
    assert Redactor(b"key").clean(cleaned) == cleaned
    assert "pl4nted" not in redactor.clean("it was pl4nted99X"), "and is known from then on"


@pytest.mark.parametrize("text", [text for text in SPOKEN if not text.startswith(("CMD ", "ENV ", "RUN "))])
@pytest.mark.parametrize(
    "frame", ["RUN false && {} || true", "#5 [2/3] RUN {}", "RUN if x; then {}; fi", "0.123 + {}"]
)
def test_common_spellings_in_the_middle_of_a_line(text: str, frame: str) -> None:
    assert "pl4nted" not in Redactor(b"key").clean(frame.format(text))


@pytest.mark.parametrize("text", SPOKEN)
def test_common_spellings_in_json(text: str) -> None:
    assert "pl4nted" not in Redactor(b"key").clean(json.dumps({"a": text}))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("the password: some pl4nted99X words", "the password: some {} words"),
        ("the password: 'some pl4nted99X' words", "the password: 'some {}' words"),
        ("the password: some pl4nted99X, and more", "the password: some {}, and more"),
        ("the password: some; echo a1b2c3d4Z", "the password: some; echo a1b2c3d4Z"),
        ("the password: some | sha1 a1b2c3d4Z", "the password: some | sha1 a1b2c3d4Z"),
    ],
)
def test_a_password_in_a_sentence(text: str, shown: str) -> None:
    redactor = Redactor(b"key")
    assert redactor.clean(text) == shown.format(redactor.stand_in(PLANTED))


@pytest.mark.parametrize("quote", ["'", '"'])
def test_brackets_of_a_password_are_part_of_it(quote: str) -> None:
    redactor = Redactor(b"key")
    hidden = redactor.stand_in("{pl4nted99X}")
    assert (
        redactor.clean(f"curl --user {quote}bob:{{pl4nted99X}}{quote} x")
        == f"curl --user {quote}bob:{hidden}{quote} x"
    )


HARMLESS = [
    "apt-get install -y --no-install-recommends a b",
    "failed to compute cache key: not found",
    'failed to compute cache key: failed to calculate checksum of ref a::b: "/app.jar": not found',
    "failed to get key: not found",
    "failed to read password: open /run/app2: no such file, see main.go:123 and RFC7617",
    "no password: container 3f2a91bc04de exited with x509 and sha256:" + "0a1b" * 16,
    "wrong password: see https://example.org/a1B2c3D4e5 or app-1.2.3-py3-none-any.whl",
    'bad password: "not found" on x86_64, amd64 and IPv6',
    "error parsing token: unexpected end",
    "curl -fsSLo /tmp/a https://example.org/a:b",
    "curl -u $USER:$PASSWORD https://example.org",
    'curl -u "$USER:${PASSWORD}" https://example.org',
    "echo $TOKEN | docker login --password-stdin",
    'echo "$TOKEN" | docker login -u me --password-stdin',
    "echo hello | tee file",
    "cat file | docker login --password-stdin",
    "mkdir -p /a/b && cp -a c d && unzip -o a.zip",
    "openssl rsa -in a -passin env:PASS -out b",
    "vault login -method=github",
    "npm config set registry https://registry.example.org",
    "git config --global user.name Ada",
    "gpg --recv-keys A035C8C19219BA821ECEA86B64E628F8D684696D",
    "image: alpine@sha256:" + "0" * 64,
    "FROM registry.example.org:5000/a:1.2@sha256:" + "0" * 64,
    "LABEL maintainer=mailto:bob@example.org",
    '"left": "npm:right@1.2.3"',
    "ENV DATADOG_SHA=" + "0123456789abcdef" * 2 + "01234567",
    "pip config set global.index-url https://example.org/simple",
    "<id>central</id>",
    'ENTRYPOINT ["app", "--port", "8080"]',
    "sort -k 2 -t : a",
    "tar -xpf a.tar -C /b",
    "python -m pytest -p no:cacheprovider",
    "docker run -p 8080:80 x",
    "ssh -p 2222 host",
    "docker build --secret id=deploy,src=/run/deploy .",
    "docker build --secret=id=deploy,env=DEPLOY --secret='type=file,id=other' .",
    "RUN --mount=type=secret,id=deploy,required=true cat /run/secrets/deploy",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_spellings(text: str) -> None:
    assert Redactor(b"key").clean(text) == text


def wrapped(value: str, columns: int, end: str = "\n") -> str:
    return end.join(value[at : at + columns] for at in range(0, len(value), columns))


LONG = "pl4nted99X/" + "".join(f"{number:x}-Q" for number in range(100, 160))


@pytest.mark.parametrize(
    "text",
    [
        PLANTED.encode().hex(),
        PLANTED.encode().hex().upper(),
        f"0x{PLANTED.encode().hex()}",
        wrapped(LONG.encode().hex(), 60),
        wrapped(base64.b64encode(LONG.encode()).decode(), 76),
        wrapped(base64.b64encode(LONG.encode()).decode(), 64, "\r\n"),
        wrapped(base64.b64encode(b"user:" + LONG.encode()).decode(), 64, "\\n"),
        wrapped(base64.b64encode(LONG.encode()).decode(), 76, " \\\n    ").replace(" \\", "\\"),
    ],
)
def test_known_values_encoded(text: str) -> None:
    redactor = Redactor(b"key")
    redactor.hide("A_TOKEN", PLANTED)
    redactor.hide("B_TOKEN", LONG)
    cleaned = redactor.clean(f"before {text} after")
    inner = text.strip()[8:-8]
    assert inner[len(inner) // 2 - 6 : len(inner) // 2 + 6] not in cleaned
    assert cleaned.startswith("before ")
    assert cleaned.endswith(" after")
    assert len(cleaned) < len(text) // 2 + 60


def test_known_values_in_html() -> None:
    value = "a<b>&\"c'D9"
    redactor = Redactor(b"key")
    hidden = redactor.hide("A_TOKEN", value)
    for spelled in (html.escape(value), "a&#60;b&#x3e;&#38;&#34;c&#39;D9", html.escape(html.escape(value))):
        assert redactor.clean(f"<p>{spelled}</p>") == f"<p>{hidden}</p>"


DETECTED = [
    "A3-ABCDEF-GH1JKLMNOPQ-7RSTU-VWXYZ-2BCDE",
    "xkeysib-" + "0123456789abcdef" * 4 + "-a1B2c3D4e5F6g7H8",
    "shippo_live_" + "0a1b2c3d4e" * 4,
]


@pytest.mark.parametrize("token", DETECTED)
def test_what_gitleaks_rules_detect(token: str) -> None:
    assert "hidden:" in Redactor(b"key").clean(f"HARMLESS='{token}'")
    assert token[10:] not in Redactor(b"key").clean(f"HARMLESS='{token}'")


@pytest.mark.parametrize(
    "keyword", ["adobe", "datadog", "etsy", "okta", "sentry", "kucoin", "airtable", "linkedin"]
)
def test_a_stand_in_is_no_token(keyword: str) -> None:
    text = f"{keyword}=hidden:0123456789abcdef {keyword}: hidden:0123456789abcdef"
    assert Redactor(b"key").clean(text) == text


@pytest.mark.parametrize("text", SPOKEN)
def test_what_was_known_before_changes_nothing(text: str) -> None:
    """Of a redactor that knows every spelling's words."""
    redactor = Redactor(b"key")
    for number, other in enumerate(SPOKEN):
        redactor.hide(f"SECRET_{number}", other.replace(PLANTED, f"first{number}Key"))
        redactor.clean(other.replace(PLANTED, f"first{number}Key"))
    assert "pl4nted" not in redactor.clean(text)


@pytest.mark.parametrize(
    "words",
    [
        ("mysql", "-ppl4nted99X"),
        ("mysql", "-ppl4nted99"),
        ("app", "--password", "pl4nted99"),
        ("app", "--password", 'a "pl4nted99" \\ ü\n'),
        ("docker", "login", "-u", "me", "-p", "pl4nted99"),
        ("vault", "login", "pl4nted99"),
        ("npm", "config", "set", "//r.example/:_authToken", "pl4nted99"),
        ("aws", "configure", "set", "aws_secret_access_key", "pl4nted99"),
        ("htpasswd", "-b", "/etc/h", "bob", "pl4nted99"),
        ("curl", "-u", "bob:pl4nted99", "https://example.org"),
        ("openssl", "rsa", "-passin", "pass:pl4nted99"),
        ("unzip", "-P", "pl4nted99", "a.zip"),
        ("app", "--api-key=a pl4nted99"),
        ("sh", "-c", "mysql -ppl4nted99"),
    ],
)
def test_words_of_a_command_line(words: tuple[str, ...]) -> None:
    """A client's arguments and those of a RUN are recorded word by word."""
    redactor = Redactor(b"key")
    shown = redactor.words(words)
    assert "pl4nted" not in "".join(shown)
    assert len(shown) == len(words)
    assert shown[0] == words[0]
    assert redactor.words(shown) == shown
    assert Redactor(b"key").words(("app", "--port", "8080")) == ("app", "--port", "8080")
