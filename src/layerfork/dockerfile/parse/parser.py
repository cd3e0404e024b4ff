"""Dockerfile text to stages and instructions."""

from dataclasses import dataclass, replace

from layerfork.dockerfile.grammar import GRAMMARS, NEWEST, Grammar
from layerfork.dockerfile.instruction import NO_STAGE, Dockerfile, Heredoc, Instruction, Stage
from layerfork.dockerfile.parse.arguments import KEYWORDS, BadInstructionError, keyword_of
from layerfork.dockerfile.parse.checks import stage_name
from layerfork.dockerfile.parse.lines import BadLineError, LineReader, split_lines
from layerfork.dockerfile.parse.single import read_instruction
from layerfork.errors import UsageError


def parse_dockerfile(text: str, name: str = "Dockerfile", grammar: Grammar | None = None) -> Dockerfile:
    """Parse a Dockerfile as Docker's own parser does. `name` is for error messages.

    Instructions keep their variables: `expand.expand` replaces them. What a builder of any version accepts
    is accepted, read by the grammar that is known to be the builder's if that one accepts it, else by the
    newest that does.
    Source: moby/buildkit frontend/dockerfile/parser/parser.go:Parse and instructions/parse.go:Parse
    @ v0.8.0 to 73ed6825c.

    Raises: UsageError, naming the line.
    """
    lines = split_lines(text)
    first, *others = dict.fromkeys((grammar or NEWEST, *GRAMMARS))
    try:
        return _parse(lines, name, first)
    except UsageError:
        accepted = (_accepted(lines, name, other) for other in others)
        found = next((dockerfile for dockerfile in accepted if dockerfile is not None), None)
        if found is None:
            raise
        return found


def parse_instruction(text: str, escape: str = "\\") -> Instruction:
    """Parse one instruction that stands alone: an ONBUILD trigger, a step as a builder printed it.

    A here-document that its text opens stays empty.
    Raises: UsageError.
    """
    try:
        return read_instruction(text, escape, NEWEST, first=1, last=1)
    except BadInstructionError as error:
        raise UsageError(f"instruction {text!r}: {error}", error.hint or _hint_for(text)) from error


def _accepted(lines: list[str], name: str, grammar: Grammar) -> Dockerfile | None:
    try:
        return _parse(lines, name, grammar)
    except UsageError:
        return None


def _parse(lines: list[str], name: str, grammar: Grammar) -> Dockerfile:
    return _Parser(name=name, reader=LineReader(lines=lines), grammar=grammar).parse()


@dataclass(slots=True, kw_only=True)
class _Parser:
    name: str
    reader: LineReader
    grammar: Grammar

    def parse(self) -> Dockerfile:
        try:
            instructions = self._instructions()
        except BadLineError as error:
            raise self.fail(error.line, str(error), error.hint) from error
        if not instructions:
            raise UsageError(
                f"{self.name} has no instructions", "write at least a FROM line, for example: FROM alpine"
            )
        return self._into_stages(instructions)

    def fail(self, line: int, reason: str, hint: str = "") -> UsageError:
        return UsageError(f"{self.name}:{line}: {reason}", hint or f"correct line {line} of {self.name}")

    def _instructions(self) -> list[Instruction]:
        found = []
        while not self.reader.at_end:
            logical = self.reader.take_logical()
            if logical is not None:
                found.append(self._instruction(*logical))
        return found

    def _instruction(self, line: str, first: int) -> Instruction:
        last = self.reader.position
        try:
            instruction = read_instruction(line, self.reader.escape, self.grammar, first=first, last=last)
        except BadInstructionError as error:
            raise BadLineError(first, str(error), error.hint or _hint_for(line)) from error
        heredocs = tuple(self._take_heredoc(heredoc, first) for heredoc in instruction.heredocs)
        return replace(instruction, heredocs=heredocs, last_line=self.reader.position)

    def _take_heredoc(self, heredoc: Heredoc, first: int) -> Heredoc:
        content: list[str] = []
        while not self.reader.at_end:
            line = self.reader.take_whole_line()
            bare = line.rstrip("\r\n")
            if (bare.lstrip("\t") if heredoc.chomp else bare) == heredoc.name:
                return replace(heredoc, content="".join(content))
            content.append(line)
        raise BadLineError(
            first, "unterminated heredoc", f"add a line that holds only {heredoc.name} after its text"
        )

    def _into_stages(self, instructions: list[Instruction]) -> Dockerfile:
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
                raise self.fail(
                    instruction.first_line,
                    f"{instruction.keyword} comes before any FROM",
                    "begin with a FROM line; only ARG may stand before it",
                )
        if not stages:
            raise UsageError(f"{self.name} has no FROM", "add a FROM line, for example: FROM alpine")
        return Dockerfile(
            name=self.name,
            escape=self.reader.escape,
            directives=tuple(self.reader.directives.found.items()),
            meta_args=tuple(_placed(line, NO_STAGE, "") for line in meta_args),
            stages=tuple(_stage(index, *stage) for index, stage in enumerate(stages)),
        )


def _stage(index: int, origin: Instruction, body: list[Instruction]) -> Stage:
    name = stage_name(origin.arguments)
    return Stage(
        index=index,
        name=name,
        base=origin.arguments[0],
        platform=origin.flag("platform"),
        origin=_placed(origin, index, name),
        instructions=tuple(_placed(line, index, name) for line in body),
    )


def _placed(instruction: Instruction, stage: int, name: str) -> Instruction:
    trigger = instruction.trigger
    if trigger is not None:
        trigger = _placed(replace(trigger, last_line=instruction.last_line), stage, name)
    return replace(instruction, trigger=trigger, stage=stage, stage_name=name)


def _hint_for(line: str) -> str:
    if keyword_of(line) in KEYWORDS:
        return ""
    known = ", ".join(sorted(KEYWORDS))
    return f"instructions are {known}; a line that continues the one before needs a \\ at that one's end"
