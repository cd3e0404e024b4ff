"""ARG lines and variable replacement in buildah, and how the strings of ARG and RUN show them."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from layerfork.dockerfile import BadSubstitutionError, Dockerfile, Instruction
from layerfork.dockerfile.expand import Expansion, Lexer, Words
from layerfork.dockerfile.instruction import Stage
from layerfork.dockerfile.scope import LayeredScope
from layerfork.keys.stagestate import Notes, StageState
from layerfork.record import gopath
from layerfork.record.cachekey import KeyPart
from layerfork.record.record import BuildRecord

# Variable replacement as buildah does it: fewer forms than Docker's lexer, other patterns.
#
# Only the forms with a colon know whether there is a value, and an empty one counts as none. The escape is a
# backslash whatever the Dockerfile says. No prefix or suffix is all of the value, and ``*`` passes no slash.
# Source: openshift/imagebuilder shell_parser.go @ v1.2.15. Measured with buildah 1.39.3.

ESCAPE = "\\"


def expand(word: str, values: Mapping[str, str], _escape: str = ESCAPE) -> Expansion:
    """Replace variables, and remove quotes and escapes. Raises: BadSubstitutionError."""
    lexer = _Lexer(source=word, values=values, escape=ESCAPE)
    text, words = lexer.read()
    return Expansion(text=text, words=tuple(words), used=frozenset(lexer.used))


@dataclass(slots=True, kw_only=True)
class _Lexer(Lexer):
    def _name(self) -> str:
        """A single digit, or letters, digits and underscores; no other character is a parameter."""
        name = ""
        while (char := self._peek()) and (char.isalpha() or char.isdecimal() or char == "_"):
            name += self._next()
            if name.isdecimal():
                break
        return name

    def _braced(self) -> str:
        name = self._name()
        match self._next():
            case "}":
                return self._value(name, written="")
            case ":":
                operator = self._next()
                return self._with_default(operator, self._value(name, written=""), self._word())
            case "#":
                greedy = self._skip("#")
                return _without_prefix(self._value(name, written=""), self._word(), greedy)
            case "%":
                greedy = self._skip("%")
                return _without_suffix(self._value(name, written=""), self._word(), greedy)
            case "/":
                return self._with_replacement(self._value(name, written=""))
        raise BadSubstitutionError("missing ':' or '#' or '%' or '/' in substitution")

    def _word(self) -> str:
        return self._take_until("}", keep_escapes=False)[0]

    def _skip(self, char: str) -> bool:
        """Whether the character comes next; it is taken then."""
        found = self._peek() == char
        if found:
            self._next()
        return found

    def _with_default(self, operator: str, value: str, word: str) -> str:
        if operator not in ("+", "-", "?"):
            raise BadSubstitutionError(f"unsupported modifier ({operator}) in substitution")
        if operator == "+":
            return word if value else ""
        if operator == "?" and not (value or word):
            raise BadSubstitutionError("a variable is not allowed to be unset")
        return value or word

    def _with_replacement(self, value: str) -> str:
        anchor = self._next() if self._peek() in ("/", "#", "%") else ""
        pattern, end = "", ""
        words = Words(buffer=[])
        while (char := self._peek()) and char not in "/}":
            pattern += self._piece(char, words, keep_escapes=False)
        end = self._next()
        if not pattern or not end:
            raise BadSubstitutionError("no pattern to replace")
        return _replaced(value, pattern, self._word() if end == "/" else "", anchor)


def _without_prefix(value: str, pattern: str, greedy: bool) -> str:
    ends = range(len(value) - 1, -1, -1) if greedy else range(len(value) - 1)
    return next((value[end:] for end in ends if gopath.match(pattern, value[:end])), value)


def _without_suffix(value: str, pattern: str, greedy: bool) -> str:
    starts = range(len(value) - 1) if greedy else range(len(value) - 1, -1, -1)
    return next((value[:start] for start in starts if gopath.match(pattern, value[start:])), value)


def _replaced(value: str, pattern: str, replacement: str, anchor: str) -> str:
    """The longest match at the first place that has one, with ``/`` at every place; ``#`` and ``%`` are the
    value's beginning and end."""
    start = 0
    while start < len(value) and not (anchor == "#" and start):
        ends = (len(value),) if anchor == "%" else range(len(value), start, -1)
        end = next((each for each in ends if gopath.match(pattern, value[start:each])), None)
        if end is not None:
            value = value[:start] + replacement + value[end:]
            if anchor != "/":
                return value
            start += len(replacement) - 1
        start += 1
    return value


# ARG lines that a stage takes over from the stage that its FROM names, as written.
#
# Their defaults are expanded with the global arguments and the defaults before them alone: neither ENV nor
# what the request gives counts, and a line without a default makes its name empty there. Source:
# openshift/imagebuilder builder.go:NewStages @ v1.2.16, which buildah has since v1.41.0. Measured with podman
# 5.4.2 (none) and 5.8.6.

Line = tuple[str, str | None]
"""Name and default of an ARG line."""


def inherited_lines(dockerfile: Dockerfile, outer: Mapping[str, str]) -> dict[int, tuple[Line, ...]]:
    """What each stage takes over, by stage index; ``outer`` holds the global arguments."""
    passed_on: dict[str, tuple[Line, ...]] = {}
    found: dict[int, tuple[Line, ...]] = {}
    for stage in dockerfile.stages:
        found[stage.index] = passed_on.get(stage.base, ())
        lines = (*found[stage.index], *_own_lines(stage, dict(outer)))
        passed_on[str(stage.index)] = lines
        if stage.name:
            passed_on[_written_name(stage.origin)] = lines
    return found


