"""Records that are valid by the schema and true of no build: real ones, with some of their values replaced.

What may be replaced, and by what, is read from the model's types alone.
"""

import types
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from enum import StrEnum
from typing import Any, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from layerfork.record.context import Digest
from layerfork.record.record import BuildRecord

Path = tuple[str | int, ...]
"""Names of fields and positions in tuples, from the record down."""
Place = tuple[Path, Any]
"""Where a value is, and its type."""

TEXTS = (
    *("", " ", "/", ".", "..", "../..", "-", "-1", "0", "2 x", "0:0:0", "1:", ":1", "root:", "@0", "x@9"),
    *("%", "[", "]", "{", "}", "$", "${", "${A:-$A}", "\\", '"', "'", "`", "#", "|", ";", "a\nb", "\x00"),
    *("\x1b[31m", "\u202e", "🏗", "9" * 25, "9" * 5_000, "1e309", "0x10", "٣", "sha256:"),
    *("sha256:" + "0" * 64, "SHA256:" + "A" * 64, "sha256:zz", "docker-image://"),
    *("docker-image://a@sha256:1", "local://context", "local://", "http://[::1", "https://h:x/a", "git://"),
    *("oci-layout://", "://", "2026-13-45T99:99:99Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:60+99:99"),
    *("FROM", "FROM ", "RUN", "RUN --mount=type=x a", "RUN --mount=", "COPY", "COPY --from=9 a b"),
    *("COPY a", "ADD", 'COPY ["a', 'RUN ["', "ARG", "ARG =", "ENV", "ENV a", "USER 2 x", "USER", "WORKDIR"),
    *("WORKDIR \\", "ONBUILD", "ONBUILD ONBUILD RUN a", "HEALTHCHECK", "SHELL", "SHELL [", "RUN <<E"),
    *("COPY <<E /a\nb", "EXPOSE a-b", "LABEL", "FROM a\nFROM b AS 0\nCOPY --from=0 a b", "FROM $A"),
    *("# syntax=x\nFROM a", "# escape=`\nFROM a`\n b", "[stage-1 2/3] COPY a b"),
    *("[internal] load build context", "[ 9/ 1] RUN", "[a/b 1/1] FROM", "CACHED", "exec"),
    *("|1 A=b /bin/sh -c x", "|9 A /bin/sh -c", "/bin/sh -c #(nop) COPY file:1 in /", "/bin/sh -c #(nop)"),
    *("#(nop) ", "linux/amd64", "linux/arm/v9/x", "a,b", "type=registry", "type=local,src=", "[{}]"),
    *("null", "bind", "file", "exec", "source", "merge", "copy", "mkfile", "classic", "buildkit"),
    *("buildah", "tcp://a", "hidden:0123456789abcdef", "*/", "**", "[a-", "!", "!!", "\\", "a" * 3_000),
    *("a/" * 500, "1.2.3.4.5", "v", "28", "0.0", "-rc", "docker/99999.1"),
)  # fmt: skip
NUMBERS = (-1, 0, 1, 2, 7, 0o777, 0o100644, 2**31, -(2**31), 2**63 - 1, -(2**63), 2**64, 10**30)
SECONDS = (0.0, -1.0, 1e-9, 1e18, 1e308, -1e308)
OTHER_DIGESTS = tuple(f"sha256:{digit * 64}" for digit in "0af")


def damaged(record: BuildRecord, draw: Any) -> BuildRecord:
    """The record with up to four of its values replaced."""
    for _ in range(draw(st.integers(1, 4))):
        places = list(_places(record, BuildRecord, ()))
        # Of a hundred entries one is as good as another: kinds of places are drawn first.
        kinds = sorted({_kind(path) for path, _ in places})
        kind = draw(st.sampled_from(kinds))
        path, hint = draw(st.sampled_from([each for each in places if _kind(each[0]) == kind]))
        record = _put(record, path, draw(_values(hint, _get(record, path), record)))
    return record


def _kind(path: Path) -> str:
    return ".".join(name for name in path if isinstance(name, str))


def _places(value: Any, hint: Any, path: Path) -> Iterator[Place]:
    """Everything in a value that may be another one, itself included."""
    if path and path != ("schema",):
        yield path, hint
    if is_dataclass(value):
        hints = get_type_hints(type(value))
        for field in fields(value):
            yield from _places(getattr(value, field.name), hints[field.name], (*path, field.name))
    elif isinstance(value, tuple):
        for number, each in enumerate(value):
            yield from _places(each, _item(hint, number), (*path, number))


def _item(hint: Any, number: int) -> Any:
    """Type of what is at a position of a tuple."""
    if _is_optional(hint):
        return _item(next(each for each in get_args(hint) if each is not types.NoneType), number)
    parts = get_args(hint)
    return parts[0] if len(parts) == 1 or parts[1:] == (...,) else parts[number]


def _is_optional(hint: Any) -> bool:
    return get_origin(hint) in (Union, types.UnionType)


def _get(value: Any, path: Path) -> Any:
    for name in path:
        value = getattr(value, name) if isinstance(name, str) else value[name]
    return value


def _put(value: Any, path: Path, new: Any) -> Any:
    if not path:
        return new
    name, *rest = path
    if isinstance(name, str):
        return replace(value, **{name: _put(getattr(value, name), tuple(rest), new)})
    return (*value[:name], _put(value[name], tuple(rest), new), *value[name + 1 :])


def _values(hint: Any, now: Any, record: BuildRecord) -> st.SearchStrategy[Any]:
    """What may stand there by the schema."""
    if isinstance(now, tuple) and now and not _is_fixed(hint):
        return st.sampled_from(_rows(now)) | _made(hint, record)
    return _made(hint, record)


def _is_fixed(hint: Any) -> bool:
    """Whether it is a tuple of so many."""
    parts = get_args(hint)
    return get_origin(hint) is tuple and parts[1:] != (...,)


def _rows(now: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """Rows of the same things: none, others, in another order, twice."""
    return [(), now[::-1], now + now, now[1:], now[:-1], (*now, now[0]), now[:1]]


def _made(hint: Any, record: BuildRecord) -> st.SearchStrategy[Any]:
    if hint is Digest:
        known = [op.digest for op in record.definition.ops] if record.definition is not None else []
        known += [vertex.digest for vertex in record.vertices]
        return st.sampled_from([*known, *OTHER_DIGESTS]) | st.sampled_from(TEXTS)
    if _is_optional(hint):
        parts = [each for each in get_args(hint) if each is not types.NoneType]
        return st.none() | st.one_of([_made(each, record) for each in parts])
    if get_origin(hint) in (tuple, Sequence):
        return _tuples(get_args(hint), record)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return st.sampled_from(list(hint))
    if isinstance(hint, type) and is_dataclass(hint):
        hints = get_type_hints(hint)
        return st.builds(hint, **{name: _made(each, record) for name, each in hints.items()})
    simple: dict[Any, st.SearchStrategy[Any]] = {
        str: st.sampled_from(TEXTS),
        bytes: st.sampled_from([each.encode() for each in TEXTS] + [b"\xff"]),
        bool: st.booleans(),
        int: st.sampled_from(NUMBERS),
        float: st.sampled_from(SECONDS),
    }
    return simple[hint]


def _tuples(parts: tuple[Any, ...], record: BuildRecord) -> st.SearchStrategy[Any]:
    if len(parts) == 1 or parts[1:] == (...,):
        return st.lists(_made(parts[0], record), max_size=3).map(tuple)
    return st.tuples(*(_made(each, record) for each in parts))
