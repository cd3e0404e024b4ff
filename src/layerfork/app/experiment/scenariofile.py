"""Reads ``scenario.toml``: the context entry by entry, and the phases that change it."""

import contextlib
import difflib
import hashlib
import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec

from layerfork.app.experiment.contextentries import BadScenarioError, EntryTable, entries_of, merged
from layerfork.errors import UsageError
from layerfork.record.build import Builder
from layerfork.record.cause import CauseCode
from layerfork.record.scenario import CACHE_PLACE, LAST_IMAGE, Entry, Event, Expectation, Phase, Scenario

FILE_NAME = "scenario.toml"
EVERY = "*"
DIGITS = 16
"""Of a scenario's digest: enough to tell apart those of one name."""


class _Expect(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    builder: str | list[str] = EVERY
    clients: list[str] = []
    engines: list[str] = []
    missed: str = ""
    causes: list[str] = []
    reused: list[str] = []
    fails: bool = False
    why: str


class _Change(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a phase may say; what it leaves out is as in the phase before it."""

    title: str
    dockerfile: str | None = None
    context: dict[str, EntryTable | bool] = {}
    build_args: dict[str, str] | None = None
    labels: dict[str, str] | None = None
    target: str | None = None
    platform: str | None = None
    no_cache: bool = False
    cache_from: str = ""
    cache_to: str = ""
    before: list[str] = []
    expect: list[_Expect]


class _File(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    title: str
    question: str
    family: str
    dockerfile: str
    context: dict[str, EntryTable] = {}
    build_args: dict[str, str] = {}
    labels: dict[str, str] = {}
    target: str = ""
    platform: str = ""
    random_runs: bool = False
    served: bool = False
    phase: list[_Change] = []


def read_scenario(folder: Path) -> Scenario:
    """The scenario of a folder.

    Raises: UsageError naming the file and the key that is wrong.
    """
    path = folder / FILE_NAME
    try:
        text = path.read_text("utf-8")
        table = tomllib.loads(text)
    except OSError as error:
        hint = "a scenario is a folder with a scenario.toml: docs/scenarios.md"
        raise UsageError(f"cannot read {path}: {error.strerror}", hint=hint) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not TOML: {error}", hint="docs/scenarios.md shows one") from error
    try:
        file = msgspec.convert(table, _File)
    except msgspec.ValidationError as error:
        raise UsageError(f"{path}: {_in_words(error)}", hint=_suggestion(error)) from error
    try:
        phases = _phases(file)
    except BadScenarioError as error:
        raise UsageError(f"{path}: {error}", hint="docs/scenarios.md says what each key means") from error
    return Scenario(
        name=folder.name,
        content=hashlib.sha256(text.encode()).hexdigest()[:DIGITS],
        title=file.title,
        question=file.question,
        family=file.family,
        context=folder,
        dockerfile=path,
        random_runs=file.random_runs,
        served=file.served,
        phases=phases,
    )


def _phases(file: _File) -> tuple[Phase, ...]:
    tables: dict[str, EntryTable] = dict(file.context)
    with _named("context"):
        entries = entries_of(tables)
    phase = Phase(
        dockerfile=file.dockerfile,
        entries=entries,
        build_args=tuple(file.build_args.items()),
        labels=tuple(file.labels.items()),
        target=file.target,
        platform=file.platform,
    )
    phases = [phase]
    for number, change in enumerate(file.phase, 1):
        with _named(f"phase {number} ({change.title})"):
            tables = merged(tables, change.context)
            phase = _changed(phase, change, entries_of(tables))
        phases.append(phase)
    return tuple(phases)


def _changed(phase: Phase, change: _Change, entries: tuple[Entry, ...]) -> Phase:
    after = replace(
        phase,
        title=change.title,
        dockerfile=phase.dockerfile if change.dockerfile is None else change.dockerfile,
        entries=entries,
        build_args=phase.build_args if change.build_args is None else tuple(change.build_args.items()),
        labels=phase.labels if change.labels is None else tuple(change.labels.items()),
        target=phase.target if change.target is None else change.target,
        platform=phase.platform if change.platform is None else change.platform,
        no_cache=change.no_cache,
        cache_from=_with_places(change.cache_from),
        cache_to=_with_places(change.cache_to),
        before=tuple(map(_event, change.before)),
        expected=tuple(map(_expectation, change.expect)),
    )
    _check_expected(after)
    return after


def _with_places(text: str) -> str:
    """What a phase says of a cache; only known places are to be filled in."""
    for place in re.findall(r"\{[^}]*\}?", text):
        if place not in (CACHE_PLACE, LAST_IMAGE):
            raise BadScenarioError(
                f"{text!r}: nothing is filled in for {place}, but for {CACHE_PLACE} and {LAST_IMAGE}"
            )
    return text


@contextlib.contextmanager
def _named(place: str) -> Iterator[None]:
    """Says where in the file it is wrong."""
    try:
        yield
    except BadScenarioError as error:
        raise BadScenarioError(f"{place}: {error}") from error


def _event(name: str) -> Event:
    try:
        return Event(name)
    except ValueError:
        known = [event.value for event in Event]
        near = difflib.get_close_matches(name, known, 1)
        hint = f"{near[0]}?" if near else f"there are {', '.join(known)}"
        raise BadScenarioError(f"nothing happens that is called {name!r}; {hint}") from None


def _expectation(table: _Expect) -> Expectation:
    names = [table.builder] if isinstance(table.builder, str) else table.builder
    known = [builder.value for builder in Builder]
    for name in names:
        if name != EVERY and name not in known:
            raise BadScenarioError(f"there is no builder {name!r}: {', '.join(known)}, or {EVERY!r}")
    codes = {code.value for code in CauseCode}
    for code in table.causes:
        if code not in codes:
            near = difflib.get_close_matches(code, codes, 1)
            raise BadScenarioError(f"there is no cause {code!r}" + (f"; {near[0]}?" if near else ""))
    if table.fails and (table.missed or table.causes or table.reused):
        raise BadScenarioError("a build that fails misses nothing")
    return Expectation(
        builders=tuple(Builder) if EVERY in names else tuple(Builder(name) for name in names),
        clients=tuple(table.clients),
        engines=tuple(table.engines),
        missed=_plain(table.missed),
        causes=tuple(table.causes),
        reused=tuple(map(_plain, table.reused)),
        fails=table.fails,
        why=table.why,
    )


def _check_expected(phase: Phase) -> None:
    """Every builder has to be spoken of, and every instruction that is named has to be there."""
    silent = [each.value for each in Builder if not _for_everybody(phase, each)]
    if silent:
        raise BadScenarioError(f"nothing is expected of {', '.join(silent)}")
    lines = _plain(phase.dockerfile.replace("\\\n", " "))
    for each in phase.expected:
        for named in (each.missed, *each.reused):
            if named.startswith("LABEL ") and phase.labels:
                continue  # of the option: each builder writes that instruction in its own way
            if named not in lines:
                raise BadScenarioError(f"the Dockerfile has no instruction {named!r}")


def _for_everybody(phase: Phase, builder: Builder) -> bool:
    return any(builder in each.builders and not (each.clients or each.engines) for each in phase.expected)


def _plain(text: str) -> str:
    """As instructions are compared: white space counts once."""
    return " ".join(text.split())


_UNKNOWN_KEY = re.compile(r"unknown field `([^`]*)`")
_PLACE = re.compile(r" - at `\$\.?([^`]*)`$")
_KEYS = tuple({*_File.__struct_fields__, *_Change.__struct_fields__, *_Expect.__struct_fields__})


def _in_words(error: msgspec.ValidationError) -> str:
    """msgspec's message, the place first."""
    text = str(error)
    place = _PLACE.search(text)
    message = _PLACE.sub("", text).replace("Object contains unknown field", "there is no key")
    message = message.replace("Object missing required field", "missing:")
    return f"{place[1]}: {message}" if place and place[1] else message


def _suggestion(error: msgspec.ValidationError) -> str:
    found = _UNKNOWN_KEY.search(str(error))
    keys = (*_KEYS, *EntryTable.__struct_fields__)
    near = difflib.get_close_matches(found[1], keys, 1) if found else []
    return f"did you mean {near[0]}?" if near else "docs/scenarios.md says what each key means"
