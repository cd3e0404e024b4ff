"""Lines of ignore files that do not what they look like."""

from collections.abc import Iterator

from layerfork.context.ignore.ignorefile import before_comment, read_docker_ignorefile
from layerfork.context.ignore.moby import moby_matcher
from layerfork.errors import UsageError
from layerfork.lint.lintedfiles import FileKind, SourceFile
from layerfork.lint.rule import LintRule, Project, Violation
from layerfork.record import gopath
from layerfork.record.answer import Edit, Fix
from layerfork.record.lint import TrapCode


def find_dead_rules(project: Project) -> Iterator[Violation]:
    """Patterns of ``.dockerignore`` that cannot match anything, or change nothing, as Docker reads them."""
    for source in project.of_kind(FileKind.IGNORE):
        if source.path.name.endswith(".dockerignore"):
            yield from _of_file(source)


def malformed_lines(source: SourceFile) -> Iterator[tuple[int, str]]:
    """Lines of a ``.dockerignore`` for which Docker refuses every build, and why."""
    if source.kind is not FileKind.IGNORE or not source.path.name.endswith(".dockerignore"):
        return
    for number, line in enumerate(source.lines, 1):
        try:
            moby_matcher(read_docker_ignorefile(line)).excludes("x")
        except UsageError as error:
            yield number, error.message


def _of_file(source: SourceFile) -> Iterator[Violation]:
    excludes = False
    for number, line in enumerate(source.lines, 1):
        text = gopath.trim_space(line)
        if line.startswith("#") or not text:
            continue
        is_exception = text.startswith("!")
        if is_exception and not excludes:
            cost = "no line above excludes anything, so this keeps nothing: the last rule that matches counts"
            fix = Fix(sentence="put it below the rule that it excepts from")
            yield _found(source, number, text, cost, fix)
        elif found := _dead(gopath.trim_space(text.removeprefix("!"))):
            cost, better = found
            yield _found(source, number, text, cost, _written(source, number, better))
        excludes = excludes or not is_exception


def _written(source: SourceFile, number: int, better: str) -> Fix:
    if not better:
        return Fix(sentence="take the line out, or name what lies in the context")
    before = (source.lines[number - 1],)
    edit = Edit(file=str(source.path), line=number, before=before, after=(better,))
    return Fix(sentence=f"write `{better}`", edits=(edit,))


def _dead(pattern: str) -> tuple[str, str] | None:
    """Why a pattern matches nothing, and what was meant."""
    cleaned = gopath.clean(pattern) if pattern else ""
    if cleaned == ".." or cleaned.startswith("../"):
        return "it leads out of the context, so it matches nothing", ""
    if meant := before_comment(pattern):
        return (
            "a # after a pattern belongs to it, so it matches nothing: what was to be left out is sent",
            meant,
        )
    return None


def _found(source: SourceFile, line: int, text: str, cost: str, fix: Fix) -> Violation:
    return Violation(source=source, line=line, subject=text, cost=cost, fix=fix)


IGNORING = (LintRule(code=TrapCode.DEAD_IGNORE_RULE, find=find_dead_rules),)
