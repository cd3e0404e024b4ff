"""Rules of the classic builder that changed from version to version."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from layerfork.context.ignore.gopatterns import Excluder
from layerfork.context.ignore.moby import moby_matcher, old_moby_matcher_of
from layerfork.record.engine import Release, parse_release, parse_version
from layerfork.releases import grammar_of_engine

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY")


def _both_cases(*names: str) -> frozenset[str]:
    return frozenset({*names, *(name.lower() for name in names)})


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassicRules:
    """What holds for one engine; the defaults are those of 25.0 to 29.4."""

    known: bool = True
    """False when the engine's version was not recorded: the newest common rules are assumed, and
    keys that depend on the version say that it is unknown."""
    health_form: str = "%q"
    """Format of the HEALTHCHECK comment: ``%q``, ``%v`` or ``%+v``.

    Source: moby/moby builder/dockerfile/dispatchers.go @ v20.10.24 to docker-v29.4.3 (``%q``);
    commit 5d143db66b, since docker-v29.5.0 (``%+v``); Debian's 28.5.2+dfsg4 was measured to write ``%v``.
    """
    start_interval: bool = True
    """HEALTHCHECK has a start interval. Source: moby/moby api/types/container/config.go @ v25.0.0."""
    chown_blank: bool = True
    """A blank follows ``--chown=…`` in the comment. Source: moby/moby commit 43b1afb2cf, since v25.0.0."""
    follows_inner_links: bool = True
    """A link inside a copied directory counts as what it leads to. Source: moby/moby
    builder/tarsum.go:Walk @ v1.9.1 (not yet), builder/remotecontext/archive.go @ v17.12.1-ce."""
    owner_names: bool = False
    """Owner names of tar entries are hashed.
    Source: moby/moby commit a422774e59: no longer since v18.06.0-ce."""
    shares_words: bool = True
    """What stands before a ``${x:-word}`` in its word of an EXPOSE is lost: see `Grammar.shares_words`.
    Measured on 26.1.5 (not yet) and 28.5.2; no other instruction splits its text into words so late."""
    compares_platforms: bool = True
    """Only images of the platform that the build is for are candidates.
    Source: moby/moby image/cache/cache.go:getLocalCachedImage, since v23.0.10, v24.0.9 and v25.0.2."""
    proxies: frozenset[str] = _both_cases(*_PROXIES, "ALL_PROXY")
    """Arguments that need no ARG.
    Source: moby/moby builder/dockerfile/buildargs.go @ v23.0.0 (ALL_PROXY is new there)."""
    ignore_matcher: Callable[[Iterable[str]], Excluder] = moby_matcher
    """How the engine reads the patterns that may have it remove the Dockerfile and the ignore file.
    Source: moby/moby builder/remotecontext/detect.go:removeDockerfile @ v20.10.24 and v23.0.0."""


def classic_rules(engine_version: str) -> ClassicRules:
    """Rules of an engine by its version text, such as ``26.1.5+dfsg1``; empty when unknown."""
    version = parse_version(engine_version)
    if version is None:
        return ClassicRules(known=False)
    health_form = "%+v" if version >= (29, 5) else "%q"
    if version == (28, 5) and "+dfsg" in engine_version:
        health_form = "%v"
    newest, grammar = ClassicRules(), grammar_of_engine(engine_version)
    return ClassicRules(
        health_form=health_form,
        start_interval=version >= (25, 0),
        chown_blank=version >= (25, 0),
        follows_inner_links=version >= (17, 12),
        owner_names=version < (18, 6),
        shares_words=grammar is not None and grammar.shares_words,
        compares_platforms=_compares_platforms(parse_release(engine_version)),
        proxies=newest.proxies if version >= (23, 0) else _both_cases(*_PROXIES),
        ignore_matcher=moby_matcher if version >= (23, 0) else old_moby_matcher_of(engine_version),
    )


def _compares_platforms(release: Release | None) -> bool:
    """The filter came with one release of each branch."""
    first = {(23, 0): 10, (24, 0): 9, (25, 0): 2}
    return release is None or (release >= (23, 0, 0) and release[2] >= first.get(release[:2], 0))
