"""One engine's frontend beside our model of it."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace

from layerfork.builders.api.askfrontend import FrontendRefusedError, Question, ask_frontend
from layerfork.builders.api.engineapi import ApiError
from layerfork.builders.engines import RunningEngine
from layerfork.context.ignore.ignorefile import read_docker_ignorefile
from layerfork.dockerfile import BadSubstitutionError
from layerfork.dockerfile.bases import base_references
from layerfork.dockerfile.definition.stage import NotModelledError
from layerfork.dockerfile.recorded import dockerfile_of
from layerfork.hypothesis.outside import definition_of
from layerfork.record.build import Builder
from layerfork.record.context import ContextManifest, Transport
from layerfork.record.engine import ImageFacts
from layerfork.record.record import BuildOutcome, BuildRecord, BuildResult, RecordedRequest
from layerfork.wire.buildkit.definition import read_definition
from layerfork.wire.redact import Redactor
from research.mutations.definitions import Tally
from research.published.bases import Names
from research.published.files import Published

NAME = "Dockerfile"
_SHOWN = 1000
OPTIONS = (("image-resolve-mode", "local"),)


class _Unchanged(Redactor):
    """Hides nothing: what is public is no secret, and operations have to be compared whole."""

    def hide(self, name: str, value: str) -> str:
        return value

    def clean(self, text: str) -> str:
        return text

    def secret(self, value: str) -> str:
        return value


_NOT_COMPARED = {
    "an image that cannot be had here": ("failed to resolve", "failed to do request"),
    "violations of checks (# check=error=true), which are not modelled": ("lint violation",),
}
_REFUSED = {
    "a flag": ("unknown flag", "missing a value on flag", "only supported in Dockerfile frontend"),
    "it does not parse": ("parse error",),
    "a mount": (
        "invalid field",
        "unexpected key",
        "unsupported mount",
        "invalid mount",
        "doesn't support variable",
    ),
    "names of stages and images": ("stage name", "base name", "stage index", "defined before", "circular"),
    "what variables leave": ("failed to process", "variable expansion", "platform"),
}
"""Why an engine refuses a Dockerfile, by words in what it says."""


def _kind_of(why: str, kinds: dict[str, tuple[str, ...]]) -> str:
    """Why an engine refuses, in few words; empty for another reason."""
    return next((kind for kind, words in kinds.items() if any(each in why for each in words)), "")


def _own_refusal(record: BuildRecord) -> str:
    """Why our model makes no whole definition either; empty when it makes one."""
    dockerfile = dockerfile_of(record)
    if dockerfile is None:
        return "it does not parse"
    try:
        return next(iter(definition_of(record, dockerfile).unmodelled.values()), "")
    except (NotModelledError, BadSubstitutionError) as error:
        return str(error)


@dataclass(slots=True, kw_only=True)
class Comparison:
    """What came of the Dockerfiles on one engine with one kind of base images."""

    engine: RunningEngine
    base: str
    tally: Tally = field(default_factory=Tally)
    refused: Counter[str] = field(default_factory=Counter)
    """By the engine, by its reason, where our model makes no definition either or an image is missing."""
    accepted: list[str] = field(default_factory=list)
    """Those that the engine refuses, and our model makes a whole definition of."""
    unread: list[str] = field(default_factory=list)
    """Those that we cannot read and the engine can."""
    left_out: list[str] = field(default_factory=list)
    facts: ImageFacts = field(init=False)
    """What the engine says of the base image."""
    _names: Names = field(init=False)

    def __post_init__(self) -> None:
        self.move_to(self.engine)

    def move_to(self, engine: RunningEngine) -> None:
        """Ask another engine of the same version from now on, which has the base images."""
        self.engine = engine
        self._names = Names(engine, self.base)
        self.facts = engine.image_facts(f"published-{self.base}")

    def leave_unanswered(self, published: Published, why: str) -> None:
        """Note a Dockerfile that an engine gave no answer to."""
        self.refused["no answer: the engine closed the connection"] += 1
        self.left_out.append(f"{published.name}: {why}")

    @property
    def is_good(self) -> bool:
        return not (self.tally.wrong or self.tally.bytes_wrong or self.unread or self.accepted)

    def add(self, published: Published) -> None:
        """Ask the engine, and compare."""
        record = self._record(published)
        parsed = dockerfile_of(record)
        references: tuple[str, ...] = ()
        if parsed is not None:
            # What is no name, or cannot be replaced, the engine refuses itself.
            with suppress(BadSubstitutionError):
                references = base_references(parsed, dict(published.build_args))
            for each in references:
                with suppress(ApiError):
                    self._names.give(each)
        record = replace(record, base_images=tuple((each, self.facts) for each in references))
        question = Question(
            options={
                "filename": NAME,
                **dict(OPTIONS),
                **{f"build-arg:{name}": value for name, value in published.build_args},
            },
            dockerfile=published.text.encode(),
            ignored=published.ignored.encode(),
        )
        try:
            found = ask_frontend(self.engine.way, self.engine.docker_host, question)
        except FrontendRefusedError as error:
            self._refuse(published, str(error), record)
            return
        if parsed is None:
            self.unread.append(published.name)
            return
        definition = read_definition(found.values(), NAME, _Unchanged(b"")).definition
        self.tally.add(published.name, replace(record, definition=definition))

    def _refuse(self, published: Published, why: str, record: BuildRecord) -> None:
        text = f"{published.name}: {why}"
        kind = _kind_of(why, _NOT_COMPARED)
        if not kind and not _own_refusal(record):
            self.accepted.append(text)
            return
        self.refused[kind or f"refused by both: {_kind_of(why, _REFUSED) or 'other'}"] += 1
        self.left_out.append(text)

    def _record(self, published: Published) -> BuildRecord:
        """A build that nobody made, as far as it can be known without one."""
        return BuildRecord(
            id=published.name,
            recorded_at="2026-01-01T00:00:00Z",
            engine=self.engine.info,
            builder=Builder.BUILDKIT,
            request=RecordedRequest(
                dockerfile_name=NAME,
                dockerfile=published.text,
                build_args=published.build_args,
                frontend="dockerfile.v0",
                options=OPTIONS,
            ),
            context=ContextManifest(
                transport=Transport.FILE_SYNC,
                entries=(),
                excludes=read_docker_ignorefile(published.ignored),
            ),
            result=BuildResult(outcome=BuildOutcome.UNKNOWN),
        )

    def _wrong(self, *, verbose: bool) -> Iterator[str]:
        """Every operation, or of each Dockerfile the first, since the others build on it; shortened."""
        seen: set[str] = set()
        for text in (*self.tally.wrong, *self.tally.bytes_wrong):
            name = text.partition(" ")[0]
            if verbose or name not in seen:
                yield text if verbose else text[:_SHOWN]
            seen.add(name)

    def text(self, *, verbose: bool) -> str:
        """All numbers, and every difference."""
        lines = [
            self.tally.text(),
            f"{self.refused.total()} Dockerfiles without operations:",
            *(f"  {count} {why}" for why, count in self.refused.most_common()),
            f"{len(self.unread)} that the model cannot read and the engine can",
            *(f"  unread {name}" for name in self.unread),
            f"{len(self.accepted)} that the engine refuses and the model does not",
            *(f"  accepted {text}" for text in self.accepted),
            *(f"  wrong {text}" for text in self._wrong(verbose=verbose)),
            *(f"  left out {text}" for text in (self.left_out if verbose else ())),
        ]
        return "\n".join(lines)