def _own_lines(stage: Stage, values: dict[str, str]) -> Iterator[Line]:
    for instruction in stage.instructions:
        for name, default in instruction.pairs if instruction.keyword == "ARG" else ():
            value = default
            with contextlib.suppress(BadSubstitutionError):
                value = None if default is None else expand(default, values).text
            values[name] = value or ""
            yield name, value


def _written_name(origin: Instruction) -> str:
    return origin.arguments[-1]


# What ARG lines do in buildah, and how the strings of ARG and RUN show it.
#
# Source: openshift/imagebuilder dispatchers.go:arg, evaluator.go:Resolve,
# builder.go:{Step,Arguments,extractHeadingArgsFromNode,builtinAllowedBuildArgs} @ v1.2.15; containers/buildah
# imagebuildah/stage_executor.go:{getBuildArgsKey,getBuildArgsResolvedForRun}, build.go @ v1.39.3. Measured
# with buildah 1.39.3.

NOP = "/bin/sh -c #(nop) "
PROXIES = frozenset(
    name
    for upper in ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY")
    for name in (upper, upper.lower())
)
"""Arguments that need no ARG: when given, every ARG step lists their names."""
PREDEFINED = frozenset(
    side + name for side in ("TARGET", "BUILD") for name in ("PLATFORM", "OS", "ARCH", "VARIANT")
)
"""Arguments that an ARG line gives the builder's own value, whatever default it names."""


@dataclass(slots=True, kw_only=True)
class Arguments:
    """The arguments of one build, and of each stage which proxies it names without a default."""

    predefined: Mapping[str, str]
    """Values of `PREDEFINED` as far as the record tells them."""
    bare: dict[int, set[str]] = field(default_factory=dict)
    """Names without a default in ARG lines, by stage index."""

    def declare(self, stage: int, state: StageState, instruction: Instruction) -> None:
        """Go past an ARG line: its defaults are expanded with what held before it."""
        expanded = [
            (name, None if default is None else state.define(name, default, Notes()))
            for name, default in instruction.pairs
        ]
        for name, default in expanded:
            self.declare_one(state.scope, name, default)
        self.bare.setdefault(stage, set()).update(
            name for name, default in instruction.pairs if default is None
        )

    def declare_one(self, scope: LayeredScope, name: str, default: str | None) -> None:
        """One name of an ARG line; ``default`` is expanded already."""
        scope.declare(name, self.predefined.get(name, "") if name in PREDEFINED else default)

    def shown(self, stage: int, scope: LayeredScope) -> dict[str, str]:
        """Arguments in the string of a RUN, by name: a proxy only where an ARG names it without a default,
        or an ENV line of the stage sets it."""
        bare = self.bare.get(stage, set())
        return {
            name: value
            for name, value in scope.listed().items()
            if name not in PROXIES or name in bare or name in scope.own_env
        }

    def unknown(self, names: Iterable[str], scope: LayeredScope) -> list[str]:
        """What is unknown about the values of arguments."""
        settled = {*self.predefined, *scope.given, *scope.own_env}
        return [f"value of {name}" for name in sorted(names) if name in PREDEFINED and name not in settled]


def arguments_of(record: BuildRecord) -> Arguments:
    """Predefined values are known for a build for the engine's own platform, where that has no variants."""
    engine = record.engine
    if record.request.platform or engine is None or engine.architecture != "amd64":
        return Arguments(predefined={})
    platform = {"PLATFORM": f"{engine.os}/amd64", "OS": engine.os, "ARCH": "amd64", "VARIANT": ""}
    return Arguments(
        predefined={side + name: value for side in ("TARGET", "BUILD") for name, value in platform.items()}
    )


def global_scope(record: BuildRecord, meta_args: Iterable[Instruction]) -> LayeredScope:
    """What every stage begins with: the ARG lines before the first FROM, expanded."""
    arguments = arguments_of(record)
    given = dict(record.request.build_args)
    scope = LayeredScope(given=given, undeclared=PROXIES, bare_keeps=True)
    state = StageState(scope=scope, expander=expand)
    for name, value in arguments.predefined.items():
        scope.declare(name, value)
    for instruction in meta_args:
        arguments.declare(-1, state, instruction)
    return LayeredScope(
        given=given,
        undeclared=PROXIES,
        bare_keeps=True,
        meta_args={**scope.listed()},
        made_from=scope.made_from,
    )


def arg_step(scope: LayeredScope, *, with_values: bool) -> tuple[list[KeyPart], str]:
    """Parts and string of an ARG step: the names that have a value, or names and values; proxies need no
    ARG."""
    if with_values:
        values = dict(scope.with_value())
        parts = [_value_part(name, values[name]) for name in sorted(values)]
        return [_ARG, *parts], f"{NOP}ARG {' '.join(sorted(f'{name}={values[name]}' for name in values))}"
    names = sorted(scope.listed().keys() | (PROXIES & scope.given.keys()))
    return [_ARG, *map(_name_part, names)], f"{NOP}ARG {' '.join(names)}"


_ARG = KeyPart(cause="instruction", field="created by", value="ARG")


def _name_part(name: str) -> KeyPart:
    if name in PROXIES:
        return KeyPart(cause="proxy", path=name, field="name", value="given")
    return KeyPart(cause="build-arg", path=name, field="name", value="a value")


def _value_part(name: str, value: str) -> KeyPart:
    cause = "proxy" if name in PROXIES else "build-arg"
    return KeyPart(cause=cause, path=name, field="created by", value=value)
