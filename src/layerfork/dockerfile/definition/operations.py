"""The operations of RUN, COPY and ADD, their inputs and the digests by which others name them."""

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from urllib.parse import unquote, urlsplit

from layerfork.dockerfile.definition.evaluate import Evaluated
from layerfork.dockerfile.definition.mounts import FALSE, TRUE, Mount
from layerfork.dockerfile.definition.stage import (
    SHARED_MEMORY,
    Fields,
    NotModelledError,
    data_fields,
    program_of,
)
from layerfork.record.context import Digest
from layerfork.record.llb import ExecMount, ExecOp, FileAction, LLBInput, LLBOp, SourceOp
from layerfork.releases import FrontendRules

MAIN_CONTEXT = ""
"""What `Placement.find` calls the context of the build."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where the operations of an instruction go."""

    built_on: Digest | None
    """What its stage is so far; None for nothing."""
    platform: str
    rules: FrontendRules
    find: Callable[[str], Digest | None]
    """The result that ``--from`` names, or `MAIN_CONTEXT`; None for an empty one.
    Raises: NotModelledError."""
    put: Callable[[LLBOp], Digest]
    """Takes an operation into the definition."""


@dataclass(slots=True)
class InputList:
    """Inputs of an operation in the order in which they are first read."""

    digests: list[Digest] = field(default_factory=list)

    def index(self, digest: Digest | None) -> int:
        """The number of an input; -1 for none."""
        if digest is None:
            return -1
        if digest not in self.digests:
            self.digests.append(digest)
        return self.digests.index(digest)

    def listed(self) -> tuple[LLBInput, ...]:
        return tuple(LLBInput(digest=digest) for digest in self.digests)


def named(op: LLBOp) -> LLBOp:
    """The operation under a digest of its own: equal for equal operations with equal inputs.

    It is not the one that BuildKit computes of the operation's bytes.
    """
    text = repr((op.kind, op.inputs, op.exec, op.file, op.source, op.platform))
    return replace(op, digest=Digest("sha256:" + sha256(text.encode("utf-8", "surrogatepass")).hexdigest()))


def file_operation(actions: tuple[FileAction, ...], inputs: InputList) -> LLBOp:
    """The operation of some file actions; it has no platform."""
    return named(LLBOp(digest=_NONE, kind="file", inputs=inputs.listed(), file=actions))


def written_file(name: str, data: Fields, mode: int) -> LLBOp:
    """An operation that writes one file into nothing: a here-document."""
    path = posixpath.normpath(posixpath.join("/", name))
    action = FileAction(kind="mkfile", output=0, dest=path, mode=mode, **data)  # type: ignore[arg-type]
    return file_operation((action,), InputList())


def owner_in(owner: str, base: int) -> str:
    """An owner as an operation holds it: names with the input that tells their numbers."""
    return ":".join(f"{each}@{base}" if each and not each.isdecimal() else each for each in owner.split(":"))


_NONE = Digest("")


# The operations of COPY and ADD.
#
# Source: moby/buildkit frontend/dockerfile/dockerfile2llb/{convert,convert_copy}.go:dispatchCopy and
# client/llb/{fileop,merge,source}.go @ v0.11.6 to v0.32.2; util/gitutil/git_ref.go:ParseGitRef @ v0.11.6 to
# v0.24.0, frontend/dockerfile/dfgitutil/git_ref.go:ParseGitRef @ v0.25.0 to v0.32.2.

