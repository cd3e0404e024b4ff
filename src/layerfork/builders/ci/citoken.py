"""The token that a person or a job has for a CI system, for one host and no other."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from layerfork.builders.process import ProgramMissingError, run
from layerfork.errors import UsageError
from layerfork.record.build import Command

_PROGRAM_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token; it is in no representation."""

    value: str = field(default="", repr=False)
    """Empty when there is none."""
    source: str = ""
    """The variable or program that it comes from."""


def github_token(host: str, environment: Mapping[str, str]) -> Token:
    """The token for a host of GitHub, by the rules of ``gh``.

    ``GH_TOKEN`` and ``GITHUB_TOKEN`` are for github.com, its subdomains and the server whose job this is;
    ``GH_ENTERPRISE_TOKEN`` and ``GITHUB_ENTERPRISE_TOKEN`` for other servers.
    Source: cli/cli docs, `gh help environment`; docs.github.com, default variables (GITHUB_SERVER_URL).
    """
    served = {_host(environment.get(name, "")) for name in ("GITHUB_SERVER_URL", "GITHUB_API_URL")}
    if host == "github.com" or host.endswith(".ghe.com") or host in served:
        names = ("GH_TOKEN", "GITHUB_TOKEN")
    else:
        names = ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")
    found = _of_variables(names, environment)
    return found if found.value else _of_program(("gh", "auth", "token", "--hostname", host), environment)


def gitlab_token(host: str, environment: Mapping[str, str]) -> Token:
    """The token for a host of GitLab; of ``CI_JOB_TOKEN`` the source is that name.

    ``GITLAB_TOKEN`` is for the host that ``GITLAB_HOST`` names, else gitlab.com, and for the server whose job
    this is; ``CI_JOB_TOKEN`` for that server alone.
    Source: gitlab-org/cli docs (environment variables, `glab config get`); docs.gitlab.com, predefined
    variables (CI_SERVER_HOST).
    """
    named = _host(environment.get("GITLAB_HOST", "")) or "gitlab.com"
    served = _host(environment.get("CI_SERVER_URL", ""))
    found = Token()
    if host in (named, served):
        found = _of_variables(("GITLAB_TOKEN",), environment)
    if not found.value and host == served:
        found = _of_variables(("CI_JOB_TOKEN",), environment)
    return (
        found if found.value else _of_program(("glab", "config", "get", "token", "--host", host), environment)
    )


def _host(address: str) -> str:
    """The host, with its port where it has one, of a URL or of a bare host."""
    return urlsplit(address if "://" in address else f"//{address}").netloc.rpartition("@")[2]


def _of_variables(names: tuple[str, ...], environment: Mapping[str, str]) -> Token:
    """The first variable that is set. Raises: UsageError for what no header can hold."""
    for name in names:
        value = environment.get(name, "").strip()
        if value and not _is_token(value):
            raise UsageError(f"{name} holds no token: it has blanks or other signs that no token has")
        if value:
            return Token(value=value, source=name)
    return Token()


def _is_token(value: str) -> bool:
    return value.isascii() and value.isprintable() and " " not in value


def _of_program(argv: tuple[str, ...], environment: Mapping[str, str]) -> Token:
    """What a program prints; no token where it is missing, fails or has none."""
    try:
        done = run(Command(argv=argv, env=dict(environment)), _PROGRAM_S)
    except ProgramMissingError:
        return Token()
    value = done.stdout.strip()
    usable = done.ok and value and _is_token(value)
    return Token(value=value, source=argv[0]) if usable else Token()
