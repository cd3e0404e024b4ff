"""The bytes of a file."""

import posixpath
from collections.abc import Iterator, Sequence
from itertools import takewhile

from layerfork.diagnose.causes.edits import BY_NAME, ignore_file, lines_of, put_back, quoted
from layerfork.diagnose.causes.entryundo import undo_attribute
from layerfork.diagnose.causes.forms import EVIDENCE_LIMIT, distinct_paths
from layerfork.diagnose.causes.material import Material
from layerfork.diagnose.causes.options import undo_source
from layerfork.diagnose.causes.rule import Case, CauseRule, Finding, PatternFix
from layerfork.diagnose.causes.scene import Scene
from layerfork.diagnose.causes.wording import count_by_directory, name_paths, paths_of, show_value, verb
from layerfork.diagnose.compare.differences import Difference
from layerfork.diagnose.compare.entries import entries_of
from layerfork.diagnose.compare.structure import instructions_in
from layerfork.dockerfile import Instruction
from layerfork.dockerfile.installs import MANIFESTS, Install, install_of
from layerfork.record.answer import NOTHING_TO_FIX, Cause, Edit, Fix, Situation
from layerfork.record.cause import CauseCode
from layerfork.record.change import Change
from layerfork.record.record import BuildRecord, StepStatus


def undo_content(material: Material, finding: Finding) -> tuple[Change, ...]:
    """Files have the writer's content; so has what was copied from an image."""
    if any(each.field == "source" for each in finding.claims):
        return undo_source(material, finding)
    return undo_attribute(material, finding)


def _say_content(scene: Scene, cause: Cause) -> str:
    paths = paths_of(scene, cause)
    if scene.again:
        return f"{name_paths(paths)} changed"
    return f"{name_paths(paths)} {verb(paths, 'differs', 'differ')}"


_BETWEEN = frozenset(
    {"LABEL", "EXPOSE", "CMD", "ENTRYPOINT", "STOPSIGNAL", "HEALTHCHECK", "MAINTAINER", "RUN"}
)
"""What may stand between the copy and the install step: nothing that the latter needs."""


def install_first(scene: Scene, paths: Sequence[str]) -> Fix | None:
    """Put the install step above the copy; None where none follows, or where it reads what changed."""
    copy = scene.instruction
    if copy is None or copy.keyword not in ("COPY", "ADD") or copy.flag("from") or copy.heredocs:
        return None
    found = _install_below(scene, copy)
    manifests = _manifests(scene, found) if found is not None else None
    if found is None or manifests is None or any(path in manifests for path in paths):
        return None
    return _swap(scene, copy, found, manifests)


def _install_below(scene: Scene, copy: Instruction) -> Install | None:
    """The install step that was built again because of the copy, if nothing between them is in its way."""
    instructions = instructions_in(scene.dockerfile)
    below = [each for each in instructions if each.stage == copy.stage and each.first_line > copy.first_line]
    between = list(takewhile(lambda each: each.keyword in _BETWEEN, below))
    run = next((each for each in between if each.keyword == "RUN"), None)
    if run is None:
        return None
    built_again = {step.line or step.index for step in scene.later_steps()}
    index = next((step for step, own in scene.instructions.items() if own == run), 0)
    return install_of(run) if built_again & {run.first_line, index} else None


def _manifests(scene: Scene, install: Install) -> tuple[str, ...] | None:
    """Files of the context that the step reads; None where they are not there."""
    installer = install.installer
    if install.named is not None:
        path = posixpath.normpath(install.named)
        return (path,) if scene.has(path) else None
    there = tuple(each for each in installer.manifests if scene.has(each))
    if not installer.manifests:
        return ()
    return there if installer.manifests[0] in there else None


def _swap(scene: Scene, copy: Instruction, install: Install, manifests: tuple[str, ...]) -> Fix | None:
    run, installer = install.run, install.installer
    copies_all = "." in copy.sources or "./" in copy.sources
    # A COPY of several directories would need one line each, and the copied paths would change.
    if not copies_all or any("/" in each for each in manifests):
        return None
    lines = lines_of(scene, run)
    first = (_copy_of(copy, manifests),) if manifests else ()
    edits = (
        Edit(file=scene.file, line=copy.first_line, after=(*first, *lines)),
        Edit(file=scene.file, line=run.first_line, before=lines),
    )
    what = f"`{first[0]}` and line {run.first_line}" if first else f"line {run.first_line} (it reads no file)"
    return Fix(
        sentence=f"install before copying: put {what} above line {copy.first_line}",
        edits=edits,
        warning=installer.warning and f"safe {installer.warning}",
    )


