"""The builds are for different platforms, so everything from FROM on differs."""

from collections.abc import Iterator

from layerfork.explain.claims.rule import Case, CauseRule, Finding
from layerfork.explain.claims.valuerule import show_value, value_finding
from layerfork.explain.compare.differences import Difference

CODE = "platform"
REMEDY = "name the platform in every build: --platform linux/amd64, or FROM --platform="


def find(case: Case, open_: tuple[Difference, ...]) -> Iterator[Finding]:
    """A platform part differs, or the base does because another platform was asked for."""
    own = [difference for difference in open_ if difference.cause == CODE]
    bases = [difference for difference in open_ if difference.cause == "base-image"]
    mine, theirs = case.writer.record.request.platform, case.reader.record.request.platform
    if own:
        for difference in own:
            what = (
                f"{case.reader_name} built for {show_value(difference.reader)}, "
                f"{case.writer_name} for {show_value(difference.writer)}"
            )
            yield value_finding(case, difference, code=CODE, what=what, remedy=REMEDY)
    elif bases and mine != theirs:
        yield Finding(
            code=CODE,
            field="platform",
            writer=mine,
            reader=theirs,
            what=(
                f"{case.reader_name} asked for platform {theirs or 'of the engine'}, "
                f"{case.writer_name} for {mine or 'that of the engine'}, and the base image differs"
            ),
            evidence=tuple(
                f"{each.field} {each.path}: {case.reader_name} {show_value(each.reader)}, "
                f"{case.writer_name} {show_value(each.writer)}"
                for each in bases
            ),
            remedy=REMEDY,
            claims=tuple(bases),
        )


RULE = CauseRule(code=CODE, builders=("classic", "buildkit", "buildah"), find=find)
