"""What a scenario of the user's own expects, as a record file keeps it: its cells are judged anywhere."""

from dataclasses import dataclass, replace
from pathlib import Path

from layerfork.builders.secrets.redactionkey import redaction_key
from layerfork.record.phase import Expectation, Phase
from layerfork.record.scenario import Scenario
from layerfork.record.store.evidence import RecordFile
from layerfork.wire.redact import Redactor


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPhase:
    """Of a phase what is said and expected of it; neither its context nor its build arguments."""

    title: str
    dockerfile: str
    expected: tuple[Expectation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptScenario:
    """A scenario that does not come with layerfork, without what may be secret in it."""

    name: str
    content: str
    title: str
    question: str
    family: str
    random_runs: bool
    phases: tuple[KeptPhase, ...]

    def scenario(self) -> Scenario:
        """To judge cells by; it cannot be built."""
        phases = tuple(
            Phase(title=each.title, dockerfile=each.dockerfile, expected=each.expected)
            for each in self.phases
        )
        return Scenario(
            name=self.name,
            content=self.content,
            title=self.title,
            question=self.question,
            family=self.family,
            random_runs=self.random_runs,
            context=Path(),
            dockerfile=Path(),
            phases=phases,
        )


def kept(scenario: Scenario) -> KeptScenario:
    """What may lie in a file; secrets are hidden as in records."""
    redactor = Redactor(redaction_key())
    for phase in scenario.phases:
        redactor.pairs(phase.build_args)
    clean = redactor.clean

    def expectation(each: Expectation) -> Expectation:
        reused = tuple(map(clean, each.reused))
        return replace(each, missed=clean(each.missed), reused=reused, why=clean(each.why))

    return KeptScenario(
        name=scenario.name,
        content=scenario.content,
        title=clean(scenario.title),
        question=clean(scenario.question),
        family=clean(scenario.family),
        random_runs=scenario.random_runs,
        phases=tuple(
            KeptPhase(
                title=clean(phase.title),
                dockerfile=clean(phase.dockerfile),
                expected=tuple(map(expectation, phase.expected)),
            )
            for phase in scenario.phases
        ),
    )


def keep_scenario(file: RecordFile, scenario: KeptScenario) -> None:
    """Write it; before its cells, so that what a killed run leaves can be judged."""
    file.add_note({"scenario": scenario})
