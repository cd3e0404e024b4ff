"""Rules about variables: parts of their own, or values that a text was expanded with."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from layerfork.diagnose.claims.entryrule import ENTRY_CAUSES, one_sided_paths
from layerfork.diagnose.claims.rule import Case, CauseRule, Finding, Undo
from layerfork.diagnose.claims.valuerule import Say, value_finding
from layerfork.diagnose.compare.parts import Difference
from layerfork.diagnose.compare.variables import claimed_by_origins
from layerfork.diagnose.matching.dockerfiles import declared_names
from layerfork.dockerfile import Dockerfile
from layerfork.dockerfile.recorded import dockerfile_of
from layerfork.record.cause import CauseCode

ORDER_OF_ENV = "order of env"
"""Field of the part that holds the order in which the variables of a RUN are set."""


def variable_rule(
    *,
    code: CauseCode,
    undo: Undo,
    say: Say,
    remedy: str,
    remedies: Mapping[str, str] = MappingProxyType({}),
) -> CauseRule:
    """A rule for ``build-arg`` or ``env``. ``remedies`` are those of variables that need another one."""

    def find(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
        arguments = argument_names(case) if code == "build-arg" else frozenset()
        orders = order_of_names(unclaimed)
        if code == "env":
            yield from _behind_derived(case, unclaimed, argument_names(case), say, remedy)
        for difference in unclaimed:
            if difference.cause == code or (difference.cause == "env" and difference.path in arguments):
                own = remedies.get(difference.path, remedy)
                finding = value_finding(case, difference, code=code, what=say(case, difference), remedy=own)
                yield replace(finding, claims=(difference, *(orders if difference.one_sided else ())))
        if not case.site.origins:
            return
        claims = claimed_by_origins(unclaimed, _named_otherwise(case, unclaimed))
        told: frozenset[str] = frozenset()
        if not claims and code == "build-arg":
            claims = tuple(each for each in unclaimed if _is_derived(case, each, arguments))
            told = frozenset(each.path for each in unclaimed if each.path in arguments or each.cause == code)
        for origin in case.site.origins if claims else ():
            if origin.cause == code and origin.path not in told:
                own = remedies.get(origin.path, remedy)
                finding = value_finding(case, origin, code=code, what=say(case, origin), remedy=own)
                yield replace(finding, claims=(), shared=claims)

    return CauseRule(code=code, find=find, undo=undo)


def _behind_derived(
    case: Case, unclaimed: tuple[Difference, ...], arguments: frozenset[str], say: Say, remedy: str
) -> Iterator[Finding]:
    """Variables that have another value by now, and were set otherwise when others of the environment were
    made from them: by lines that read otherwise."""
    held = {each.path for each in unclaimed if each.cause == "env"}
    derived = tuple(each for each in unclaimed if _is_derived(case, each, arguments))
    for origin in case.site.origins if derived else ():
        if origin.cause == "env" and origin.path not in held and not _is_set_alike(case, origin.path):
            finding = value_finding(case, origin, code=CauseCode.ENV, what=say(case, origin), remedy=remedy)
            yield replace(finding, claims=(), shared=derived)


def _is_derived(case: Case, difference: Difference, arguments: frozenset[str]) -> bool:
    """A variable whose ENV lines read alike in both Dockerfiles: its value is that of what they name."""
    name = difference.path
    if difference.cause != "env" or not name or name in arguments:
        return False
    return _is_set_alike(case, name)


def _is_set_alike(case: Case, name: str) -> bool:
    lines = [_setters(dockerfile_of(each.record), name) for each in (case.writer, case.reader)]
    return bool(lines[0]) and lines[0] == lines[1]


def _setters(dockerfile: Dockerfile | None, name: str) -> list[str]:
    found = dockerfile.instructions if dockerfile is not None else ()
    return [each.text for each in found if each.keyword == "ENV" and name in dict(each.pairs)]


def _named_otherwise(case: Case, unclaimed: tuple[Difference, ...]) -> frozenset[str]:
    """Paths of entries that may differ because a variable names other sources."""
    if case.reads_elsewhere:
        return frozenset(each.path for each in unclaimed if each.cause in ENTRY_CAUSES)
    return frozenset().union(*one_sided_paths(case, unclaimed))


def argument_names(case: Case) -> frozenset[str]:
    """Names that are build arguments and no environment variables of the Dockerfile.

    BuildKit holds both as the environment of a RUN; given ones are among the origins of a step.
    """
    names = {
        origin.path
        for view in (case.writer_view, case.reader_view)
        for origin in view.key.origins
        if origin.cause == "build-arg"
    }
    for build in (case.writer, case.reader):
        dockerfile = dockerfile_of(build.record)
        names |= declared_names(dockerfile, "ARG") - declared_names(dockerfile, "ENV")
    return frozenset(names)


def order_of_names(unclaimed: tuple[Difference, ...]) -> tuple[Difference, ...]:
    """Orders of variables that differ only because a variable is there or not."""
    return tuple(
        each
        for each in unclaimed
        if each.cause == "instruction-order"
        and each.field == ORDER_OF_ENV
        and _common(each.writer, each.reader) == _common(each.reader, each.writer)
    )


def _common(names: str | None, others: str | None) -> list[str]:
    kept = set((others or "").split())
    return [name for name in (names or "").split() if name in kept]