_URL = ("http://", "https://")
_GIT = re.compile(r"git://|ssh://|[^/:]*@[^/]*:|https?://[^?]*\.git(?:$|[#?])")
_PLAIN_GIT = re.compile(
    r"(?P<url>(?:https?|git)://(?P<place>[\w.-]+(?::\d+)?/(?:[\w.~-]+/)*[\w.~-]+))"
    r"(?:#(?P<fragment>(?P<ref>[\w./-]+(?=:|$)|(?=:))(?::(?P<directory>[\w.~-][\w.~/-]*))?))?",
    re.ASCII,
)
"""An address that every release reads alike: without a user, a query, and what is cleaned or quoted."""
_OPTION = re.compile(r"(?P<name>[a-z-]+)(?:=(?P<value>[\w./-]+))?", re.ASCII)
_BOOLEAN_OPTIONS = frozenset({"keep-git-dir", "submodules"})
_REFS = {"ref": "", "tag": "refs/tags/", "branch": "refs/heads/"}
_WILDCARD = re.compile(r"(?<!\\)[*?\[]")
_DOCUMENT_MODE = 0o644


def copies(evaluated: Evaluated, place: Placement) -> Digest:
    """What a stage is after a COPY or ADD. Raises: NotModelledError."""
    if "$" in evaluated.instruction.flag("from"):
        raise NotModelledError("a variable in --from, which BuildKit refuses")
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


def _is_linked(evaluated: Evaluated, place: Placement) -> bool:
    """A copy into nothing, merged with what the stage is."""
    instruction = evaluated.instruction
    if instruction.flag("link") != "true" or instruction.flag("chmod"):
        return False
    if place.rules.merges is None:
        raise NotModelledError("--link where it is not known whether the builder can merge")
    return place.rules.merges


def _sources(evaluated: Evaluated, place: Placement) -> Iterator[tuple[Digest | None, Fields]]:
    """What each action reads, and its fields."""
    instruction = evaluated.instruction
    words, documents = evaluated.sources, instruction.heredocs
    for word, fields in zip(words, evaluated.actions, strict=False):
        if _GIT.match(word):
            yield _repository(word, fields, evaluated, place)
        elif instruction.keyword == "ADD" and word.startswith(_URL):
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


def _repository(word: str, fields: Fields, evaluated: Evaluated, place: Placement) -> tuple[Digest, Fields]:
    """ADD of a repository that is named by a plain address, which may have options."""
    address, options = _with_options(word) if place.rules.repository_options else (word, {})
    found = _PLAIN_GIT.fullmatch(address)
    several = bool(options) and len(evaluated.sources) > 1
    if evaluated.instruction.keyword != "ADD" or found is None or not _is_clean(found) or several:
        raise NotModelledError(f"a copy of the repository {word}")
    if not place.rules.clones:
        raise NotModelledError("ADD of a repository, which BuildKit 0.11 refuses")
    attrs = {
        "git.fullurl": found["url"],
        "git.authtokensecret": "GIT_AUTH_TOKEN",
        "git.authheadersecret": "GIT_AUTH_HEADER",
    }
    asked = {evaluated.instruction.flag("keep-git-dir"), options.get("keep-git-dir", "")} - {""}
    checksums = {evaluated.checksum, options.get("checksum", "")} - {""}
    if len(asked) > 1 or len(checksums) > 1:
        raise NotModelledError(f"options against flags of the repository {word}")
    if asked == {"true"}:
        attrs["git.keepgitdir"] = "true"
    if checksums:
        if not place.rules.checks_commits:
            raise NotModelledError("--checksum of a repository, which BuildKit takes from 0.22 on")
        attrs["git.checksum"] = checksums.pop()
    if options.get("submodules") == "false":
        attrs["git.skipsubmodules"] = "true"
    fragment = f"#{found['fragment']}" if found["fragment"] else ""
    source = SourceOp(identifier=f"git://{found['place']}{fragment}", attrs=tuple(sorted(attrs.items())))
    digest = place.put(named(LLBOp(digest=Digest(""), kind="source", source=source)))
    return digest, {**fields, "src": "/", "include_patterns": (), "create_dest_path": True}


