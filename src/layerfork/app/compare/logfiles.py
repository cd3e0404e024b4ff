"""What lies at hand beside two logs: the Dockerfile that was built, and the commits that they name."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from posixpath import normpath

from layerfork.app.history.trees import DIRTY, REVISION
from layerfork.app.lint import find_traps
from layerfork.builders.commits.commitlist import Repository, commit_id, find_repository
from layerfork.builders.commits.objects import TreeRow, Trees
from layerfork.dockerfile import Dockerfile, Instruction, keyword_of
from layerfork.dockerfile.parser import parse_dockerfile
from layerfork.dockerfile.recorded import printed_instruction
from layerfork.errors import LayerforkError
from layerfork.lint.dockerfiles import reads_context
from layerfork.lint.linter import suspect
from layerfork.record.answer import CauseStatus
from layerfork.record.lint import Trap, TrapCode
from layerfork.record.record import BuildRecord, StepRecord
from layerfork.record.run import Suspicion

_DIRECTORY = 0o040000
_VARIABLE = re.compile(r"\\\$(?:\\\{[^}]*\}|\w+)")
_LINE = re.compile(r"\bline(s?) (?=\d)")
_IN_A_STAGE = ("RUN", "COPY", "ADD", "WORKDIR")
"""Instructions that every builder prints, as they stand there but for their variables."""
_RULES = (
    *(TrapCode.COPY_BEFORE_INSTALL, TrapCode.ARG_BEFORE_INSTALL),
    *(TrapCode.DOCKERFILE_COPIED, TrapCode.REPOSITORY_COPIED),
)
"""Rules that say something of builds on another machine; the modes of this checkout do not."""


# The Dockerfile.


@dataclass(frozen=True, slots=True, kw_only=True)
class AtHand:
    """A Dockerfile on disk that has every line which a log shows."""

    path: Path
    dockerfile: Dockerfile
    lines: Mapping[int, int]
    """Step index to line; a step that several lines may be is left out."""


def find_dockerfile(record: BuildRecord, directory: Path) -> AtHand | None:
    """The Dockerfile of a build: that of its record, or one in a directory, if it fits the build's steps."""
    name = record.request.dockerfile_name or "Dockerfile"
    for path in dict.fromkeys(directory / each for each in (record.place.dockerfile, name) if each):
        try:
            dockerfile = parse_dockerfile(path.read_bytes().decode(), path.name)
        except (OSError, ValueError, LayerforkError):
            continue
        lines = _lines(dockerfile, record.steps)
        if lines:
            return AtHand(path=path, dockerfile=dockerfile, lines=lines)
    return None


def _lines(dockerfile: Dockerfile, steps: Sequence[StepRecord]) -> Mapping[int, int] | None:
    """The line of each step; None where one fits no line, so it is another Dockerfile."""
    patterns = [(each, _pattern(each)) for each in dockerfile.instructions if each.keyword in _IN_A_STAGE]
    found: dict[int, int] = {}
    for step in steps:
        words = step.instruction.split()
        if not words or words[0].upper() not in _IN_A_STAGE:
            continue
        text = " ".join((words[0].upper(), *words[1:]))
        fitting = [each for each, pattern in patterns if pattern.fullmatch(text)]
        if not fitting:
            return None
        if len(fitting) == 1:
            found[step.index] = fitting[0].first_line
    return found


def _pattern(instruction: Instruction) -> re.Pattern[str]:
    """What a builder prints for an instruction: variables may be replaced, a here-document follows."""
    words = instruction.text.split()
    text = _VARIABLE.sub(".*", re.escape(" ".join((words[0].upper(), *words[1:]))))
    return re.compile(f"{text}.*" if instruction.heredocs else text, re.DOTALL)


def is_from(step: StepRecord) -> bool:
    return keyword_of(step.instruction) == "FROM"


def arguments_above(step: StepRecord, steps: Sequence[StepRecord], at_hand: AtHand | None) -> tuple[str, ...]:
    """Names of the ARGs above a step in its stage, by the Dockerfile or as the builder printed them."""
    line = at_hand.lines.get(step.index, 0) if at_hand is not None else 0
    below = at_hand.dockerfile.at_line(line) if at_hand is not None else None
    if at_hand is not None and below is not None:
        stage = at_hand.dockerfile.stages[below.stage].instructions
        above = [each for each in stage if each.first_line < below.first_line]
    else:
        before = [each for each in steps if each.stage == step.stage and each.index < step.index]
        begin = max((place for place, each in enumerate(before) if is_from(each)), default=0)
        above = [found for each in before[begin:] if (found := printed_instruction(each.instruction))]
    return tuple(dict.fromkeys(name for each in above if each.keyword == "ARG" for name, _ in each.pairs))


# What lint says of the lines.