def _copy_of(copy: Instruction, manifests: tuple[str, ...]) -> str:
    """A COPY of these files alone, with the owner and mode of the whole one."""
    target = copy.arguments[-1]
    place = target if target.endswith("/") else f"{target}/"
    flags = "".join(f" --{name}={value}" for name, value in copy.flags if name in ("chown", "chmod"))
    return f"COPY{flags} {' '.join(manifests)} {place}"


def _fix_content(scene: Scene, cause: Cause) -> Fix | PatternFix:
    paths = paths_of(scene, cause)
    if (fix := install_first(scene, paths)) is not None:
        return PatternFix("install-after-copy", fix)
    if scene.situation is Situation.CLIENTS:
        sent = f"they sent different content for {name_paths(paths)}"
        return Fix(sentence=f"give both clients the same context: {sent}")
    if scene.situation is Situation.MACHINES:
        return _one_version(scene, paths)
    if scene.situation is Situation.TWICE:
        return Fix(sentence=_generated(scene, paths))
    if any(path.rpartition("/")[2] in MANIFESTS for path in paths):
        return put_back(scene, paths)
    return Fix(sentence=_expected(scene, paths))


def _one_version(scene: Scene, paths: list[str]) -> Fix:
    asked = paths[:BY_NAME]
    if not all(map(scene.is_in_git, asked)):
        return Fix(sentence=f"build both from the same version of {name_paths(paths)}")
    look = f"git status --short {quoted(asked)}"
    return Fix(sentence=f"build both from the same commit: `{look}` on each machine shows local edits")


def _generated(scene: Scene, paths: list[str]) -> str:
    they = verb(paths, "it", "them")
    left_out = f"exclude {they} in {ignore_file(scene)}"
    return f"write the same {name_paths(paths)} in every build; if no step needs {they}, {left_out}"


def _expected(scene: Scene, paths: list[str]) -> str:
    if not scene.fork.consequences:
        return f"{NOTHING_TO_FIX}: this step reads the edited files, and {_followed(scene)}"
    place = f"line {scene.line}" if scene.line else f"step {scene.fork.step}"
    return f"expected after that edit; move steps that do not need {name_paths(paths)} above {place}"


def _followed(scene: Scene) -> str:
    """How the steps below ended; none of them missed for this reason alone."""
    below = (step for step in scene.reader.steps if step.index > scene.fork.step)
    if any(step.status is not StepStatus.HIT for step in below):
        return "the later steps that were built again have a cause of their own as well"
    return "no later step was built again"


CONTENT_REMEDY = (
    "if the change was not intended: fix line endings (.gitattributes, core.autocrlf) and exclude generated "
    "files from the context; else copy last what changes often"
)


def find_content(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """Own differences of all files together: content has no value that files could share."""
    own = [each for each in unclaimed if each.cause == CauseCode.CONTENT]
    if not own:
        return
    paths = distinct_paths(own)
    first = next((each for each in own if "size" not in each.field), own[0])
    yield Finding(
        code=CauseCode.CONTENT,
        path=first.path,
        field=first.field,
        writer=show_value(first.writer),
        reader=show_value(first.reader),
        evidence=tuple(_evidence(case, own, paths)),
        more=len(paths) - 1,
        claims=tuple(own),
    )


def _evidence(case: Case, own: list[Difference], paths: list[str]) -> Iterator[str]:
    for each in own[:EVIDENCE_LIMIT]:
        label = f"{each.field or CauseCode.CONTENT} of {each.path or '.'}"
        yield case.both_sides(label, show_value(each.writer), show_value(each.reader))
    if len(own) == 1:
        yield f"size of {paths[0]}: {_sizes(case, own[0])}"
    if len(own) > EVIDENCE_LIMIT:
        yield f"… {len(paths):,} files in all, by directory:"
        yield from count_by_directory(paths, EVIDENCE_LIMIT)


def _sizes(case: Case, difference: Difference) -> str:
    reader, writer = (
        _size(case.reader.record, difference.reader),
        _size(case.writer.record, difference.writer),
    )
    if reader is None or writer is None:
        return "sizes unknown"
    if reader == writer:
        return f"both {reader:,} bytes"
    return f"{case.reader_name} {reader:,} bytes, {case.writer_name} {writer:,} bytes"


def _size(record: BuildRecord, content: str | None) -> int | None:
    if not content:
        return None
    return next((entry.size for entry in entries_of(record) if entry.content == content), None)


CONTENT = CauseRule(
    code=CauseCode.CONTENT,
    say=_say_content,
    remedy=CONTENT_REMEDY,
    fix=_fix_content,
    find=find_content,
    undo=undo_content,
)
"""The bytes of a file."""


RULES = (CONTENT,)
