"""The comment strings by which the classic builder knows its steps.

Source: moby/moby builder/dockerfile/{dispatchers,dispatchers_unix}.go @ v26.1.5; the same text under
daemon/builder/dockerfile in 29.x.
"""

import json
import posixpath
import re

from layerfork.dockerfile import Instruction
from layerfork.dockerfile.gotext import (
    format_duration,
    parse_duration_ns,
    quote,
    quote_list,
    quote_rune,
    trim,
)
from layerfork.keys.stagestate import Notes, StageState
from layerfork.record.gopath import clean
from layerfork.releases import ClassicRules

_ONBUILD = re.compile(r"\A[\t\n\f\r ]*ONBUILD[\t\n\f\r ]*", re.IGNORECASE | re.ASCII)


def comment_of(
    instruction: Instruction, state: StageState, rules: ClassicRules, notes: Notes
) -> tuple[str, tuple[str, ...]]:
    """The comment of a step that changes only the image's configuration, and the list in it.

    The list is what the text alone may be ambiguous about (``ENV A=1 B=2`` as one or two
    variables); it is empty where the text says all. Changes ``state``. Not for FROM, COPY, ADD, RUN.
    """
    keyword = instruction.keyword
    if keyword in ("ENV", "LABEL", "ARG"):
        return _pairs_comment(instruction, state, notes)
    if keyword == "WORKDIR":
        state.working_dir = join_directory(state, state.expand(instruction.arguments[0], notes), notes)
        return f"WORKDIR {state.working_dir}", ()
    if keyword in ("USER", "STOPSIGNAL"):
        return f"{keyword} {state.expand(instruction.arguments[0], notes)}", ()
    if keyword == "VOLUME":
        volumes = tuple(state.expand(trim(word), notes) for word in instruction.arguments)
        return f"VOLUME [{' '.join(volumes)}]", volumes
    if keyword == "EXPOSE":
        return f"EXPOSE {' '.join(_ports(instruction, state, rules, notes))}", ()
    if keyword in ("CMD", "ENTRYPOINT"):
        return f"{keyword} {quote_list(command_line(instruction, state))}", ()
    if keyword == "SHELL":
        state.shell = instruction.arguments
        return f"SHELL [{' '.join(state.shell)}]", state.shell
    if keyword == "HEALTHCHECK":
        return _healthcheck(instruction, rules, notes)
    if keyword == "ONBUILD":
        return "ONBUILD " + trigger_text(instruction), ()
    return f"{keyword} {' '.join(instruction.arguments)}", ()


def _ports(instruction: Instruction, state: StageState, rules: ClassicRules, notes: Notes) -> list[str]:
    if any("${" in word for word in instruction.arguments) and not rules.known:
        notes.unknown.append("version of the engine: it decides how EXPOSE is split into words")
    words = (
        state.expand_words(word, notes, shares_buffer=rules.shares_words)
        for word in sorted(instruction.arguments)
    )
    return [port for expanded in words for port in expanded]


def _pairs_comment(instruction: Instruction, state: StageState, notes: Notes) -> tuple[str, tuple[str, ...]]:
    expanded = [
        (state.expand(name, notes), None if value is None else state.define(name, value, notes))
        for name, value in instruction.pairs
    ]
    words = tuple(name if value is None else f"{name}={value}" for name, value in expanded)
    if instruction.keyword == "ENV":
        state.scope.env.update((name, value or "") for name, value in expanded)
    elif instruction.keyword == "ARG":
        state.scope.args.update(expanded)
        return f"ARG {' '.join(words)}", ()
    return f"{instruction.keyword} {' '.join(words)}", words


def join_directory(state: StageState, path: str, notes: Notes) -> str:
    """A directory seen from the stage's working directory."""
    if path.startswith("/"):
        return clean(path)
    if not state.env_known and not state.working_dir:
        notes.unknown.append("working directory of the base image")
    return clean(posixpath.join("/", state.working_dir, path))


def command_line(instruction: Instruction, state: StageState) -> tuple[str, ...]:
    """Words of RUN, CMD and ENTRYPOINT; the shell form gets the shell in front."""
    if instruction.json or (instruction.keyword == "ENTRYPOINT" and not instruction.arguments):
        return instruction.arguments
    return (*state.shell, *instruction.arguments)


def trigger_text(instruction: Instruction) -> str:
    """What an ONBUILD stores: its line without the keyword, here-documents after it."""
    text = _ONBUILD.sub("", instruction.line or instruction.text, count=1)
    return text + "".join(f"\n{heredoc.content}{heredoc.name}" for heredoc in instruction.heredocs)


def _healthcheck(instruction: Instruction, rules: ClassicRules, notes: Notes) -> tuple[str, tuple[str, ...]]:
    kind, *command = instruction.arguments
    kind = kind.upper()
    test = (kind if instruction.json or kind == "NONE" else f"{kind}-SHELL", *command)
    names = ["interval", "timeout", "start-period"]
    if rules.start_interval:
        names.append("start-interval")
    if not rules.known:
        notes.unknown.append("version of the engine: it decides the form of HEALTHCHECK")
    try:
        durations = [format_duration(parse_duration_ns(instruction.flag(name))) for name in names]
        retries = int(instruction.flag("retries") or 0)
    except ValueError as error:
        notes.unknown.append(f"HEALTHCHECK options: {error}")
        return instruction.text, ()
    if rules.health_form == "%q":
        fields = [quote_list(test), *map(quote, durations), quote_rune(retries)]
        return f"HEALTHCHECK &{{{' '.join(fields)}}}", ()
    values = [f"[{' '.join(test)}]", *durations, str(retries)]
    if rules.health_form == "%+v":
        titles = ["Test", *("".join(word.title() for word in name.split("-")) for name in names), "Retries"]
        values = [f"{title}:{value}" for title, value in zip(titles, values, strict=True)]
    return f"HEALTHCHECK &{{{' '.join(values)}}}", test


def canonical(text: str, words: tuple[str, ...]) -> str:
    """The comment as a part's value: with the list written out when the text alone is ambiguous."""
    if any(" " in word for word in words):
        return f"{text} {json.dumps(words, ensure_ascii=False)}"
    return text
