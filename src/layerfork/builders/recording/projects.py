"""What compose and bake files say about builds, as the clients themselves read them.

Nothing here parses such files: ``docker compose config`` and ``docker buildx bake --print`` print them, with
the values that the command had. Neither asks an engine.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from layerfork.builders.process import ProgramMissingError, run
from layerfork.builders.recording.contextplaces import ClientProcess
from layerfork.record.build import Command

TIMEOUT_S = 5.0
_COMPOSE, _BAKE = "compose", "bake"
_DOCKER = "docker"
_PROGRAMS = {_DOCKER: (_COMPOSE, _BAKE), "docker-compose": (_COMPOSE,), "docker-buildx": (_BAKE,)}
"""Docker, and its plugins as it starts them: what they may have been asked to do."""
_NOWHERE = {"DOCKER_HOST": "unix:///dev/null"}
"""They answer without an engine, and so do not appear among its clients."""
_WITH_VALUE = frozenset(
    {"-f", "--file", "-p", "--project-name", "--profile", "--env-file", "--project-directory"}
    | {"--ansi", "--parallel", "--progress"}
)
"""Options of compose before its subcommand that take a word. Source: docker/compose cmd/compose/compose.go
(RootCommand, addProjectFlags) @ v2.26.1 and v2.40.3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectBuild:
    """One service or target that is built."""

    name: str
    directory: str
    """Links followed; empty when the context is no directory here."""
    dockerfile: str
    """As it is written: a path within the context."""
    target: str = ""
    arguments: tuple[tuple[str, str], ...] = ()
    """Build arguments; one without a value is left out. Never recorded: they may be secrets."""
    cache_from: tuple[str, ...] = ()
    named_contexts: tuple[tuple[str, str], ...] = ()
    """Its further contexts that are directories here, links followed."""


@dataclass(slots=True)
class Projects:
    """Asks each client once."""

    environment: Mapping[str, str]
    """That of the clients."""
    _answers: dict[tuple[tuple[str, ...], Path], tuple[ProjectBuild, ...]] = field(default_factory=dict)

    def within(self, environment: Mapping[str, str]) -> "Projects":
        """The same for clients that run in another environment: asked again is only what had no answer."""
        return Projects(environment, {key: found for key, found in self._answers.items() if found})

    def builds(self, processes: Iterable[ClientProcess]) -> tuple[ProjectBuild, ...]:
        """What the files of these commands build; nothing for commands that read none."""
        return tuple(dict.fromkeys(build for process in processes for build in self._of(process)))

    def _of(self, process: ClientProcess) -> tuple[ProjectBuild, ...]:
        question = question_of(process.argv)
        if question is None:
            return ()
        key = (question, process.directory)
        if key not in self._answers:
            self._answers[key] = tuple(
                _ask(
                    Command(argv=question, env={**self.environment, **_NOWHERE}, cwd=process.directory),
                    process.directory,
                )
            )
        return self._answers[key]


def question_of(argv: Sequence[str]) -> tuple[str, ...] | None:
    """The command that prints what a command of compose or bake reads; None for any other.

    A plugin that docker starts gets its own name as a word, and without docker takes none.
    """
    program = os.path.basename(argv[0]) if argv else ""  # noqa: PTH119 - a name, no path
    words, known = list(argv), _PROGRAMS.get(program, ())
    if _COMPOSE in known and _COMPOSE in words[1:]:
        place = words.index(_COMPOSE, 1) + 1
        before = words[:place] if program == _DOCKER else words[:1]
        return (*before, *_options(words[place:]), "config", "--format", "json")
    if _BAKE in known and _BAKE in words[1:] and "-" not in words:
        place = words.index(_BAKE, 1)
        before = words[:place] if program == _DOCKER else words[:1]
        return (*before, _BAKE, "--print", *words[place + 1 :])
    return None


def _options(words: Sequence[str]) -> Iterator[str]:
    """Those before the subcommand."""
    waiting = iter(words)
    for word in waiting:
        if not word.startswith("-"):
            return
        yield word
        if word in _WITH_VALUE:
            yield next(waiting, "")


def _ask(command: Command, directory: Path) -> Iterator[ProjectBuild]:
    try:
        answer = run(command, timeout_s=TIMEOUT_S)
        document = msgspec.json.decode(answer.stdout) if answer.ok else None
    except (ProgramMissingError, OSError, msgspec.DecodeError):
        return
    if isinstance(document, dict):
        yield from _builds(document, directory)


def _builds(document: dict[str, Any], directory: Path) -> Iterator[ProjectBuild]:
    services = _mapping(document.get("services"))
    found = {name: _mapping(service).get("build") for name, service in services.items()}
    for name, build in {**found, **_mapping(document.get("target"))}.items():
        said = _mapping(build)
        if not said:
            continue
        named = _mapping(said.get("additional_contexts") or said.get("contexts"))
        sources = said.get("cache_from") or said.get("cache-from") or ()
        yield ProjectBuild(
            name=name,
            directory=_directory(directory, said.get("context")),
            dockerfile=str(said.get("dockerfile", "")),
            target=str(said.get("target", "")),
            arguments=tuple(
                (arg, str(value)) for arg, value in _mapping(said.get("args")).items() if value is not None
            ),
            cache_from=tuple(map(_source, sources)),
            named_contexts=tuple(
                (context, lies) for context, path in named.items() if (lies := _directory(directory, path))
            ),
        )


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _source(said: Any) -> str:
    """An import as a command line would name it: buildx prints parts of it since 0.20."""
    if not isinstance(said, dict):
        return str(said)
    rest = (f"{name}={value}" for name, value in sorted(said.items()) if name != "type")
    return ",".join((f"type={said.get('type', '')}", *rest))


def _directory(base: Path, said: Any) -> str:
    path = base / str(said or ".")
    return os.path.realpath(path) if path.is_dir() else ""
