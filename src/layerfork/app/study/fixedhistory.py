"""What a fix would save: the same history with the edits of lint's rules made in each of its commits.

A rule is asked anew wherever the Dockerfile or its ignore file has changed: its edits are of that version.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from layerfork.app.study.clones import Built, Clone, newest
from layerfork.app.study.counting import after_the_cold_one, count, is_run
from layerfork.app.study.walking import Walker
from layerfork.builders.commits.commitlist import Commit, output_of
from layerfork.errors import UsageError
from layerfork.hypothesis.fileedits import EditMismatchError, edited
from layerfork.lint.linter import lint
from layerfork.record.answer import Edit
from layerfork.record.lint import Trap, TrapCode
from layerfork.record.prediction import CommitPrediction, PredictedStatus, Prediction
from layerfork.record.study import Saving

FIXABLE = (TrapCode.COPY_BEFORE_INSTALL, TrapCode.DOCKERFILE_COPIED, TrapCode.REPOSITORY_COPIED)
"""Rules whose fix is an edit that leaves the image as it was, if its warning does not hold."""
_BRANCH = "refs/heads/fixed"
_WHO = "somebody <somebody@example.org>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixer:
    """One Dockerfile of a clone whose history is written again."""

    walker: Walker
    clone: Clone
    built: Built

    def savings(self, real: Sequence[CommitPrediction]) -> Iterator[Saving]:
        """Of each rule that finds something, and of all together where these are several."""
        found = [saving for rule in FIXABLE if (saving := self._saving((rule,), real)) is not None]
        yield from found
        if len(found) > 1:
            rules = tuple(TrapCode(rule) for saving in found for rule in saving.rules)
            together = self._saving(rules, real)
            if together is not None:
                yield together

    def _saving(self, rules: tuple[TrapCode, ...], real: Sequence[CommitPrediction]) -> Saving | None:
        versions = self._versions(rules)
        changed = len({tuple(files.items()) for files in versions.values() if files})
        if not changed:
            return None
        fixed = tuple(self.walker.walk(self.clone, self.built, self._written(versions)))
        pairs = _warm_pairs(real, fixed)
        return Saving(
            rules=tuple(rule.value for rule in rules),
            versions=changed,
            counts=count(after_the_cold_one(fixed)),
            runs_saved=sum(max(0, _again(before) - _not_reused(after)) for before, after in pairs),
            runs_lost=sum(max(0, _not_reused(after) - _not_reused(before)) for before, after in pairs),
        )

    def _versions(self, rules: tuple[TrapCode, ...]) -> Mapping[str, Mapping[str, bytes]]:
        """For each commit the files that the rules' edits change, from the top, and their bytes then."""
        found: dict[str, Mapping[str, bytes]] = {}
        known: dict[str, Mapping[str, bytes]] = {}
        for commit in self.clone.commits:
            state = self._state(commit)
            if state not in known:
                known[state] = self._edited(commit, rules)
            found[commit.id] = known[state]
        return found

    def _state(self, commit: Commit) -> str:
        """Names the Dockerfile and its ignore files as a commit has them."""
        ignores = (f"{self.built.dockerfile}.dockerignore", self._ignore_file)
        answer = output_of(
            self.clone.place, "ls-tree", "--full-tree", commit.id, "--", self.built.dockerfile, *ignores
        )
        return answer.decode("utf-8", "replace")

    @property
    def _ignore_file(self) -> str:
        return ".dockerignore" if self.built.context == "." else f"{self.built.context}/.dockerignore"

    def _edited(self, commit: Commit, rules: tuple[TrapCode, ...]) -> Mapping[str, bytes]:
        """The files after the edits of one rule after the other, each asked of what the last one left."""
        top = self.clone.place
        output_of(top, "checkout", "--quiet", "--force", commit.id)
        output_of(top, "clean", "--quiet", "-d", "--force", "-x")
        changed: dict[str, bytes] = {}
        for rule in rules:
            for path, edits in _edits(top, self._traps(rule)).items():
                try:
                    place = top / path
                    changed[path] = edited(place.read_bytes() if place.is_file() else b"", edits)
                    place.write_bytes(changed[path])
                except EditMismatchError:
                    continue
        return changed

    def _traps(self, rule: TrapCode) -> list[Trap]:
        """What a rule says of the Dockerfile."""
        place = self.clone.place / self.built.dockerfile
        if not place.is_file():
            return []
        try:
            found = lint([self.clone.place], {rule}).traps
        except UsageError:
            return []
        return [trap for trap in found if trap.fix.edits and Path(trap.path) == place]

    def _written(self, versions: Mapping[str, Mapping[str, bytes]]) -> Sequence[Commit]:
        """The history once more, with these files in it."""
        ids = [commit.id for commit in self.clone.commits]
        shown = output_of(self.clone.place, "log", "--no-walk=unsorted", "--format=%T", *ids)
        trees = shown.decode().split()
        asked = b"".join(_rewritten(self.clone.commits, trees, versions))
        output_of(self.clone.place, "fast-import", "--quiet", "--done", "--force", asked=asked)
        return newest(self.clone.place, _BRANCH, len(self.clone.commits) - 1)


def _rewritten(
    commits: Sequence[Commit], trees: Sequence[str], versions: Mapping[str, Mapping[str, bytes]]
) -> Iterator[bytes]:
    """Source: git Documentation/git-fast-import.adoc, "INPUT FORMAT", v2.47."""
    yield f"reset {_BRANCH}\n".encode()
    for number, (commit, tree) in enumerate(zip(commits, trees, strict=True), 1):
        subject = commit.subject.encode()
        yield f"commit {_BRANCH}\nmark :{number}\ncommitter {_WHO} {commit.committed_at} +0000\n".encode()
        yield b"data %d\n%s\n" % (len(subject), subject)
        if number > 1:
            yield f"from :{number - 1}\n".encode()
        yield f'M 040000 {tree} ""\n'.encode()
        for path, content in versions[commit.id].items():
            yield f"M 100644 inline {path}\ndata {len(content)}\n".encode() + content + b"\n"
    yield b"done\n"


def _edits(top: Path, traps: Sequence[Trap]) -> Mapping[str, list[Edit]]:
    """By the file from the top."""
    found: dict[str, list[Edit]] = {}
    for edit in (each for trap in traps for each in trap.fix.edits):
        path = Path(edit.file).relative_to(top).as_posix()
        if edit not in found.setdefault(path, []):
            found[path].append(edit)
    return found


def _warm_pairs(
    real: Sequence[CommitPrediction], fixed: Sequence[CommitPrediction]
) -> Sequence[tuple[CommitPrediction, CommitPrediction]]:
    """Both builds of each commit, from where neither history's cache is empty any more."""
    cold = max(len(each) - len(after_the_cold_one(each)) for each in (real, fixed))
    return list(zip(real, fixed, strict=True))[cold:]


def _again(commit: CommitPrediction) -> int:
    """RUN steps that are certain to run again."""
    return _runs(commit.prediction, PredictedStatus.MISS)


def _not_reused(commit: CommitPrediction) -> int:
    """RUN steps that are not certain to be reused."""
    return _again(commit) + _runs(commit.prediction, PredictedStatus.UNKNOWN)


def _runs(prediction: Prediction | None, forecast: PredictedStatus) -> int:
    steps = prediction.steps if prediction is not None else ()
    return sum(step.prediction is forecast and is_run(step) for step in steps)
