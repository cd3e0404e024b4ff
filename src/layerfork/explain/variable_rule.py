"""Rules about variables: parts of their own, or values that a text was expanded with."""

from collections.abc import Iterator

from layerfork.explain.difference import Difference
from layerfork.explain.entry_rule import one_sided_paths
from layerfork.explain.finding import Case, CauseRule, Finding, Strength
from layerfork.explain.origins import claimed_by_origins
from layerfork.explain.value_rule import Say, value_finding


def variable_rule(*, code: str, builders: tuple[str, ...], say: Say, remedy: str) -> CauseRule:
    """A rule for ``build-arg`` or ``env``."""

    def find(case: Case, open_: tuple[Difference, ...]) -> Iterator[Finding]:
        for difference in open_:
            if difference.cause == code:
                yield value_finding(case, difference, code=code, what=say(case, difference), remedy=remedy)
        absent = frozenset().union(*one_sided_paths(case, open_)) if case.site.origins else frozenset()
        claims = claimed_by_origins(open_, absent) if case.site.origins else ()
        if not any(each.path not in absent for each in claims):
            return
        for origin in case.site.origins:
            if origin.cause == code:
                finding = value_finding(case, origin, code=code, what=say(case, origin), remedy=remedy)
                yield Finding(
                    code=code,
                    path=origin.path,
                    field=origin.field,
                    writer=finding.writer,
                    reader=finding.reader,
                    what=finding.what,
                    evidence=finding.evidence,
                    remedy=remedy,
                    claims=claims,
                    strength=Strength.KEYS if _is_needed(case, origin, claims) else Strength.GUESS,
                )

    return CauseRule(code=code, builders=builders, find=find)


def _is_needed(case: Case, origin: Difference, claims: tuple[Difference, ...]) -> bool:
    """The variable is the only one that changed, or both its values stand in the differing texts."""
    if len(case.site.origins) == 1:
        return True
    return any(
        (origin.writer or "") in (each.writer or "")
        and (origin.reader or "") in (each.reader or "")
        and origin.writer
        and origin.reader
        for each in claims
    )
