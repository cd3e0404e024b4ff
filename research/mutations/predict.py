"""What the key model says will be a hit, from records that hold nothing of the engine's answer."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256

from layerfork.keys import keys_of
from layerfork.record.build import Builder
from layerfork.record.cachekey import StepKey
from layerfork.record.record import BuildRecord, StepRecord
from research.mutations.build import blind
from research.mutations.stagefiles import files_behind
from research.mutations.subject import Arena, Subject

_FROM = re.compile(r"--from=(\S+) +\[? *\"?([^\s\",\]]+)")
"""Stage and path; the JSON form is shown with quotes by the classic builder, without by BuildKit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """One step at which model and engine differ."""

    step: int
    instruction: str
    predicted: str
    actual: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What was predicted of one build."""

    steps: int
    wrong: tuple[Wrong, ...]
    from_others: bool
    """Some step hit what an earlier mutant stored, so its own key never showed as a miss."""


@dataclass(slots=True, kw_only=True)
class Cache:
    """The cache as the model believes it to be: chain digests of all steps that were built."""

    arena: Arena
    known: set[str] = field(default_factory=set)
    baseline: frozenset[str] = frozenset()
    """Those of the first build."""

    def check(self, record: BuildRecord, subject: Subject) -> Prediction:
        """Predict every step of a build, compare with the engine, and remember what it stored."""
        chains = chains_of(record, subject, self.arena)
        count, wrong, from_others = 0, [], False
        for step in record.steps:
            if step.index not in chains:
                continue
            chain = chains[step.index]
            count += 1
            predicted = "unknown" if chain is None else "hit" if chain in self.known else "miss"
            if predicted != step.status.value:
                wrong.append(_wrong(step, predicted))
            from_others |= predicted == "hit" and bool(self.baseline) and chain not in self.baseline
            if chain is not None:
                self.known.add(chain)
        self.baseline = self.baseline or frozenset(self.known)
        return Prediction(steps=count, wrong=tuple(wrong), from_others=from_others)


def _wrong(step: StepRecord, predicted: str) -> Wrong:
    return Wrong(step=step.index, instruction=step.instruction, predicted=predicted, actual=step.status.value)


def chains_of(record: BuildRecord, subject: Subject, arena: Arena) -> dict[int, str | None]:
    """Digest of each step's key and those of all that it builds on, by step index.

    None where the model does not know. Steps without a key of their own are left out.
    """
    steps = {step.index: step for step in record.steps}
    all_: dict[int, str | None] = {}
    shown: dict[int, str | None] = {}
    for key in keys_of(blind(record)).parents_first():
        step = steps[key.index]
        own, parents = _own(key, step, steps, subject, arena)
        above = [all_.get(parent) for parent in parents]
        neutral = not (key.key.parts or key.key.unknown or key.key.engine_form)
        chain = None if own is None or None in above else _digest(("" if neutral else own, *map(str, above)))
        if neutral and len(above) == 1:
            chain = above[0]
        all_[key.index] = chain
        if not (neutral or key.always_runs):
            shown[key.index] = chain
    return shown


def _own(
    key: StepKey, step: StepRecord, steps: dict[int, StepRecord], subject: Subject, arena: Arena
) -> tuple[str | None, list[int]]:
    """A step's own digest, and the parents that count as a whole.

    A ``COPY --from`` reads files of another stage, whichever steps made them; that they are the same
    no record says, so it is taken from what was generated.
    """
    match = _FROM.search(step.instruction)
    if match is None:
        return (None if key.key.unknown else key.key.digest), list(key.parents)
    parents = [p for p in key.parents if steps[p].stage == step.stage]
    files = files_behind(subject, arena, match[1], match[2])
    return _digest((key.key.digest, files)), parents


def _digest(words: Iterable[str]) -> str:
    return sha256("\n".join(words).encode()).hexdigest()


def wrong_strings(record: BuildRecord) -> tuple[Wrong, ...]:
    """Steps whose key string, computed without the engine's, is not what the engine wrote into history."""
    if record.builder is Builder.BUILDKIT:
        return ()
    written = {step.index: step for step in record.steps}
    return tuple(
        Wrong(
            step=key.index,
            instruction=written[key.index].instruction,
            predicted=key.key.engine_form,
            actual=written[key.index].created_by,
        )
        for key in keys_of(blind(record)).steps
        if key.key.engine_form
        and written[key.index].created_by
        and key.key.engine_form != written[key.index].created_by
    )
