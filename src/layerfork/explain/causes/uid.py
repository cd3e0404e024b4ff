"""Owner id of an entry: some clients send the real one, others 0."""

from collections.abc import Iterator
from dataclasses import replace

from layerfork.explain.claims.entryrule import entry_findings
from layerfork.explain.claims.rule import Case, CauseRule, Finding
from layerfork.explain.compare.builds import JudgedBuild
from layerfork.explain.compare.copied import clean_path
from layerfork.explain.compare.differences import Difference

CODE = "uid"
REMEDY = (
    "reset the owner: build from a root-owned copy, make the tar with `--owner=0`, or use a client "
    "that sends 0"
)
_NOT_ROOT = "not 0"
"""All that buildah's digest says of a file that is not root's."""


def find(case: Case, open_: tuple[Difference, ...]) -> Iterator[Finding]:
    """Own differences; with the ids that were sent where the key holds less."""
    shown = {_with_ids(case, each): each for each in open_ if each.cause == CODE}
    for finding in entry_findings(case, list(shown), code=CODE, noun=CODE, remedy=REMEDY):
        yield replace(finding, claims=tuple(shown[claim] for claim in finding.claims))


def _with_ids(case: Case, difference: Difference) -> Difference:
    return replace(
        difference,
        writer=_id(case.writer, difference.path, difference.writer),
        reader=_id(case.reader, difference.path, difference.reader),
    )


def _id(build: JudgedBuild, path: str, value: str | None) -> str | None:
    manifest = build.record.context
    if value != _NOT_ROOT or manifest is None:
        return value
    return next((str(each.uid) for each in manifest.entries if clean_path(each.name) == path), value)


RULE = CauseRule(code=CODE, builders=("classic", "buildkit", "buildah"), find=find)
