"""The nouns of a parsed Dockerfile."""

import csv
import re
from dataclasses import dataclass, field

from layerfork.dockerfile.gotext import lower

_NUMBER = re.compile(r"\+?[0-9]{1,9}")
_LEADING_TABS = re.compile(r"(?m)^\t+")
LAYERED = ("RUN", "COPY", "ADD", "WORKDIR")
"""Instructions to which builders give a layer, empty or not; the classic builder none to WORKDIR.
Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go, v0.8 to v0.26."""
NO_STAGE = -1
"""Stage index of an instruction before the first FROM."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heredoc:
    """A here-document attached to an instruction."""

    name: str
    """The delimiter word, quotes removed."""
    content: str
    """The lines between, line ends included; leading tabs still there."""
    expand: bool = True
    """False when the delimiter was quoted: variables are not replaced."""
    chomp: bool = False
    """Written ``<<-``: leading tabs are dropped."""
    file_descriptor: int = 0

    @property
    def data(self) -> str:
        """What ends up in the file: leading tabs dropped when asked for."""
        if not self.chomp:
            return self.content
        return _LEADING_TABS.sub("", self.content)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One instruction, split as Docker's parser splits it. Variables are not replaced."""

    keyword: str
    """Upper case: ``COPY``."""
    text: str
    """The logical line: continuations joined, comments dropped, trimmed. The classic builder prints
    it after ``Step n/m :``."""
    line: str = ""
    """The logical line with the blanks at its end, which ONBUILD keeps; empty when unknown."""
    flags: tuple[tuple[str, str], ...] = ()
    """Name without dashes, and value; a bare boolean flag has the value ``true``. In written order."""
    arguments: tuple[str, ...] = ()
    """Words after the flags. RUN, CMD and ENTRYPOINT in shell form have exactly one. The first word
    of HEALTHCHECK is its type. Empty for ENV, LABEL and ARG, which have `pairs`."""
    sources: tuple[str, ...] = ()
    """Source words of COPY and ADD, here-documents left out."""
    pairs: tuple[tuple[str, str | None], ...] = ()
    """Name and value of ENV, LABEL and ARG; the value is None for an ARG without default."""
    json: bool = False
    """The arguments were written as a JSON array (exec form)."""
    heredocs: tuple[Heredoc, ...] = ()
    trigger: "Instruction | None" = None
    """The instruction that an ONBUILD holds. Builders check it only where it runs: its keyword may be
    unknown, and so may its flags."""
    first_line: int
    last_line: int
    """Lines of the file, from 1; a here-document belongs to its instruction."""
    stage: int = NO_STAGE
    stage_name: str = ""

    def flag(self, name: str, default: str = "") -> str:
        """Value of a flag, or ``default``; of repeated ones the last."""
        return dict(self.flags).get(name, default)

    def flag_values(self, name: str) -> tuple[str, ...]:
        """All values of a flag that may be repeated, such as ``--exclude`` and ``--mount``."""
        return tuple(value for flag, value in self.flags if flag == name)

    @property
    def reads_from(self) -> tuple[str, ...]:
        """Stages, images or contexts whose files it reads, as written: by ``--from``, or by the ``from``
        of a ``--mount``."""
        fields = (field for value in self.flag_values("mount") for field in _fields(value))
        mounted = (value for name, _, value in fields if name.lower() == "from")
        return tuple(filter(None, (self.flag("from"), *mounted)))


def _fields(value: str) -> list[tuple[str, str, str]]:
    """The fields of a ``--mount``, a line of CSV, each cut at its first equals sign."""
    try:
        return [field.partition("=") for field in next(csv.reader([value]), [])]
    except csv.Error:
        return []


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One FROM and what follows it."""

    index: int
    name: str = ""
    """Lower case, as builders compare it; empty when the stage has none."""
    base: str
    """As written: variables not replaced."""
    platform: str = ""
    origin: Instruction
    """The FROM itself."""
    instructions: tuple[Instruction, ...] = ()
    """Without the FROM."""


def stage_number(name: str) -> int | None:
    """The number that a ``--from`` or a target is, in the digits that builders read; None for a name."""
    return int(name) if _NUMBER.fullmatch(name) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dockerfile:
    """A whole Dockerfile."""

    name: str
    escape: str = "\\"
    """The escape character: backslash or backtick."""
    directives: tuple[tuple[str, str], ...] = ()
    """Parser directives in written order, names in lower case: ``syntax``, ``escape``, ``check``."""
    meta_args: tuple[Instruction, ...] = ()
    """ARG instructions before the first FROM."""
    stages: tuple[Stage, ...] = field(default=())

    @property
    def instructions(self) -> tuple[Instruction, ...]:
        """Every instruction in file order: these are the classic builder's numbered steps."""
        body = (line for stage in self.stages for line in (stage.origin, *stage.instructions))
        return (*self.meta_args, *body)

    def at_line(self, line: int) -> Instruction | None:
        """The instruction that a line of the file, from 1, belongs to."""
        return next((each for each in self.instructions if each.first_line <= line <= each.last_line), None)

    def find_stage(self, name: str, before: int | None = None) -> Stage | None:
        """A stage by its name, whatever the case, or by its number written in digits: of the stages before
        index ``before`` where that is given. Of several with one name the last counts.

        Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go:addState @ v0.8.0 to 73ed6825c;
        the classic builder refuses a name that is taken.
        """
        stages = self.stages[:before]
        named = [stage for stage in stages if stage.name and stage.name == lower(name)]
        if named:
            return named[-1]
        number = stage_number(name)
        return stages[number] if number is not None and number < len(stages) else None

    def find_base(self, name: str, before: int | None = None) -> Stage | None:
        """The stage that a FROM names, for Docker's builders: to them a number is the name of an image, to
        buildah it is a stage.

        Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go:addState @ v0.8.0 to 73ed6825c;
        moby/moby builder/dockerfile/dispatchers.go:getImageOrStage @ v26.1.5.
        """
        return self.find_stage(name, before) if stage_number(name) is None else None
