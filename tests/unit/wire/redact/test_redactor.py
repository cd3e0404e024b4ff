import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerfork.wire.redact import Redactor, hides

PLANTED = "pl4nted-Secret/value"


@pytest.fixture
def redactor() -> Redactor:
    return Redactor(b"key of a store")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GITHUB_TOKEN", "abc"),
        ("NPMTOKEN", "abcdefg"),
        ("apiKey", "foo1234"),
        ("SSHKEY", "abc"),
        ("SSH_KEYS", "abc"),
        ("MY_PASS", "abc"),
        ("DB_PASSWORD", "abc"),
        ("client-secret", "abc"),
        ("AWS_SECRET_ACCESS_KEY", "abc"),
        ("com.example.credentials", "abc"),
        ("PRIVATE_KEY", "/abc"),
        ("REGISTRY_AUTH", "abc"),
    ],
)
def test_names_that_hide_their_value(redactor: Redactor, name: str, value: str) -> None:
    assert redactor.hide(name, value) == redactor.stand_in(value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AUTHOR", "Jane"),
        ("KEYBOARD", "us"),
        ("MONKEY", "chimp"),
        ("TOKENIZERS_PARALLELISM", "sometimes"),
        ("USE_AUTH", "true"),
        ("KEY", ""),
        ("SSH_PUBLIC_KEY", "ssh-ed25519 AAAA"),
        ("GPG_KEY", "A035C8C19219BA821ECEA86B64E628F8D684696D"),
        ("VERSION", "1.2.3"),
    ],
)
def test_names_that_show_their_value(redactor: Redactor, name: str, value: str) -> None:
    assert redactor.hide(name, value) == value


def test_only_the_credentials_of_a_url_are_hidden(redactor: Redactor) -> None:
    shown = redactor.hide("HTTP_PROXY", "http://user:pa55word@proxy.example:3128/")
    assert shown == f"http://{redactor.stand_in('user:pa55word')}@proxy.example:3128/"
    assert redactor.clean("curl said pa55word") == f"curl said {redactor.stand_in('pa55word')}"
    assert redactor.clean("ssh://git@example.org/x.git") == "ssh://git@example.org/x.git"
    assert "0ken" not in redactor.clean("https://t0ken0ken@example.org/x.git#main:sub")


@pytest.mark.parametrize(
    "text",
    [
        f"ENV API_TOKEN={PLANTED}",
        f"ENV A=1 \\\n    API_TOKEN={PLANTED} \\\n    B=2",
        f'ARG DB_PASSWORD="{PLANTED}"',
        f"env DB_PASSWORD {PLANTED}",
        f"RUN tool --password={PLANTED} x",
        f"RUN sh -c 'export KEY={PLANTED}'",
        f'RUN curl -H "Authorization: Bearer {PLANTED}" example.org',
        f'RUN echo \'{{"password": "{PLANTED}"}}\' > x',
        f"ADD https://example.org/x?token={PLANTED} /x",
        f"RUN curl -H 'X-Api-Key: {PLANTED}' example.org",
        f"ADD https://bob:{PLANTED.replace('/', '-')}@example.org/x /x",
        f"/bin/sh -c #(nop)  ENV API_TOKEN={PLANTED}",
        f"|1 API_TOKEN={PLANTED} /bin/sh -c echo hi",
    ],
)
def test_secrets_inside_texts(redactor: Redactor, text: str) -> None:
    cleaned = redactor.clean(text)
    assert "pl4nted" not in cleaned
    assert redactor.clean(cleaned) == cleaned


