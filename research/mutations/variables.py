"""Random lines with variables: ARG and ENV in all their forms, and texts that use or swallow them."""

import re
from collections.abc import Sequence
from random import Random

from layerfork.record.build import Builder
from research.mutations.subject import BASE, OTHER_BASE, Arena, Line

ARGUMENTS = ("A", "B", "C")
"""Arguments whose values are texts; few, so that lines share them."""
TWINS = ARGUMENTS[:2]
"""Arguments that often have one value."""
SETTINGS = ("E", "F")
"""Variables that only ENV lines set, and sometimes arguments as well."""
SOURCE, USER, BASE_NAME = "S", "U", "BASE"
"""Arguments for the file to copy, the owner, and the image of a stage."""
VALUES = ("", "x", "y", "z9")
"""Few, so that two variables may have one value and either of them explains a step."""
USERS = ("0", "7", "5")
BASES = (BASE, BASE.partition(":")[0], OTHER_BASE)
"""Two names of one image, and another one."""
_NAME = re.compile(r"\$\{?(\w+)")
SHARE = 0.6
"""Share of stages that use variables."""


def given_arguments(rng: Random, files: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Some build arguments of a request."""
    names = (*ARGUMENTS, SOURCE, USER, BASE_NAME)
    found = {name: random_value(rng, name, files) for name in names if rng.random() < 0.4}
    if rng.random() < 0.4:
        # Where one of them stands for the other, either explains what both changed.
        found |= dict.fromkeys(TWINS, rng.choice(VALUES[1:]))
    return tuple(found.items())


def random_value(rng: Random, name: str, files: Sequence[str]) -> str:
    """A value that a build with this variable can do with."""
    pools = {SOURCE: tuple(files), USER: USERS, BASE_NAME: BASES}
    return rng.choice(pools.get(name, VALUES))


def outer_lines(rng: Random, files: Sequence[str]) -> tuple[Line, ...]:
    """ARG lines before the first FROM; the name of an image always has one."""
    lines = [Line(keyword="ARG", words=(f"{BASE_NAME}={BASE}",))]
    lines += [_argument(rng, name, files, others=False) for name in ("A", "C") if rng.random() < 0.3]
    return tuple(lines)


def variable_lines(
    rng: Random, arena: Arena, files: Sequence[str], place: str, *, runs: bool
) -> tuple[Line, ...]:
    """Declarations, settings and uses of variables, for one stage."""
    if rng.random() >= SHARE:
        return ()
    lines = [_argument(rng, name, files) for name in ARGUMENTS if rng.random() < 0.6]
    if rng.random() < 0.4:
        first, second = TWINS
        lines += [Line(keyword="ARG", words=(name,)) for name in TWINS]
        lines.append(Line(keyword="COPY", words=(rng.choice(files), f"{place}t${{{first}:-${{{second}}}}}")))
    uses = [_use(rng, arena, files, f"{place}v{number}", runs=runs) for number in range(rng.randint(2, 4))]
    used = {name for line in uses for name in names_in(line)}
    needed = [name for name in (SOURCE, USER) if name in used]
    lines += [Line(keyword="ARG", words=(f"{name}={random_value(rng, name, files)}",)) for name in needed]
    return (*lines, *uses)


def names_in(line: Line) -> tuple[str, ...]:
    """Names of the variables in a line's text."""
    found = (name for word in (*line.words, *line.flags) for name in _NAME.findall(word))
    return tuple(dict.fromkeys(found))


def _argument(rng: Random, name: str, files: Sequence[str], *, others: bool = True) -> Line:
    drawn = rng.random()
    if drawn < 0.4:
        return Line(keyword="ARG", words=(name,))
    if drawn < 0.6 and others:
        return Line(keyword="ARG", words=(f"{name}=${{{rng.choice(ARGUMENTS)}:-k}}",))
    return Line(keyword="ARG", words=(f"{name}={random_value(rng, name, files)}",))


def _use(rng: Random, arena: Arena, files: Sequence[str], place: str, *, runs: bool) -> Line:
    """One line that uses variables, or sets or declares them once more."""
    kinds = ["place"] * 3 + ["source", "chown", "env", "env", "pairs", "workdir", "user", "again"]
    kinds += ["run"] * 2 if runs else []
    kinds += ["label"] * (1 if arena.builder is Builder.BUILDKIT else 3)
    match rng.choice(kinds):
        case "label":
            return Line(keyword="LABEL", words=(f"l={random_text(rng, arena)}",))
        case "place":
            return Line(keyword="COPY", words=(rng.choice(files), place + random_text(rng, arena, bare=True)))
        case "source":
            return Line(keyword="COPY", words=(f"${{{SOURCE}}}", place))
        case "chown":
            owner = f"--chown=${{{USER}:-3}}:4"
            return Line(keyword="COPY", words=(rng.choice(files), place), flags=(owner,))
        case "env":
            return Line(keyword="ENV", words=(f"{_setting(rng)}={random_text(rng, arena)}",))
        case "pairs":
            first, second = rng.sample((*SETTINGS, "A"), 2)
            words = (f"{first}={random_text(rng, arena)}", f"{second}=1${{{first}}}")
            return Line(keyword="ENV", words=words)
        case "workdir":
            return Line(keyword="WORKDIR", words=(place + random_text(rng, arena, bare=True),))
        case "user":
            return Line(keyword="USER", words=(f"${{{USER}:-0}}",))
        case "run":
            return Line(keyword="RUN", words=("true",))
    return _argument(rng, rng.choice(ARGUMENTS), files)


def _setting(rng: Random) -> str:
    return rng.choice((*SETTINGS, *SETTINGS, "B"))


def random_text(rng: Random, arena: Arena, *, bare: bool = False) -> str:
    """One to three variables in a row, some of them swallowed. ``bare`` leaves quotes out."""
    return "".join(_piece(rng, arena, bare=bare) for _ in range(rng.choice((1, 1, 2, 3))))


def _piece(rng: Random, arena: Arena, *, bare: bool) -> str:
    first, second = rng.sample((*ARGUMENTS, *SETTINGS), 2)
    forms = [
        f"${{{first}}}",
        f"${{{first}:-k}}",
        f"${{{first}:-${{{second}}}}}",
        f"${{{first}:+k}}",
        f"${{{first}:+${{{second}}}}}",
    ]
    # Buildah knows no operators without a colon.
    forms += [f"${{{first}-k}}", f"${{{first}+k}}"] if arena.builder is not Builder.BUILDAH else []
    forms += [] if bare else [f"'${{{first}}}'", f'"${{{first}}}"', f"\\${{{first}}}"]
    return rng.choice(forms)
