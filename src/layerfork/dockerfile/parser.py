"""Dockerfile text to stages and instructions."""

from dataclasses import dataclass, replace

from layerfork.dockerfile.gotext import trim
from layerfork.dockerfile.heredoc import find_heredocs, opens_heredoc
from layerfork.dockerfile.instruction import NO_STAGE, Dockerfile, Heredoc, Instruction, Stage
from layerfork.dockerfile.logical_lines import BadLineError, LineReader, split_lines
from layerfork.dockerfile.refusals import Flags, check, loose_flags, stage_name
from layerfork.dockerfile.substitution import BadSubstitutionError
from layerfork.dockerfile.words import KEYWORDS, Arguments, BadInstructionError, keyword_of, parse_arguments
from layerfork.errors import UsageError
from layerfork.releases import GRAMMARS, NEWEST, Grammar

_HOLD_HEREDOCS = frozenset({"ADD", "COPY", "RUN"})
_NO_TRIGGERS = frozenset({"FROM", "MAINTAINER", "ONBUILD"})


def read_instruction(line: str, escape: str, grammar: Grammar, *, first: int, last: int) -> Instruction:
    """One instruction; the texts of its here-documents are still empty.

    Raises: BadInstructionError.
    """
    return _Reading(escape=escape, grammar=grammar, first=first, last=last).instruction(line)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """How a line is read, and where it stands."""

    escape: str
    grammar: Grammar
    first: int
    last: int

    def instruction(self, line: str) -> Instruction:
        arguments = self._arguments(line)
        flags = check(arguments, self.grammar)
        trigger = self._trigger(arguments.rest) if arguments.keyword == "ONBUILD" else None
        instruction = replace(self._of(arguments, flags), text=trim(line), line=line, trigger=trigger)
        return replace(instruction, heredocs=self._opened(instruction))

    def _trigger(self, rest: str) -> Instruction:
        """The instruction of an ONBUILD: unchecked, as builders leave it until it runs."""
        arguments = self._arguments(rest)
        if arguments.keyword in _NO_TRIGGERS:
            raise BadInstructionError(f"{arguments.keyword} is not allowed as an ONBUILD trigger")
        return replace(self._of(arguments, loose_flags(arguments.raw_flags)), text=rest)

    def _arguments(self, line: str) -> Arguments:
        return parse_arguments(
            line,
            self.escape,
            text_after_array=self.grammar.text_after_array,
            flags_escape=self.grammar.flags_escape,
        )

    def _of(self, arguments: Arguments, flags: Flags) -> Instruction:
        words = arguments.words
        sources = words[:-1] if arguments.keyword in ("ADD", "COPY") else ()
        return Instruction(
            keyword=arguments.keyword,
            text="",
            flags=flags,
            arguments=words,
            sources=tuple(word for word in sources if not opens_heredoc(word, self.grammar)),
            pairs=arguments.pairs,
            json=arguments.json,
            first_line=self.first,
            last_line=self.last,
        )

    def _opened(self, instruction: Instruction) -> tuple[Heredoc, ...]:
        """The here-documents that an instruction or its trigger opens."""
        holder = instruction.trigger or instruction
        if holder.keyword not in _HOLD_HEREDOCS or holder.json or "<<" not in instruction.line:
            return ()
        try:
            return find_heredocs(instruction.line, self.grammar)
        except BadSubstitutionError as error:
            raise BadInstructionError(f"a here-document's name cannot be read: {error}") from error


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