@pytest.mark.parametrize(
    "text",
    [
        "ghp_" + "a1" * 18,
        "github_pat_" + "a1" * 20,
        "glpat-" + "a1" * 12,
        "AKIAIOSFODNN7EXAMPLE",
        "npm_" + "a1" * 18,
        "xoxb-123456789012-abcdef",
        "eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_token_shapes_are_hidden_whatever_they_are_called(redactor: Redactor, text: str) -> None:
    assert redactor.hide("HARMLESS", text) == redactor.stand_in(text)
    assert redactor.clean(f"failed: {text}!") == f"failed: {redactor.stand_in(text)}!"


def test_a_known_secret_is_hidden_everywhere(redactor: Redactor) -> None:
    redactor.hide("TOKEN", 'quo"ted secret')
    redactor.hide("PASSWORD", "tiger")
    redactor.hide("SECRET", "tigerlily")
    assert "secret" not in redactor.clean('error: quo"ted secret and quo\\"ted secret')
    assert redactor.clean("FROM tigerlilys") == "FROM tigerlilys"
    assert redactor.clean("echo tigerlily") == f"echo {redactor.stand_in('tigerlily')}"
    assert redactor.clean("COPY tiger /") == "COPY tiger /", "a short plain word would be found everywhere"


def test_instructions_without_secrets_stay_as_they_are(redactor: Redactor) -> None:
    for text in (
        "RUN --mount=type=secret,id=token cat /run/secrets/token",
        "RUN sort --key=2 x",
        "COPY --from=build /keys: /",
        "ENV TOKEN=$TOKEN PASSWORD=${PASSWORD:-}",
        "ARG TOKEN",
        "failed to get key: not found",
        "RUN  du -s /",
    ):
        assert redactor.clean(text) == text


PEM = "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----"
ONE = PEM.format("MIIEfirst0key0first0key0first\nkeyA1first0key0first0key")
OTHER = PEM.format("MIIEother0key0other0key0other\nkeyB2other0key0other0key")


@pytest.mark.parametrize(
    ("known", "text"),
    [
        (ONE, f"RUN echo '{OTHER}' > k"),
        (ONE, "ENV X=" + OTHER.replace("\n", "\\n")),
        (ONE, OTHER.replace("RSA ", "")),
        ("Authorization: Bearer first0key", "curl -H 'Authorization: Bearer other0key' x"),
        ("tool --password first0key", "tool --password other0key"),
        ('{"auth_token": "first0key"}', '{"auth_token": "other0key"}'),
        ("x-api-key: first0key", "X-Api-Key: other0key and x-api-key: other0key"),
        ("postgres://me:first0key@h/x", "postgres://me:other0key@h/x"),
        ("//r.example/:_authToken=first0key", "//r.example/:_authToken=other0key"),
        ("machine h login u password first0key", "machine h login u password other0key"),
    ],
)
def test_a_known_secret_hides_no_name_and_no_shape_of_another(known: str, text: str) -> None:
    redactor = Redactor(b"key")
    redactor.hide("SOME_SECRET", known)
    redactor.clean(known)
    assert "other0" not in redactor.clean(text)
    for word in (
        "--password",
        "-----BEGIN",
        "PRIVATE",
        "KEY-----",
        "Authorization:",
        "auth_token",
        "postgres://",
    ):
        assert redactor.clean(f"it says {word}") == f"it says {word}"


HARMLESS_SETTINGS = [
    ("TOKEN_FORMAT", "jwt"),
    ("TOKEN_TYPE", "bearer-token"),
    ("TOKEN_TTL", "3600s"),
    ("TOKEN_ENDPOINT", "https://example.org/token"),
    ("tokenExpiresAt", "2030-01-01"),
    ("KEY_SIZE", "4096"),
    ("KEY_ALGORITHM", "ed25519"),
    ("KEY_ID", "A035C8C1"),
    ("SSH_KEY_TYPE", "rsa"),
    ("MAX_TOKENS", "4096"),
    ("MIN_TOKENS", "4096"),
    ("NUM_TOKENS", "4096"),
    ("PRIMARY_KEY", "id"),
    ("FOREIGN_KEY", "user_id"),
    ("SORT_KEY", "created"),
    ("CACHE_KEY", "v1-modules"),
    ("PARTITION_KEY", "tenant"),
    ("HOT_KEY", "ctrl-x"),
    ("GPG_KEY", "E3FF2839C048B25C084DEBE9B26995E310250568"),
    ("GPG_KEYS", "E3FF2839C048B25C084DEBE9B26995E310250568 A035C8C19219BA821ECEA86B64E628F8D684696D"),
    ("NGINX_GPGKEY", "573BFD6B3D8FBC641079A6ABABF5BD827BD9BF62"),
    ("PWD", "/app"),
    ("OLDPWD", "/root"),
    ("SSH_AUTH_SOCK", "/tmp/agent.1"),
    ("PASSWORD_FILE", "/run/secrets/password"),
    ("POSTGRES_PASSWORD_FILE", "/run/secrets/password"),
    ("SECRET_KEY_PATH", "/etc/app"),
    ("SECRET_NAME", "deploy-secret"),
    ("SECRETS_DIR", "/run/secrets"),
    ("SECRETS_BACKEND", "vaultish"),
    ("PASSWORD_MIN_LENGTH", "12345"),
    ("PASSWORD_POLICY", "strictest"),
    ("PASS_THROUGH", "env"),
    ("COOKIE_DOMAIN", "example.org"),
    ("COOKIE_NAME", "sid_cookie"),
    ("COOKIE_SAMESITE", "Lax"),
    ("SESSION_DRIVER", "redis"),
    ("SESSION_TIMEOUT", "3600"),
    ("AUTH_METHOD", "ldap"),
    ("AUTH_URL", "https://auth.example.org"),
    ("AUTH_SERVER", "auth.example.org"),
    ("OAUTH_CLIENT_ID", "my-app"),
    ("OAUTH_SCOPES", "openid"),
    ("JWT_ALGORITHM", "RS256"),
    ("JWT_ISSUER", "example.org"),
    ("JWT_EXPIRES_IN", "15m"),
    ("PRIVATE_NETWORK", "10.0.0.0/8"),
    ("PRIVATE_REGISTRY", "registry.example.org"),
    ("CREDENTIALS_PROVIDER", "ecr"),
    ("CREDENTIAL_HELPER", "osxkeychain"),
    ("SIGNATURE_VERSION", "s3v4"),
    ("USE_AUTH", "sometimes"),
    ("ENABLE_TOKEN", "later"),
    ("KEYSERVER", "keys.openpgp.org"),
    ("KEYBOARD", "us-intl"),
    ("AUTHOR", "Jane Doe"),
    ("TOKENIZERS_PARALLELISM", "sometimes"),
    ("SSH_PUBLIC_KEY", "ssh-ed25519 AAAA"),
    ("VAULT_TOKEN_FILE", "/root/.vault-token"),
    ("KEYSTORE_PATH", "/etc/keystore.jks"),
    ("SECRET_VERSION", "17.4.2"),
]


@pytest.mark.parametrize(("name", "value"), HARMLESS_SETTINGS)
def test_settings_about_secrets_are_shown_and_hide_nothing(redactor: Redactor, name: str, value: str) -> None:
    assert redactor.hide(name, value) == value
    for text in (f"ENV {name}={value}", f"RUN {name}='{value}' make", f"|1 {name}={value} /bin/sh -c x"):
        assert redactor.clean(text) == text
    assert redactor.clean(f"RUN echo {value} ok") == f"RUN echo {value} ok"


@pytest.mark.parametrize(
    "value",
    [
        "production",
        "dev",
        "postgres",
        "us-east-1",
        "a1b2",
        "8080",
        "3.11.4",
        "/run/secrets/token",
        "/etc/ssl/key.pem",
        "./keys/deploy",
        "RS256",
    ],
)
def test_plain_values_are_hidden_by_their_name_only(redactor: Redactor, value: str) -> None:
    assert redactor.hide("SIGNING_KEY", value) == redactor.stand_in(value)
    assert redactor.clean(f"ENV SIGNING_KEY={value}") == f"ENV SIGNING_KEY={redactor.stand_in(value)}"
    assert redactor.clean(f"NODE_ENV={value}") == f"NODE_ENV={value}"
    assert redactor.clean(f"COPY {value} /x") == f"COPY {value} /x"


@pytest.mark.parametrize("name", ["TOKEN_FORMAT", "PASSWORD_FILE", "SECRET_NAME"])
def test_what_a_machine_drew_is_hidden_under_such_a_name_too(redactor: Redactor, name: str) -> None:
    assert redactor.hide(name, "aB3dE6gH9jK2mN5pQ8sT") == redactor.stand_in("aB3dE6gH9jK2mN5pQ8sT")


def test_stand_ins_depend_on_the_key_and_the_value() -> None:
    one, other = Redactor(b"1"), Redactor(b"2")
    assert one.stand_in("v") == Redactor(b"1").stand_in("v")
    assert len({one.stand_in("v"), other.stand_in("v"), one.stand_in("w")}) == 3


@given(st.text(min_size=1), st.text())
def test_hiding_twice_changes_nothing(name: str, value: str) -> None:
    redactor = Redactor(b"key")
    once = redactor.hide(name, value)
    assert redactor.hide(name, once) == once
    if hides(name, value):
        assert once.startswith("hidden:")


@given(st.text())
def test_any_text_can_be_cleaned(text: str) -> None:
    redactor = Redactor(b"key")
    cleaned = redactor.clean(text)
    assert redactor.clean(cleaned) == cleaned


@pytest.mark.parametrize(
    "text",
    [
        "docker login -u me -p PLANTED99 registry.example",
        "helm login --username me --password PLANTED99",
        "tool --api-key 'PLANTED99' push",
        "tool --token PLANTED99; next",
        "curl -u me:PLANTED99 https://example.org",
        "curl -H 'Authorization: token PLANTED99' https://example.org",
        "machine h.example login me password PLANTED99",
        "sshpass -p PLANTED99 ssh host",
        "mysql -u root -pPLANTED99 db",
    ],
)
def test_secrets_in_command_lines_are_hidden(text: str) -> None:
    cleaned = Redactor(b"key").clean(text)
    assert "PLANTED99" not in cleaned
    assert "hidden:" in cleaned
    assert Redactor(b"key").clean(cleaned) == cleaned


@pytest.mark.parametrize(
    "text",
    [
        "mkdir -p /some/dir && cp -p a b",
        "RUN --mount=type=secret,id=deploy cat /run/secrets/deploy",
        "docker build --secret id=deploy,src=file .",
        "apt-get install -y --no-install-recommends token-tool",
        "useradd -u 1000 app",
        "tool --token $TOKEN --password ${PASSWORD}",
        "COPY --chown=1:2 a /b",
    ],
)
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    assert Redactor(b"key").clean(text) == text
