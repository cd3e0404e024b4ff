"""Counts and disagreements of a run, for people and for programs."""

import json
from collections import Counter
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from layerfork.record.record import BuildRecord
from layerfork.record.store.recordfile import RecordFile
from research.mutations.change import Change
from research.mutations.definitions import Tally
from research.mutations.foretell import Foretold


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """A case in which model, engine and label are not of one mind."""

    case: str
    kind: str
    """``forecast`` (made before the build), ``prediction``, ``string``, ``label``, ``explanation`` or
    ``crash``."""
    mutation: str
    expected: tuple[str, ...]
    named: tuple[str, ...]
    what: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Report:
    """What one builder's run came to."""

    builder: str
    engine: str
    seed: int
    cases: int = 0
    relevant: int = 0
    """Cases with at least one expected cause."""
    combined: int = 0
    inert: int = 0
    """Cases in which everything that was changed matters to nothing."""
    half_inert: int = 0
    """Cases in which something matters and something else does not."""
    partial: int = 0
    """Cases in which only some of several edits matter at some step."""
    choices: int = 0
    """Cases in which more than one set of edits explains a step."""
    labels_checked: int = 0
    """Cases whose labels' own view of the Dockerfile was compared with what the engine did."""
    steps: int = 0
    """Steps whose hit or miss was predicted, baselines included."""
    hits: int = 0
    misses: int = 0
    strings: int = 0
    """Key strings compared with those in image history."""
    suspected: int = 0
    """Causes that no engine could prove: below another fork, several in one step of buildah."""
    from_others: int = 0
    """Cases in which a mutated step hit what an earlier mutant had stored, which proves nothing."""
    not_built: int = 0
    """Cases that the engine refused to build; they are not among the cases."""
    crashed: int = 0
    """Groups that ended with an exception of this program; it is among the disagreements."""
    seconds: float = 0.0
    foretold: Foretold = field(default_factory=Foretold)
    definitions: Tally = field(default_factory=Tally)
    """For BuildKit, how often our model of the frontend makes the operations that it made."""
    deliveries: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    """Expected causes by code."""
    mutations: Counter[str] = field(default_factory=Counter)
    disagreements: list[Disagreement] = field(default_factory=list)

    @property
    def tried(self) -> int:
        """Cases that were begun; a group that ended early counts as one."""
        return self.cases + self.not_built + self.crashed

    @property
    def agreed(self) -> bool:
        return self.cases > 0 and not self.disagreements and not self.not_built

    def count(self, change: Change, delivery: str) -> None:
        """One more case that was built."""
        self.cases += 1
        self.relevant += change.matters
        self.combined += "+" in change.name
        self.inert += bool(change.inert) and not change.matters
        self.half_inert += bool(change.inert) and change.matters
        self.partial += change.partial
        self.choices += any(len(step.allowed) > 1 for step in change.steps)
        self.deliveries[delivery] += 1
        self.mutations.update(change.name.split("+"))
        self.codes.update(change.codes)

    def text(self) -> str:
        kinds = f"{self.relevant} relevant, {self.combined} combined"
        outcome = f"{self.hits} hits, {self.misses} misses"
        lines = [
            f"{self.builder} on {self.engine}, seed {self.seed}:",
            f"  {self.cases} cases ({kinds}) in {self.seconds:.0f} s",
            f"  {self.steps} steps predicted ({outcome}); {self.strings} key strings compared",
            f"  {self.foretold.text()}",
            *(f"  definitions: {line}" for line in self._definitions()),
            f"  nothing matters: {self.inert}; something does, something else not: {self.half_inert}",
            f"  only some of several edits matter at a step: {self.partial}; a choice: {self.choices}",
            f"  labels compared with the engine: {self.labels_checked} cases",
            "  " + ", ".join(f"{count} by {name}" for name, count in sorted(self.deliveries.items())),
            "  causes: " + ", ".join(f"{code} {count}" for code, count in sorted(self.codes.items())),
            f"  causes only suspected, because no engine could prove them: {self.suspected}",
            f"  cases that reuse other mutants' steps: {self.from_others}; not built: {self.not_built}",
            *([f"  groups that ended with an exception: {self.crashed}"] if self.crashed else []),
            f"  disagreements: {len(self.disagreements)}",
        ]
        for each in self.disagreements:
            lines.append(f"  - {each.case} {each.kind}, {each.mutation}, expected {list(each.expected)}")
            lines += [f"      {line}" for line in (*each.what, f"named: {list(each.named)}")]
        return "\n".join(lines)

    def _definitions(self) -> list[str]:
        return self.definitions.text().splitlines() if self.definitions.records else []

    def json(self) -> str:
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        told = [asdict(disagreement) for disagreement in self.disagreements]
        values["foretold"] = self.foretold.values()
        values["definitions"] = self.definitions.text()
        return json.dumps(values | {"disagreements": told, "agreed": self.agreed}, ensure_ascii=False)


def keep_records(directory: Path, case: str, records: tuple[BuildRecord, ...]) -> None:
    """The records of a case as a file that ``layerfork diff FILE#1 FILE#2`` reads."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{case.replace('/', '-')}.jsonl"
    path.unlink(missing_ok=True)
    with RecordFile(path) as file:
        for record in records:
            file.add(record)
