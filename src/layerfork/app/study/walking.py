"""Predicts the builds of a history as `layerfork predict --git` does, from a build that was never made."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from layerfork.app.predict.commits import CommitsAsked, predict_commits
from layerfork.app.predict.earlierbuilds import EarlierBuilds
from layerfork.app.predict.predicting import baseline_at
from layerfork.app.study.clones import Built, Clone
from layerfork.app.study.unmade import RULES, unmade_build, without_syntax
from layerfork.builders.commits.checkout import Sending
from layerfork.builders.commits.commitlist import Commit
from layerfork.builders.commits.objects import Blobs, texts_of
from layerfork.context.clientrules import find_rules
from layerfork.dockerfile import BadSubstitutionError
from layerfork.dockerfile.bases import base_references
from layerfork.dockerfile.parser import parse_dockerfile
from layerfork.errors import UsageError
from layerfork.record.build import Builder
from layerfork.record.prediction import CommitPrediction


@dataclass(frozen=True, slots=True, kw_only=True)
class Walker:
    """Who builds, and where what was learnt of blobs is kept."""

    builder: Builder
    caches: Path

    def walk(self, clone: Clone, built: Built, commits: Sequence[Commit]) -> Iterator[CommitPrediction]:
        """Each after the one before it; the first, and those until one can be built, on an empty cache."""
        repository = clone.repository(built.context)
        record = unmade_build(built.inside, references(clone, built, commits), self.builder)
        asked = CommitsAsked(
            repository=repository,
            commits=commits,
            sending=Sending(
                rules=find_rules(RULES[self.builder]),
                dockerfile=built.inside,
                sends_git=built.context == ".",
                git_is_new=built.context == ".",
            ),
            clean=without_syntax,
        )
        blobs = Blobs(repository, self.caches)
        yield from predict_commits(
            EarlierBuilds(record), asked, blobs, baseline_at(record, datetime.now(UTC))
        )
        blobs.save()


def references(clone: Clone, built: Built, commits: Sequence[Commit]) -> Sequence[str]:
    """Base images that any version of a Dockerfile names."""
    names = [f"{commit.id}:{built.dockerfile}" for commit in commits]
    texts = set(texts_of(clone.repository("."), names).values())
    found: dict[str, None] = {}
    for text in sorted(texts):
        try:
            dockerfile = parse_dockerfile(text.decode("utf-8", "replace"), built.inside)
            found.update(dict.fromkeys(base_references(dockerfile, {})))
        except (UsageError, BadSubstitutionError):
            continue  # this commit has no prediction either
    return tuple(found)