def suspicions_of_lint(
    record: BuildRecord, at_hand: AtHand | None, first: Sequence[StepRecord]
) -> Mapping[int, Sequence[Suspicion]]:
    """What lint says of each step's line, by step index. ``first`` are the steps that missed by themselves.

    Of a log whose Dockerfile is not at hand only what its lines show.
    """
    if at_hand is None:
        return _of_lines_alone(record.steps)
    traps = find_traps([str(at_hand.path)], _RULES, ()).traps
    step_at = {line: step for step, line in at_hand.lines.items()}
    found: dict[int, list[Suspicion]] = defaultdict(list)
    for trap in traps:
        step = step_at.get(trap.line) or _run_below(at_hand, trap.line, first)
        if step:
            found[step].append(_suspicion(trap))
    return found


def _run_below(at_hand: AtHand, line: int, first: Sequence[StepRecord]) -> int:
    """An ARG is no step: the first RUN of its stage that missed by itself is what it may have changed."""
    above = at_hand.dockerfile.at_line(line)
    for step in first:
        below = at_hand.dockerfile.at_line(at_hand.lines.get(step.index, 0))
        if above is None or below is None or above.keyword != "ARG" or below.keyword != "RUN":
            continue
        if below.stage == above.stage and below.first_line > line:
            return step.index
    return 0


def _of_lines_alone(steps: Sequence[StepRecord]) -> Mapping[int, Sequence[Suspicion]]:
    """The steps as a Dockerfile whose lines are their places."""
    first = next((step.platform for step in steps if step.platform), "")
    own = [step for step in steps if step.platform in ("", first)]
    text = "\n".join(map(_line_of, own))
    try:
        dockerfile = parse_dockerfile(text, "Dockerfile")
    except LayerforkError:
        return {}
    found: dict[int, list[Suspicion]] = defaultdict(list)
    for trap in suspect(dockerfile, text):
        step = own[trap.line - 1]
        found[step.index].append(_suspicion(_by_steps(trap)))
    return found


def _line_of(step: StepRecord) -> str:
    """The instruction in one line; one that says nothing where what was printed is not a whole one."""
    instruction = printed_instruction(step.instruction)
    text = " ".join(step.instruction.split())
    return "RUN :" if instruction is None or instruction.heredocs or text.endswith("\\") else text


def _by_steps(trap: Trap) -> Trap:
    """Its lines are the numbers of steps."""
    cost, fix = (_LINE.sub(r"step\1 ", text) for text in (trap.cost, trap.fix.sentence))
    return replace(trap, cost=cost, fix=replace(trap.fix, sentence=fix))


def _suspicion(trap: Trap) -> Suspicion:
    return Suspicion(status=CauseStatus.SUSPECTED, code=trap.code, text=trap.cost, fix=trap.fix.sentence)


# The files of commits.


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """The files that differ between the commits of two builds."""

    paths: tuple[str, ...]
    """From the top of the working tree, sorted."""
    span: str
    """``between 1a2b3c4 and 5d6e7f8``."""

    def named_by(self, instruction: Instruction) -> tuple[str, ...]:
        """Those that a COPY or ADD may read. Where the context lies in the tree is not known, so a path
        counts where any part of it fits."""
        words = list(filter(_is_path, instruction.sources))
        return tuple(path for path in self.paths if any(_may_be(path, word) for word in words))


def reads_files(instruction: Instruction) -> bool:
    """Whether a line copies files of the context that a commit may hold."""
    return reads_context(instruction) and any(map(_is_path, instruction.sources))


def _is_path(word: str) -> bool:
    return "://" not in word and not word.startswith("git@")


def changed_files(writer: BuildRecord, reader: BuildRecord, directory: Path) -> Changed | None:
    """The files that two builds' commits changed, in the repository of a directory.

    None where a build names no commit, or the repository does not have it.
    """
    try:
        repository = find_repository(directory)
        ids = [_commit_of(record, repository) for record in (writer, reader)]
        if not all(ids):
            return None
        trees = Trees(repository)
        before, after = (dict(trees.rows(each)) for each in ids)
    except LayerforkError:
        return None
    paths = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    files = (path for path in paths if any(_is_file(rows.get(path)) for rows in (before, after)))
    one, other = (each[:7] for each in ids)
    span = f"between {one} and {other}" if one != other else f"(both builds are of {one})"
    return Changed(paths=tuple(sorted(files)), span=span)


def _commit_of(record: BuildRecord, repository: Repository) -> str:
    """The commit that a build was made of; empty when it is not known, or may be one of several."""
    revision = dict(record.request.options).get(REVISION, "")
    if revision.endswith(DIRTY):
        return ""
    named = (revision,) if revision else record.commits
    known = {commit_id(repository, each) for each in named} - {""}
    return known.pop() if len(known) == 1 else ""


def _is_file(row: TreeRow | None) -> bool:
    return row is not None and row.mode != _DIRECTORY


def _may_be(path: str, word: str) -> bool:
    """Whether some parts of a path, one after the other, are those of a source."""
    wanted = [part for part in normpath(word).split("/") if part not in ("", ".")]
    parts = path.split("/")
    places = range(len(parts) - len(wanted) + 1)
    return any(all(map(fnmatchcase, parts[place:], wanted)) for place in places)
