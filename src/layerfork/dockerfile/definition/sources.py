"""The sources that BuildKit's frontend reads: images and the context of the build.

Source: moby/buildkit frontend/dockerui/{config,context}.go, client/llb/source.go and
frontend/dockerfile/dockerfile2llb/convert.go:{normalizeContextPaths,filterPaths} @ v0.11.6 to v0.32.2.
"""

import json
import posixpath
from collections.abc import Iterable, Iterator

from layerfork.dockerfile.definition.evaluate import Evaluated
from layerfork.dockerfile.definition.operation import InputList, file_operation, named
from layerfork.record.context import Digest
from layerfork.record.llb import FileAction, LLBOp, SourceOp

_URL = ("http://", "https://")
_LOCAL = "local://"
_FETCHED = "context"
"""The name under which a context is stored that is fetched as an archive."""


def image_source(identifier: str, platform: str, resolve_mode: str) -> LLBOp:
    """The operation of an image; ``identifier`` with ``docker-image://`` and what the engine pinned it to."""
    attrs = (("image.resolvemode", resolve_mode),) if resolve_mode else ()
    source = SourceOp(identifier=identifier, attrs=attrs)
    return named(LLBOp(digest=Digest(""), kind="source", source=source, platform=platform))


def directory_source(name: str, session: str, excludes: Iterable[str], paths: tuple[str, ...]) -> LLBOp:
    """The operation of a context that the client sends file by file. ``paths``: all that is read of it,
    nothing for everything."""
    lists = {"local.excludepatterns": tuple(excludes), "local.followpaths": paths}
    attrs = {key: _go_json(value) for key, value in lists.items() if value}
    attrs |= {"local.session": session, "local.sharedkeyhint": name}
    source = SourceOp(identifier=_LOCAL + name, attrs=tuple(sorted(attrs.items())))
    return named(LLBOp(digest=Digest(""), kind="source", source=source))


def archive_source(url: str) -> tuple[LLBOp, LLBOp]:
    """The operations of a context that is fetched as an archive, and unpacked."""
    source = SourceOp(identifier=url, attrs=(("http.filename", _FETCHED),))
    fetched = named(LLBOp(digest=Digest(""), kind="source", source=source))
    inputs = InputList()
    unpacked = FileAction(
        kind="copy",
        secondary_input=inputs.index(fetched.digest),
        output=0,
        src=f"/{_FETCHED}",
        dest="/",
        attempt_unpack=True,
    )
    return fetched, file_operation((unpacked,), inputs)


def paths_read(lines: Iterable[Evaluated]) -> tuple[str, ...]:
    """What instructions read of the context, sorted; nothing when one reads everything."""
    paths = {posixpath.normpath(posixpath.join("/", path)) for each in lines for path in _read_by(each)}
    if "/" in paths:
        return ()
    return tuple(sorted((path.removeprefix("/") for path in paths), key=str.encode))


def _read_by(evaluated: Evaluated) -> Iterator[str]:
    keyword = evaluated.instruction.keyword
    if keyword in ("COPY", "ADD") and not evaluated.origin:
        yield from (word for word in evaluated.sources if keyword == "COPY" or not word.startswith(_URL))
    for mount in evaluated.mounts:
        if not mount.origin and mount.type in ("bind", "tmpfs"):
            yield mount.source


def _go_json(texts: tuple[str, ...]) -> str:
    """JSON as Go's encoder writes it: no blanks, HTML characters escaped."""
    text = json.dumps(texts, separators=(",", ":"), ensure_ascii=False)
    for char, escape in (("<", r"\u003c"), (">", r"\u003e"), ("&", r"\u0026")):
        text = text.replace(char, escape)
    return text
