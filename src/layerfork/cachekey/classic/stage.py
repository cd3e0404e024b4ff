"""What the classic builder knows while it runs a stage: environment, arguments, shell, directory.

Source: moby/moby builder/dockerfile/{buildargs,evaluator,dispatchers}.go @ v26.1.5; the same text
under daemon/builder/dockerfile in 29.x.
"""

from dataclasses import dataclass, field, replace

from layerfork.dockerfile import BadSubstitutionError, expand
from layerfork.model.cachekey import KeyPart
from layerfork.model.engine import ImageFacts

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DEFAULT_SHELL = ("/bin/sh", "-c")


@dataclass(slots=True, kw_only=True)
class Notes:
    """What was learnt on the way to a key."""

    unknown: list[str] = field(default_factory=list)
    origins: dict[KeyPart, None] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class StageState:
    """A stage between two instructions."""

    env: dict[str, str] = field(default_factory=dict)
    env_known: bool = True
    """False when the base image's configuration was not recorded: names may be missing in `env`."""
    shell: tuple[str, ...] = DEFAULT_SHELL
    working_dir: str = ""
    args: dict[str, str | None] = field(default_factory=dict)
    """Declared in this stage: the default, or None."""
    meta_args: dict[str, str | None] = field(default_factory=dict)
    """Declared before the first FROM."""
    given: dict[str, str] = field(default_factory=dict)
    """``--build-arg`` values."""
    proxies: frozenset[str]
    escape: str = "\\"

    @classmethod
    def of_image(cls, facts: ImageFacts | None, outer: "StageState") -> "StageState":
        """A stage that begins with an image; without facts its environment is unknown."""
        env = dict(entry.partition("=")[::2] for entry in (facts.env if facts is not None else ()))
        if facts is not None:
            env.setdefault("PATH", DEFAULT_PATH)
        return replace(
            outer,
            env=env,
            env_known=facts is not None,
            shell=(facts.shell if facts is not None else ()) or DEFAULT_SHELL,
            working_dir=facts.working_dir if facts is not None else "",
            args={},
        )

    def after(self, base: "StageState") -> "StageState":
        """A stage that begins where another one ended."""
        return replace(base, env=dict(base.env), args={})

    def arguments(self) -> dict[str, str]:
        """Arguments in force: declared ones and given proxies that have a value, minus those that
        the environment already names."""
        found = {}
        for name in (*self.args, *self.proxies):
            if name in self.env:
                continue
            value = self._argument(name)
            if value is not None:
                found[name] = value
        return found

    def _argument(self, name: str) -> str | None:
        if name in self.given:
            return self.given[name]
        default = self.args.get(name)
        return default if default is not None else self.meta_args.get(name)

    def meta_arguments(self) -> dict[str, str]:
        """Arguments that FROM lines may use."""
        names = (*self.meta_args, *self.proxies)
        values = ((name, self.given.get(name, self.meta_args.get(name))) for name in names)
        return {name: value for name, value in values if value is not None}

    def expand(self, word: str, notes: Notes) -> str:
        """A word with its variables replaced; what it could not know goes to the notes."""
        return " ".join(self.expand_words(word, notes, split=False))

    def expand_words(self, word: str, notes: Notes, split: bool = True) -> tuple[str, ...]:
        """As `expand`, split at blanks where asked."""
        arguments = self.arguments()
        try:
            expansion = expand(word, arguments | self.env, self.escape)
        except BadSubstitutionError as error:
            notes.unknown.append(f"the value of {word}: {error}")
            return (word,)
        for name in sorted(expansion.used):
            self._note_use(name, arguments, notes)
        return expansion.words if split else (expansion.text,)

    def _note_use(self, name: str, arguments: dict[str, str], notes: Notes) -> None:
        if name in self.env:
            notes.origins[KeyPart(cause="env", path=name, field="value", value=self.env[name])] = None
            return
        if name in arguments:
            part = KeyPart(cause="build-arg", path=name, field="value", value=arguments[name])
            notes.origins[part] = None
        if not self.env_known:
            notes.unknown.append(f"whether the base image sets {name}")
