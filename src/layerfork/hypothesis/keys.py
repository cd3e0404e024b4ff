"""Keys of a build that did not happen."""

from dataclasses import dataclass, field, replace

from layerfork.hypothesis.steps import without_answers
from layerfork.hypothesis.suppose import Hypothesis
from layerfork.keys import keys_of
from layerfork.record.cachekey import BuildKeys, StepKey
from layerfork.record.record import BuildRecord


@dataclass(slots=True, kw_only=True)
class Settled:
    """What a real build's keys lacked until the engine's own answers settled it.

    A key may need something that no record holds (whether a base image sets a variable) and be known all
    the same, because the string that the engine wrote shows it. A hypothetical build has no such strings,
    but what they have shown holds there too.
    """

    record: BuildRecord
    keys: BuildKeys
    """Keys of the record, answers included."""
    _without: dict[int, frozenset[str]] | None = field(default=None)

    def keys_of(self, hypothesis: Hypothesis) -> BuildKeys:
        """The keys of a hypothetical build, with nothing unknown that the real one has settled."""
        return self.known(hypothesis, keys_of(hypothesis.record))

    def known(self, hypothesis: Hypothesis, keys: BuildKeys) -> BuildKeys:
        """These keys of it, with nothing unknown that the real one has settled."""
        if not any(step.key.unknown for step in keys.steps):
            return keys
        real = {there: here for here, there in hypothesis.index_of.items()}
        steps = tuple(self._settle(step, real.get(step.index)) for step in keys.steps)
        return replace(keys, steps=steps)

    def _settle(self, step: StepKey, real: int | None) -> StepKey:
        if real is None or not step.key.unknown:
            return step
        settled = self._settled().get(real, frozenset())
        left = tuple(each for each in step.key.unknown if each not in settled)
        return replace(step, key=replace(step.key, unknown=left))

    def _settled(self) -> dict[int, frozenset[str]]:
        if self._without is None:
            known = {step.index: step.key.parts for step in self.keys.steps if not step.key.unknown}
            self._without = {
                step.index: frozenset(step.key.unknown)
                for step in keys_of(without_answers(self.record)).steps
                if known.get(step.index) == step.key.parts
            }
        return self._without