def _with_options(word: str) -> tuple[str, dict[str, str]]:
    """An address with its fragment, and the options behind its question mark; the word itself where one of
    them is unknown, given twice or empty."""
    address, _, query = word.partition("?")
    options: dict[str, str] = {}
    for pair in query.split("&") if query else ():
        name, value = _option(pair)
        if not value or name in options or "#" in address:
            return word, {}
        options[name] = value
    named = [name for name in _REFS if name in options]
    if len(named) > 1:
        return word, {}
    ref = "".join(f"{_REFS[name]}{options[name].removeprefix(_REFS[name])}" for name in named)
    directory = f":{options['subdir']}" if "subdir" in options else ""
    return (f"{address}#{ref}{directory}" if ref or directory else address), options


def _option(pair: str) -> tuple[str, str]:
    """Name and value of an option; an empty value for what is none."""
    found = _OPTION.fullmatch(pair)
    if found is None:
        return "", ""
    name, value = found["name"].replace("commit", "checksum"), found["value"] or ""
    if name in _BOOLEAN_OPTIONS:
        given = value or "true"
        return name, "true" if given in TRUE else "false" if given in FALSE else ""
    return name, value if name in (*_REFS, "subdir", "checksum") else ""


def _is_clean(found: re.Match[str]) -> bool:
    """Whether releases that clean paths, and those that do not, name the same repository and directory."""
    paths = ("/" + found["place"].partition("/")[2], f"/{found['directory'] or ''}")
    is_repository = found["url"].startswith("git://") or found["place"].endswith(".git")
    return is_repository and all(posixpath.normpath(path) == path for path in paths)


def _download(url: str, fields: Fields, evaluated: Evaluated, place: Placement) -> tuple[Digest, Fields]:
    name = posixpath.basename(unquote(urlsplit(url).path).rstrip("/")) or "__unnamed__"
    attrs = {"http.filename": name} | ({"http.checksum": evaluated.checksum} if evaluated.checksum else {})
    source = SourceOp(identifier=url, attrs=tuple(sorted(attrs.items())))
    digest = place.put(named(LLBOp(digest=Digest(""), kind="source", source=source)))
    is_unpacked = evaluated.instruction.flag("unpack") == "true"
    own = {"src": f"/{name}", "include_patterns": (), "create_dest_path": True, "attempt_unpack": is_unpacked}
    return digest, {**fields, **own}


def _of_files(word: str, fields: Fields, evaluated: Evaluated, place: Placement) -> Fields:
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


# The operation of a RUN.
#
# Source: moby/buildkit frontend/dockerfile/dockerfile2llb/{convert,convert_runmount,convert_secrets,
# convert_ssh}.go and client/llb/exec.go @ v0.11.6 to v0.32.2.

SHARED_MEMORY_PLACE = "/dev/shm"
_ROOT = "/"
_PROGRAMS = "/dev/pipes/"
_PROGRAM_MODE = 0o755
_SECRET_MODE = 0o400
_CACHE = "/cache"
_CACHE_MODE = 0o755


def runs(evaluated: Evaluated, place: Placement) -> Digest:
    """What a stage is after a RUN. Raises: NotModelledError."""
    assert evaluated.run is not None
    fields = dict(evaluated.run)
    memory = fields.pop(SHARED_MEMORY, 0)
    inputs = InputList()
    files = list(_files(evaluated, place, str(fields["cwd"])))
    if memory:
        files.append((None, ExecMount(type="tmpfs", dest=SHARED_MEMORY_PLACE, tmpfs_size=int(str(memory)))))
    if any(mount.type == "ssh" for mount in evaluated.mounts):
        raise NotModelledError("SSH_AUTH_SOCK of a mount of type ssh, which records hide")
    variables = [each for each in evaluated.mounts if each.type == "secret" and each.env is not None]
    exec_ = ExecOp(
        **fields,  # type: ignore[arg-type]
        mounts=(*_sorted(files, inputs, place), *_secrets(evaluated, place)),
        secret_env=tuple((_secret_id(each), each.env or "") for each in variables),
        optional_secret_env=tuple(each.env or "" for each in variables if not each.required),
        remove_mount_stubs_recursive=True,
    )
    op = LLBOp(digest=Digest(""), kind="exec", inputs=inputs.listed(), exec=exec_, platform=place.platform)
    return place.put(named(op))


