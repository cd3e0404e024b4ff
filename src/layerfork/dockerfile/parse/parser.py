"""Dockerfile text to stages and instructions."""

import re
from dataclasses import dataclass, field, replace

from layerfork.dockerfile.gotext import SPACES
from layerfork.dockerfile.instruction import NO_STAGE, Dockerfile, Heredoc, Instruction, Stage
from layerfork.dockerfile.parse.arguments import KEYWORDS, BadInstructionError, parse_arguments
from layerfork.dockerfile.parse.directives import DirectiveReader, RepeatedDirectiveError
from layerfork.dockerfile.parse.heredoc import find_heredocs
from layerfork.errors import UsageError

_STAGE_NAME = re.compile(r"[a-z][a-z0-9-_.]*")


def parse_dockerfile(text: str, name: str = "Dockerfile") -> Dockerfile:
    """Parse a Dockerfile as Docker's own parser does. `name` is for error messages.

    Instructions keep their variables: `expand.expand` replaces them.
    Source: moby/buildkit frontend/dockerfile/parser/parser.go:Parse and
    instructions/parse.go:Parse @ 73ed6825c. Here-documents are known since parser 1.4 (Engine 23.0);
    an older builder reads ``<<EOF`` as an ordinary word and fails at the lines after it.

    Raises: UsageError, naming the line.
    """
    return _Parser(name=name, lines=_split_lines(text)).parse()


def parse_instruction(text: str, escape: str = "\\") -> Instruction:
    """Parse one instruction that stands alone: an ONBUILD trigger, a step as a builder printed it.

    A here-document that its text opens stays empty.
    Raises: UsageError.
    """
    try:
        return _Parser(name="instruction", lines=[], escape=escape).build(text, first=1, heredocs=False)
    except BadInstructionError as error:
        raise UsageError(f"instruction {text!r}: {error}", _hint_for(text)) from error


def _split_lines(text: str) -> list[str]:
    """Lines with their line feeds; no other character ends a line."""
    return re.findall(r"[^\n]*\n|[^\n]+", text.removeprefix("\ufeff"))


@dataclass(slots=True, kw_only=True)
class _Parser:
    name: str
    lines: list[str]
    position: int = 0
    """Lines read so far; hence also the number of the line read last, from 1."""
    escape: str = "\\"
    continuation: re.Pattern[str] = re.compile(r"(^|[^\\])\\[ \t]*$")
    directives: DirectiveReader = field(default_factory=DirectiveReader)

    def parse(self) -> Dockerfile:
        instructions = []
        while self.position < len(self.lines):
            line = self._take_logical_line()
            if line is not None:
                instructions.append(self._instruction(*line))
        if not instructions:
            raise UsageError(
                f"{self.name} has no instructions", "write at least a FROM line, for example: FROM alpine"
            )
        return _into_stages(self, instructions)

    def fail(self, line: int, reason: str, hint: str = "") -> UsageError:
        return UsageError(f"{self.name}:{line}: {reason}", hint or f"correct line {line} of {self.name}")

    def _take_logical_line(self) -> tuple[str, int] | None:
        """The next joined line and where it began; None for a blank or comment line."""
        line = self._take_line().lstrip(SPACES)
        self._note_directive(line)
        first = self.position
        joined, more = self._join("" if line.startswith("#") else line)
        if not more and not joined:
            return None
        while more and self.position < len(self.lines):
            line = self._take_line()
            bare = line.lstrip(SPACES)
            if not bare or bare.startswith("#"):
                continue
            part, more = self._join(line)
            joined += part
        return (joined, first) if joined.strip(SPACES) else None

    def _take_line(self) -> str:
        self.position += 1
        return self.lines[self.position - 1].rstrip("\r\n")

    def _join(self, line: str) -> tuple[str, bool]:
        """The line without its continuation character, and whether it had one."""
        match = self.continuation.search(line)
        if match is None:
            return line, False
        return line[: match.start()] + match[1], True

    def _note_directive(self, line: str) -> None:
        try:
            name = self.directives.line(line)
        except RepeatedDirectiveError as error:
            raise self.fail(self.position, f"only one {error} parser directive can be used") from error
        if name == "escape":
            self._set_escape(self.directives.found[name])

    def _set_escape(self, value: str) -> None:
        if value not in ("\\", "`"):
            raise self.fail(self.position, f"invalid escape character {value!r}", "use \\ or `")
        self.escape = value
        quoted = re.escape(value)
        self.continuation = re.compile(rf"(^|[^{quoted}]){quoted}[ \t]*$")

    def _instruction(self, line: str, first: int) -> Instruction:
        try:
            instruction = self.build(line, first)
        except BadInstructionError as error:
            raise self.fail(first, str(error), _hint_for(line)) from error
        return instruction

    def build(self, line: str, first: int, heredocs: bool = True) -> Instruction:
        arguments = parse_arguments(line, self.escape)
        trigger = self._trigger(arguments.rest, first) if arguments.keyword == "ONBUILD" else None
        found: tuple[Heredoc, ...] = ()
        holder = trigger.keyword if trigger else arguments.keyword
        is_json = trigger.json if trigger else arguments.json
        if holder in ("ADD", "COPY", "RUN") and not is_json and "<<" in line:
            opened = find_heredocs(line)
            found = tuple(self._read_heredoc(one, first) for one in opened) if heredocs else tuple(opened)
        return Instruction(
            keyword=arguments.keyword,
            text=line.strip(SPACES),
            line=line,
            flags=arguments.flags,
            arguments=arguments.words,
            pairs=arguments.pairs,
            json=arguments.json,
            heredocs=found,
            trigger=trigger,
            first_line=first,
            last_line=self.position,
        )

    def _trigger(self, rest: str, first: int) -> Instruction:
        arguments = parse_arguments(rest, self.escape) if rest else None
        if arguments is None:
            raise BadInstructionError("ONBUILD needs an instruction")
        if arguments.keyword in ("ONBUILD", "FROM", "MAINTAINER"):
            raise BadInstructionError(f"{arguments.keyword} is not allowed as an ONBUILD trigger")
        return Instruction(
            keyword=arguments.keyword,
            text=rest,
            flags=arguments.flags,
            arguments=arguments.words,
            pairs=arguments.pairs,
            json=arguments.json,
            first_line=first,
            last_line=self.position,
        )

    def _read_heredoc(self, heredoc: Heredoc, first: int) -> Heredoc:
        content: list[str] = []
        while self.position < len(self.lines):
            line = self.lines[self.position]
            self.position += 1
            bare = line.rstrip("\r\n")
            if (bare.lstrip("\t") if heredoc.chomp else bare) == heredoc.name:
                return replace(heredoc, content="".join(content))
            content.append(line)
        raise self.fail(
            first, "unterminated heredoc", f"add a line that holds only {heredoc.name} after its text"
        )


