"""Which build arguments count as secret."""

import pytest

from layerfork.record.secrets import looks_secret


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API_TOKEN", "abc"),
        ("npm_token", "abc"),
        ("DB_PASSWORD", "abc"),
        ("AWS_SECRET_ACCESS_KEY", "abc"),
        ("SSH_KEY", "abc"),
        ("GITHUBTOKEN", "abc"),
        ("INDEX", "https://ada:pw@example.org/simple"),
        ("WHATEVER", "ghp_0123456789abcdef0123"),
        ("WHATEVER", "-----BEGIN OPENSSH PRIVATE KEY-----"),
    ],
)
def test_secret(name: str, value: str) -> None:
    assert looks_secret(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VERSION", "1.2.3"),
        ("KEYBOARD", "de"),
        ("AUTHOR", "Ada"),
        ("MONKEY", "yes"),
        ("URL", "https://example.org/a:b@c"),
        ("API_TOKEN", ""),
    ],
)
def test_no_secret(name: str, value: str) -> None:
    assert not looks_secret(name, value)