def _sorted(
    files: list[tuple[Digest | None, ExecMount]], inputs: InputList, place: Placement
) -> Iterator[ExecMount]:
    """The root and the mounts of files by their places, each with its number among inputs and outputs."""
    outputs = 0
    root = (place.built_on, ExecMount(type="bind", dest=_ROOT, output=0))
    for source, mount in sorted((root, *files), key=lambda each: each[1].dest.encode()):
        has_output = mount.output >= 0
        yield replace(mount, input=inputs.index(source), output=outputs if has_output else -1)
        outputs += has_output


def _files(
    evaluated: Evaluated, place: Placement, directory: str
) -> Iterator[tuple[Digest | None, ExecMount]]:
    """What is mounted and read, in written order."""
    program = program_of(evaluated.instruction, place.rules)
    if program is not None:
        written = written_file(program.name, data_fields(program.data.encode()), _PROGRAM_MODE)
        yield place.put(written), ExecMount(type="bind", dest=_PROGRAMS, selector="/", readonly=True)
    for mount in evaluated.mounts:
        if mount.type in ("secret", "ssh"):
            continue
        dest = posixpath.normpath(mount.target) if mount.target else "."
        if dest.startswith("/"):
            dest = mount.target
        else:
            dest = posixpath.normpath(posixpath.join("/", directory, mount.target))
        if dest == "/":
            raise NotModelledError("a mount over everything")
        source, selector = _source(mount, place)
        is_output = mount.type == "bind" and not mount.readonly and place.rules.writable_mounts_are_kept
        kept = ExecMount(
            type=mount.type,
            dest=dest,
            selector=selector,
            readonly=mount.readonly,
            output=0 if is_output else -1,
            tmpfs_size=mount.size if mount.type == "tmpfs" else 0,
        )
        if mount.type == "cache":
            identity = mount.identity or posixpath.normpath(mount.target)
            kept = replace(kept, cache_id=f"/{identity}", cache_sharing=mount.sharing or "shared")
        yield source, kept


def _source(mount: Mount, place: Placement) -> tuple[Digest | None, str]:
    """What a mount reads, and which part of it."""
    if mount.type == "tmpfs" or (mount.type == "cache" and not mount.origin):
        source = None
    elif mount.origin.isdecimal():
        raise NotModelledError("a mount from an image whose name is a number")
    else:
        source = place.find(mount.origin or MAIN_CONTEXT)
    selector = posixpath.normpath(posixpath.join("/", mount.source))
    if selector != "/":
        return source, selector
    if not mount.is_owned:
        return source, ""
    inputs = InputList()
    made = FileAction(
        kind="mkdir",
        input=inputs.index(source),
        output=0,
        dest=_CACHE,
        mode=(_CACHE_MODE if mount.mode is None else mount.mode) & 0o777,
        owner=f"{mount.uid or 0}:{mount.gid or 0}",
    )
    return place.put(file_operation((made,), inputs)), _CACHE


def _secrets(evaluated: Evaluated, place: Placement) -> Iterator[ExecMount]:
    no_input = -1 if place.rules.scratch_secrets else 0
    for mount in evaluated.mounts:
        if mount.type != "secret" or not (mount.target or mount.env is None):
            continue
        identity = _secret_id(mount)
        yield ExecMount(
            type="secret",
            dest=mount.target or f"/run/secrets/{posixpath.basename(identity)}",
            input=no_input,
            output=0,
            secret_id=identity,
            secret_mode=_SECRET_MODE if mount.mode is None else mount.mode,
            secret_uid=mount.uid or 0,
            secret_gid=mount.gid or 0,
            optional=not mount.required,
        )


def _secret_id(mount: Mount) -> str:
    return mount.source or mount.identity or posixpath.basename(mount.target)
