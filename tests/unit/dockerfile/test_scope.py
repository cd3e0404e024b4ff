"""Which variables an instruction sees. The tables are from upstream's source and from measured builds."""

from dataclasses import dataclass, field, replace

import pytest

from layerfork.dockerfile.scope import (
    JoinedScope,
    LayeredScope,
    ValueSource,
    Variable,
    expand_in,
    variables_behind,
)

PATH = "/bin"


@dataclass(frozen=True, kw_only=True)
class Row:
    """Lines of a stage, and the variables after them."""

    why: str
    lines: tuple[str, ...]
    """``ENV A=1``, ``ARG A``, ``ARG A=1``."""
    seen: str
    """``A=1 B=2``; for BuildKit in its order."""
    given: dict[str, str] = field(default_factory=dict)
    outer: dict[str, str] = field(default_factory=dict)
    """Values of global arguments."""


def read(line: str) -> tuple[str, str, str | None]:
    keyword, _, text = line.partition(" ")
    name, equals, value = text.partition("=")
    return keyword, name, value if equals else None


def shown(values: dict[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in values.items())


BUILDKIT = (
    Row(
        why="ENV after ENV moves to the end",
        lines=("ENV A=1", "ENV B=2", "ENV A=3"),
        seen="PATH=/bin B=2 A=3",
    ),
    Row(why="ARG after ENV wins", lines=("ENV A=1", "ARG A=2"), seen="PATH=/bin A=2"),
    Row(why="ENV after ARG wins", lines=("ARG A=2", "ENV A=1"), given={"A": "3"}, seen="PATH=/bin A=1"),
    Row(why="a given value beats the default", lines=("ARG A=1",), given={"A": "2"}, seen="PATH=/bin A=2"),
    Row(why="a given value needs its ARG", lines=("ENV B=1",), given={"A": "2"}, seen="PATH=/bin B=1"),
    Row(why="no value, no variable", lines=("ARG A",), seen="PATH=/bin"),
    Row(why="a bare ARG takes nothing away", lines=("ARG A=1", "ARG A"), seen="PATH=/bin A=1"),
    Row(why="nor does it hide an ENV", lines=("ENV A=1", "ARG A"), seen="PATH=/bin A=1"),
    Row(why="a global value needs a bare ARG", lines=("ARG A",), outer={"A": "g"}, seen="PATH=/bin A=g"),
    Row(
        why="its own default beats a global value", lines=("ARG A=1",), outer={"A": "g"}, seen="PATH=/bin A=1"
    ),
    Row(why="without its ARG it is not there", lines=("ENV B=1",), outer={"A": "g"}, seen="PATH=/bin B=1"),
    Row(why="an empty value is one", lines=("ARG A=1",), given={"A": ""}, seen="PATH=/bin A="),
    Row(why="so is an empty default", lines=("ARG A=",), outer={"A": "g"}, seen="PATH=/bin A="),
    Row(why="a proxy needs its ARG", lines=("ENV B=1",), given={"http_proxy": "p"}, seen="PATH=/bin B=1"),
    Row(
        why="with it it counts",
        lines=("ARG http_proxy",),
        given={"http_proxy": "p"},
        seen="PATH=/bin http_proxy=p",
    ),
    Row(why="PATH is one of them", lines=("ENV A=1", "ENV PATH=/x"), seen="A=1 PATH=/x"),
)
"""Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go:{dispatchArg,dispatchEnv} and
client/llb/meta.go:EnvList @ v0.13.2; orders measured with 0.13 and 0.25."""


def joined(row: Row) -> JoinedScope:
    scope = JoinedScope(given=row.given, meta_args=row.outer).of_image([("PATH", PATH)])
    for line in row.lines:
        keyword, name, value = read(line)
        if keyword == "ARG":
            scope.declare(name, value)
        else:
            scope.set_env(name, value or "")
    return scope


@pytest.mark.parametrize("row", BUILDKIT, ids=lambda row: row.why)
def test_buildkit(row: Row) -> None:
    scope = joined(row)
    assert shown(scope.values()) == row.seen
    for name, value in scope.values().items():
        found = scope.find(name)
        assert found is not None
        assert (found.name, found.value) == (name, value)


CHILDREN = (
    Row(why="arguments are inherited", lines=("ARG A=1", "ENV B=2"), seen="A=1 PATH=/bin B=2"),
    Row(why="an ENV comes again", lines=("ENV A=1", "ARG A=2"), seen="PATH=/bin A=1"),
    Row(why="at its first place", lines=("ENV A=1", "ENV B=2", "ENV A=3"), seen="PATH=/bin A=3 B=2"),
    Row(
        why="measured",
        lines=("ENV Z=1", "ENV A=2", "ARG A=arg", "ENV LATE=env", "ARG N", "ENV N=last", "ARG Z"),
        given={"N": "given", "Z": "given"},
        seen="PATH=/bin Z=1 A=2 LATE=env N=last",
    ),
)
"""A stage that is built on another one. Source: the same, toDispatchState and dispatchOnBuild; measured with
0.13 and 0.25."""


@pytest.mark.parametrize("row", CHILDREN, ids=lambda row: row.why)
def test_buildkit_stage_on_a_stage(row: Row) -> None:
    assert shown(JoinedScope().after(joined(row)).values()) == row.seen


CLASSIC = (
    Row(
        why="ENV hides ARG, whichever came later", lines=("ENV A=1", "ARG A=2"), given={"A": "3"}, seen="A=1"
    ),
    Row(why="also when it came first", lines=("ARG A=2", "ENV A=1"), given={"A": "3"}, seen="A=1"),
    Row(why="a given value beats the default", lines=("ARG A=1",), given={"A": "2"}, seen="A=2"),
    Row(why="a given value needs its ARG", lines=("ARG B=1",), given={"A": "2"}, seen="B=1"),
    Row(why="no value, no variable", lines=("ARG A",), seen=""),
    Row(why="a bare ARG takes a default away", lines=("ARG A=1", "ARG A"), seen=""),
    Row(why="but not a given value", lines=("ARG A=1", "ARG A"), given={"A": "2"}, seen="A=2"),
    Row(why="a global value needs a bare ARG", lines=("ARG A",), outer={"A": "g"}, seen="A=g"),
    Row(why="its own default beats a global value", lines=("ARG A=1",), outer={"A": "g"}, seen="A=1"),
    Row(why="without its ARG it is not there", lines=("ARG B=1",), outer={"A": "g"}, seen="B=1"),
    Row(why="a proxy needs no ARG", lines=(), given={"http_proxy": "p"}, seen="http_proxy=p"),
    Row(
        why="an ENV hides it as well",
        lines=("ENV http_proxy=e",),
        given={"http_proxy": "p"},
        seen="http_proxy=e",
    ),
)
"""Source: moby/moby builder/dockerfile/{buildargs,evaluator,dispatchers}.go @ v26.1.5."""
PROXIES = frozenset({"http_proxy", "HTTP_PROXY"})


def layered(row: Row, *, bare_keeps: bool = False) -> LayeredScope:
    outer: dict[str, str | None] = {**row.outer}
    scope = LayeredScope(given=row.given, meta_args=outer, undeclared=PROXIES, bare_keeps=bare_keeps)
    for line in row.lines:
        keyword, name, value = read(line)
        if keyword == "ARG":
            scope.declare(name, value)
        else:
            scope.set_env(name, value or "")
    return scope


@pytest.mark.parametrize("row", CLASSIC, ids=lambda row: row.why)
def test_classic(row: Row) -> None:
    scope = layered(row)
    assert shown(dict(sorted(scope.values().items()))) == row.seen
    for name, value in scope.values().items():
        source = ValueSource.ENV if name in scope.env else ValueSource.ARG
        assert scope.find(name) == Variable(name=name, value=value, source=source)


def test_buildah_keeps_a_default_when_a_bare_arg_follows() -> None:
    """Measured with buildah 1.39.3."""
    row = Row(why="", lines=("ARG A=1", "ARG A"), seen="")
    assert layered(row, bare_keeps=True).values() == {"A": "1"}


@pytest.mark.parametrize("row", CLASSIC, ids=lambda row: row.why)
def test_arguments_end_with_their_stage(row: Row) -> None:
    ended = layered(row)
    child = LayeredScope(given=row.given, undeclared=PROXIES).after(ended)
    assert {name: value for name, value in child.values().items() if name not in PROXIES} == {
        name: value for name, value in ended.env.items() if name not in PROXIES
    }


def test_from_lines_see_global_arguments_alone() -> None:
    scope = LayeredScope(
        given={"G": "2", "X": "3"}, meta_args={"G": "1", "H": "1", "N": None}, args={"A": "1"}
    )
    assert scope.meta_arguments() == {"G": "2", "H": "1"}


def test_what_a_value_was_made_from() -> None:
    scope = JoinedScope(given={"A": "1"})
    scope.declare("A", None)
    expansion, used = expand_in(scope, "x$A", "\\")
    scope.made_from["E"] = used
    scope.set_env("E", expansion.text)
    a = Variable(name="A", value="1", source=ValueSource.ARG)
    assert variables_behind(scope, ["E"]) == (Variable(name="E", value="x1", source=ValueSource.ENV), a)
    assert variables_behind(scope, ["E", "A", "NONE"]) == (
        Variable(name="E", value="x1", source=ValueSource.ENV),
        a,
    )


@pytest.mark.parametrize("row", BUILDKIT, ids=lambda row: row.why)
def test_a_copy_is_apart(row: Row) -> None:
    for scope in (joined(row), layered(replace(row, lines=row.lines))):
        before = scope.values()
        other = scope.copy()
        other.declare("NEW", "1")
        other.set_env("OTHER", "1")
        assert scope.values() == before
