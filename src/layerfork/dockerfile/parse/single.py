"""One instruction from its logical line."""

from dataclasses import dataclass, replace

from layerfork.dockerfile.gotext import trim
from layerfork.dockerfile.grammar import Grammar
from layerfork.dockerfile.instruction import Heredoc, Instruction
from layerfork.dockerfile.parse.arguments import Arguments, BadInstructionError, parse_arguments
from layerfork.dockerfile.parse.checks import Flags, check, loose_flags
from layerfork.dockerfile.parse.heredoc import find_heredocs, opens_heredoc
from layerfork.dockerfile.substitution import BadSubstitutionError

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
        return parse_arguments(line, self.escape, text_after_array=self.grammar.text_after_array)

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
