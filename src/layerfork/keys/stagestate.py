"""What the classic builder and buildah know while they run a stage: variables, shell, directory."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial

from layerfork.dockerfile import BadSubstitutionError, Expansion
from layerfork.dockerfile.expand import expand, expand_raw
from layerfork.dockerfile.scope import Expander, LayeredScope, Variable, expand_in
from layerfork.record.cachekey import KeyPart
from layerfork.record.engine import ImageFacts

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DEFAULT_SHELL = ("/bin/sh", "-c")
SCRATCH = ImageFacts(image_id="", history=(), diff_ids=())
"""The empty image."""


@dataclass(slots=True, kw_only=True)
class Notes:
    """What was learnt on the way to a key."""

    unknown: list[str] = field(default_factory=list)
    origins: dict[KeyPart, None] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class StageState:
    """A stage between two instructions."""

    scope: LayeredScope
    env_known: bool = True
    """False when the base image's configuration was not recorded: its environment may hold more names."""
    shell: tuple[str, ...] = DEFAULT_SHELL
    working_dir: str = ""
    escape: str = "\\"
    expander: Expander = expand

    def of_image(self, facts: ImageFacts | None) -> "StageState":
        """A stage that begins with an image; without facts its environment is unknown."""
        known = facts if facts is not None else SCRATCH
        env = dict(entry.partition("=")[::2] for entry in known.env)
        if facts is not None:
            env.setdefault("PATH", DEFAULT_PATH)
        return StageState(
            scope=self.scope.of_image(env.items()),
            env_known=facts is not None,
            shell=known.shell or DEFAULT_SHELL,
            working_dir=known.working_dir,
            escape=self.escape,
            expander=self.expander,
        )

    def after(self, base: "StageState") -> "StageState":
        """A stage that begins where another one ended."""
        return replace(base, scope=self.scope.after(base.scope))

    def copy(self) -> "StageState":
        """The same state, to be changed apart from this one."""
        return replace(self, scope=self.scope.copy())

    def expand_base(self, word: str, notes: Notes) -> str:
        """A word of a FROM line: only global arguments count there."""
        values: dict[str, str | None] = {**self.scope.meta_arguments()}
        scope = LayeredScope(args=values, made_from=self.scope.made_from)
        return StageState(scope=scope, escape=self.escape, expander=self.expander).expand(word, notes)

    def expand(self, word: str, notes: Notes) -> str:
        """A word with its variables replaced; what it could not know goes to the notes."""
        expansion = self._expanded(word, notes, shares_buffer=False)
        return word if expansion is None else expansion.text

    def define(self, name: str, value: str, notes: Notes) -> str:
        """The value that a line gives a variable, expanded; what it was made from is remembered."""
        with contextlib.suppress(BadSubstitutionError):
            self.scope.made_from[name] = expand_in(self.scope, value, self.escape, self.expander)[1]
        return self.expand(value, notes)

    def expand_document(self, text: str, notes: Notes) -> str:
        """A here-document with its variables replaced; quotes stay."""
        expansion = self._expanded(text, notes, shares_buffer=False, how=expand_raw)
        return text if expansion is None else expansion.text

    def expand_words(self, word: str, notes: Notes, *, shares_buffer: bool) -> tuple[str, ...]:
        """As `expand`, split at blanks; for ``shares_buffer`` see `layerfork.dockerfile.expand`."""
        expansion = self._expanded(word, notes, shares_buffer=shares_buffer)
        return (word,) if expansion is None else expansion.words

    def _expanded(
        self, word: str, notes: Notes, *, shares_buffer: bool, how: Expander | None = None
    ) -> Expansion | None:
        """A word with its variables replaced; None when builders refuse to."""
        try:
            how = how or (partial(expand, shares_buffer=True) if shares_buffer else self.expander)
            expansion, variables = expand_in(self.scope, word, self.escape, how)
        except BadSubstitutionError as error:
            notes.unknown.append(f"the value of {word}: {error}")
            return None
        notes.origins.update(dict.fromkeys(map(_origin, variables)))
        if not self.env_known:
            for name in sorted(expansion.used - self.scope.env.keys()):
                notes.unknown.extend(self._doubts(word, expansion, name, how))
        return expansion

    def _doubts(self, word: str, expansion: Expansion, name: str, how: Expander) -> Iterator[str]:
        """What it would take to know that the base image's environment does not change a word."""
        for value, what in (("\0", ""), ("", " to nothing")):
            other = how(word, {**self.scope.values(), name: value}, self.escape)
            if (other.text, other.words) != (expansion.text, expansion.words):
                yield f"whether the base image sets {name}{what}"


def _origin(variable: Variable) -> KeyPart:
    return KeyPart(cause=variable.source.value, path=variable.name, field="value", value=variable.value)