def _into_stages(parser: _Parser, instructions: list[Instruction]) -> Dockerfile:
    meta_args: list[Instruction] = []
    stages: list[tuple[Instruction, list[Instruction]]] = []
    for instruction in instructions:
        if instruction.keyword == "FROM":
            stages.append((instruction, []))
        elif stages:
            stages[-1][1].append(instruction)
        elif instruction.keyword == "ARG":
            meta_args.append(instruction)
        else:
            raise parser.fail(
                instruction.first_line,
                f"{instruction.keyword} comes before any FROM",
                "begin with a FROM line; only ARG may stand before it",
            )
    if not stages:
        raise UsageError(f"{parser.name} has no FROM", "add a FROM line, for example: FROM alpine")
    return Dockerfile(
        name=parser.name,
        escape=parser.escape,
        directives=tuple(parser.directives.found.items()),
        meta_args=tuple(_placed(line, NO_STAGE, "") for line in meta_args),
        stages=tuple(_stage(parser, index, *stage) for index, stage in enumerate(stages)),
    )


def _stage(parser: _Parser, index: int, origin: Instruction, body: list[Instruction]) -> Stage:
    name = origin.arguments[2].lower() if len(origin.arguments) == 3 else ""
    if name and not _STAGE_NAME.fullmatch(name):
        raise parser.fail(
            origin.first_line,
            f"invalid stage name {origin.arguments[2]!r}",
            "begin it with a letter and use letters, digits, - _ and . only",
        )
    return Stage(
        index=index,
        name=name,
        base=origin.arguments[0],
        platform=origin.flag("platform"),
        origin=_placed(origin, index, name),
        instructions=tuple(_placed(line, index, name) for line in body),
    )


def _placed(instruction: Instruction, stage: int, stage_name: str) -> Instruction:
    trigger = instruction.trigger
    placed = None if trigger is None else _placed(trigger, stage, stage_name)
    return replace(instruction, trigger=placed, stage=stage, stage_name=stage_name)


def _hint_for(line: str) -> str:
    word = line.split(maxsplit=1)[0].upper()
    if word in KEYWORDS:
        return ""
    known = ", ".join(sorted(KEYWORDS))
    return f"instructions are {known}; a line that continues the one before needs a \\ at that one's end"
