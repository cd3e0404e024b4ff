"""The operations of COPY and ADD.

Source: moby/buildkit frontend/dockerfile/dockerfile2llb/{convert,convert_copy}.go:dispatchCopy and
client/llb/{fileop,merge}.go @ v0.11.6 to v0.32.2; util/gitutil/git_ref.go:ParseGitRef @ v0.25.0.
"""

import posixpath
import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from layerfork.dockerfile.definition.evaluate import Evaluated
from layerfork.dockerfile.definition.fields import Fields
from layerfork.dockerfile.definition.operation import (
    MAIN_CONTEXT,
    InputList,
    Place,
    file_operation,
    named,
    owner_in,
    written_file,
)
from layerfork.dockerfile.definition.unsure import NotModelledError
from layerfork.record.context import Digest
from layerfork.record.llb import FileAction, LLBOp, SourceOp

_URL = ("http://", "https://")
_GIT = re.compile(r"git://|ssh://|[^/:]*@[^/]*:|https?://[^?]*\.git(?:$|[#?])")
_WILDCARD = re.compile(r"(?<!\\)[*?\[]")
_DOCUMENT_MODE = 0o644


def copies(evaluated: Evaluated, place: Place) -> Digest:
    """What a stage is after a COPY or ADD. Raises: NotModelledError."""
    if "$" in evaluated.instruction.flag("from"):
        raise NotModelledError("a variable in --from")
    is_linked = _is_linked(evaluated, place)
    inputs = InputList()
    base = inputs.index(None if is_linked else place.built_on)
    sources = [(inputs.index(source), fields) for source, fields in _sources(evaluated, place)]
    if not sources:
        raise NotModelledError("a copy of nothing")
    count = len(inputs.digests)
    actions = tuple(
        FileAction(
            kind="copy",
            input=base if number == 0 else count + number - 1,
            secondary_input=source,
            output=0 if number == len(sources) - 1 else -1,
            **{**fields, "owner": owner_in(str(fields["owner"]), base)},  # type: ignore[arg-type]
        )
        for number, (source, fields) in enumerate(sources)
    )
    copied = place.put(file_operation(actions, inputs))
    if not is_linked or place.built_on is None:
        return copied
    merged = InputList([place.built_on, copied])
    return place.put(named(LLBOp(digest=copied, kind="merge", inputs=merged.listed())))


def _is_linked(evaluated: Evaluated, place: Place) -> bool:
    """A copy into nothing, merged with what the stage is."""
    instruction = evaluated.instruction
    if instruction.flag("link") != "true" or instruction.flag("chmod"):
        return False
    if place.rules.merges is None:
        raise NotModelledError("--link where it is not known whether the builder can merge")
    return place.rules.merges


def _sources(evaluated: Evaluated, place: Place) -> Iterator[tuple[Digest | None, Fields]]:
    """What each action reads, and its fields."""
    instruction = evaluated.instruction
    words, documents = evaluated.sources, instruction.heredocs
    for word, fields in zip(words, evaluated.actions, strict=False):
        if _GIT.match(word):
            raise NotModelledError(f"a copy of the repository {word}")
        if instruction.keyword == "ADD" and word.startswith(_URL):
            yield _download(word, fields, evaluated, place)
        else:
            yield place.find(evaluated.origin or MAIN_CONTEXT), _of_files(word, fields, evaluated, place)
    for document, made, fields in zip(
        documents, evaluated.documents, evaluated.actions[len(words) :], strict=True
    ):
        yield (
            place.put(written_file(document.name, made, _DOCUMENT_MODE)),
            {**fields, "create_dest_path": True},
        )


def _download(url: str, fields: Fields, evaluated: Evaluated, place: Place) -> tuple[Digest, Fields]:
    name = posixpath.basename(unquote(urlsplit(url).path).rstrip("/")) or "__unnamed__"
    attrs = {"http.filename": name} | ({"http.checksum": evaluated.checksum} if evaluated.checksum else {})
    source = SourceOp(identifier=url, attrs=tuple(sorted(attrs.items())))
    digest = place.put(named(LLBOp(digest=Digest(""), kind="source", source=source)))
    is_unpacked = evaluated.instruction.flag("unpack") == "true"
    own = {"src": f"/{name}", "include_patterns": (), "create_dest_path": True, "attempt_unpack": is_unpacked}
    return digest, {**fields, **own}


def _of_files(word: str, fields: Fields, evaluated: Evaluated, place: Place) -> Fields:
    unpack = evaluated.instruction.flag("unpack")
    is_add = evaluated.instruction.keyword == "ADD"
    own: dict[str, object] = {
        "follow_symlink": True,
        "dir_copy_contents": True,
        "attempt_unpack": unpack == "true" if unpack else is_add,
        "create_dest_path": True,
        "allow_wildcard": True,
        "allow_empty_wildcard": True,
    }
    is_plain = not _WILDCARD.search(word)
    if evaluated.instruction.flag("parents") == "true" and place.rules.required_paths and is_plain:
        own["required_paths"] = (posixpath.normpath(posixpath.join("/", word)),)
    return {**fields, **own}
