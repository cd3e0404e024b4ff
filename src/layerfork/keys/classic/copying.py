"""Key parts of COPY and ADD in the classic builder.

Source: moby/moby builder/dockerfile/internals.go:performCopy and
builder/remotecontext/detect.go:removeDockerfile @ v26.1.5.
"""

import re
from dataclasses import dataclass, field

from layerfork.dockerfile import Instruction
from layerfork.errors import UsageError
from layerfork.keys.classic.rules import ClassicRules
from layerfork.keys.classic.sources import (
    MissingSourceError,
    Source,
    find_sources,
    source_parts,
    source_string,
    source_template,
    unknown_contents,
)
from layerfork.keys.classic.stage import Notes, StageState
from layerfork.keys.shared.history import created_by_of
from layerfork.keys.shared.script import Script, ScriptStep
from layerfork.keys.shared.tree import ContextTree, LinkLoopError, unpack
from layerfork.keys.shared.unlisted import Unlisted
from layerfork.record.cachekey import KeyPart, Part
from layerfork.record.context import Transport
from layerfork.record.gopath import clean
from layerfork.record.record import BuildRecord

IGNORE_FILE = ".dockerignore"
_HISTORY = re.compile(r"#\(nop\) (?:COPY|ADD) (?:--chown=\S+?(?=file:|dir:|multi:)|--chown=.* )?(\S+) in ")


@dataclass(slots=True, kw_only=True)
class CopyKeys:
    """Makes the parts of the COPY and ADD steps of one record."""

    record: BuildRecord
    script: Script
    rules: ClassicRules
    unlisted: Unlisted = field(default_factory=dict)
    trees: dict[tuple[str, ...], ContextTree] = field(default_factory=dict)
    """The unpacked context by what was removed from it."""

    def parts(
        self, step: ScriptStep, instruction: Instruction, state: StageState, notes: Notes
    ) -> tuple[list[Part], str]:
        """Parts of the step, and its comment; the comment is empty when it cannot be known."""
        words = tuple(state.expand(word, notes) for word in instruction.arguments)
        chown = state.expand(instruction.flag("chown"), notes)
        # Engines before 25.0 write no blank between the owner and the hash.
        option = f"--chown={chown}{' ' * self.rules.chown_blank}" if chown else ""
        name = f"{instruction.keyword} {option}"
        observed = self._observed(step)
        if self._is_local(instruction, words):
            shape, parts, hashed = self._context_parts(words[:-1], observed, notes)
        else:
            shape, parts, hashed = _observed_parts(instruction, words, observed, notes)
        command = KeyPart(cause="instruction", field="Cmd", value=f"{name}{shape} in {words[-1]} ")
        return [command, *parts], f"{name}{hashed} in {words[-1]} " if hashed else ""

    def source_parents(self, step: ScriptStep) -> tuple[int, ...]:
        """The last step of the stage that a ``--from`` names, when only its result could tell what
        was copied; nothing when history shows the hash of the copied files itself."""
        instruction = step.instruction
        if instruction is None or not instruction.flag("from") or self._observed(step):
            return ()
        source = self.script.last_step_of(instruction.flag("from"), step.record.index)
        return () if source is None else (source,)

    def _observed(self, step: ScriptStep) -> str:
        match = _HISTORY.search(created_by_of(self.record, step.record))
        return match[1] if match else ""

    def _is_local(self, instruction: Instruction, words: tuple[str, ...]) -> bool:
        context = self.record.context
        if context is None or context.transport is Transport.REMOTE or instruction.flag("from"):
            return False
        return not (instruction.keyword == "ADD" and any(map(_is_url, words[:-1])))

    def _context_parts(
        self, words: tuple[str, ...], observed: str, notes: Notes
    ) -> tuple[str, list[Part], str]:
        """Shape, parts and hash of sources in the context."""
        context = self.record.context
        if context is None or not context.complete:
            notes.unknown.append("the whole context")
        try:
            sources = self._find(words, observed, notes)
        except MissingSourceError as error:
            notes.unknown.append(f"source {error} in the context")
            return "…", [], observed
        except LinkLoopError as error:
            notes.unknown.append(f"where the links of {error} lead")
            return "…", [], observed
        notes.unknown.extend(unknown_contents(sources))
        return (
            source_template(sources),
            source_parts(sources, self.rules),
            source_string(sources, self.unlisted) or "",
        )

    def _find(self, words: tuple[str, ...], observed: str, notes: Notes) -> tuple[Source, ...]:
        """Sources in the context as the engine had it, Dockerfile and ignore file removed or not."""
        first, *others = self._removals()
        tree = self._tree(first)
        sources = find_sources(tree, words, self.rules)
        removable = {tree.resolve(path) for removal in others for path in removal}
        if not any(member.path in removable for source in sources for member in source.members):
            return sources
        candidates = {source_string(sources, self.unlisted): sources}
        for removal in others:
            other = find_sources(self._tree(removal), words, self.rules)
            candidates.setdefault(source_string(other, self.unlisted), other)
        if len(candidates) == 1 or observed in candidates:
            return candidates.get(observed, sources)
        notes.unknown.append(f"patterns of {IGNORE_FILE}: they decide whether the engine removes it")
        return sources

    def _tree(self, removed: tuple[str, ...]) -> ContextTree:
        if removed not in self.trees:
            tree = unpack(self.record.context.entries if self.record.context is not None else ())
            for path in removed:
                tree.remove(path)
            self.trees[removed] = tree
        return self.trees[removed]

    def _removals(self) -> tuple[tuple[str, ...], ...]:
        """What the engine took out of the context; several possibilities when it is not recorded
        what the ignore file says."""
        tree, context = self._tree(()), self.record.context
        if context is None or tree.find(tree.resolve(IGNORE_FILE)) is None:
            return ((),)
        dockerfile = self._dockerfile_path(tree)
        if context.excludes:
            named = (IGNORE_FILE, dockerfile)
            return (tuple(path for path in named if self._is_ignored(path, context.excludes)),)
        return ((), (IGNORE_FILE,), (dockerfile,), (IGNORE_FILE, dockerfile))

    def _is_ignored(self, path: str, patterns: tuple[str, ...]) -> bool:
        """The engine passes over a malformed pattern when it notices one, and leaves the file."""
        try:
            return self.rules.ignore_matcher(patterns).excludes(clean(path))
        except UsageError:
            return False

    def _dockerfile_path(self, tree: ContextTree) -> str:
        name = self.record.request.dockerfile_name or "Dockerfile"
        if name == "Dockerfile" and tree.find(tree.resolve(name)) is None:
            return "dockerfile"
        return name


def _observed_parts(
    instruction: Instruction, words: tuple[str, ...], observed: str, notes: Notes
) -> tuple[str, list[Part], str]:
    """Shape and parts of sources that no client sent: their hash is known from history alone."""
    origin = instruction.flag("from")
    cause = "remote-source" if instruction.keyword == "ADD" else "content"
    path = " ".join(words[:-1])
    if not observed:
        notes.unknown.append(f"content of {path}" + (f" in {origin}" if origin else ""))
        return "…", [], ""
    kind, colon, _ = observed.rpartition(":")
    return f"{kind}{colon}…", [KeyPart(cause=cause, path=path, field="source", value=observed)], observed


def _is_url(word: str) -> bool:
    """Source: moby/moby builder/remotecontext/urlutil/urlutil.go:IsURL @ v26.1.5."""
    return word.startswith(("http://", "https://"))
