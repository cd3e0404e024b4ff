"""Published Dockerfiles, built by buildah: is each line of the image's history what our model says?

buildah finds a step again by what it wrote into the history, so these strings are its cache keys. Unlike
BuildKit's frontend it says nothing without building. The context of a Dockerfile is its directory.
"""

import io
import json
import posixpath
import re
import tarfile
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from layerfork.builders.api.engineapi import ApiError, EngineApi
from layerfork.builders.engines import RunningEngine
from layerfork.builders.recording.imagefacts import add_base_facts, add_image_facts
from layerfork.builders.recording.recorder import Recorder
from layerfork.context.ignore.containers_storage import storage_matcher
from layerfork.dockerfile import BadSubstitutionError, Instruction, parse_dockerfile
from layerfork.dockerfile.bases import base_references
from layerfork.errors import UsageError
from layerfork.keys import keys_of
from layerfork.keys.buildah.content import CopyOptions, MissingSourceError, added_summary
from layerfork.keys.buildah.copier import SourceFinder
from layerfork.keys.buildah.imagehistory import added_digest
from layerfork.keys.script import read_script_by_text
from layerfork.keys.unpacked import unpack
from layerfork.record.cachekey import CacheKey, KeyPart
from layerfork.record.context import ContextEntry
from layerfork.record.record import BuildOutcome, BuildRecord, ClientInfo, StepRecord
from layerfork.releases import buildah_rules
from research.mutations.build import blind, post
from research.published.files import Published

_BASE = "alpine"
_LARGEST = 8 << 20
_PLAIN_FLAGS = frozenset({"link"})
_DIGEST = re.compile(r"(?:(file|dir):[0-9a-f]{64}|multi:[0-9a-f]{64})")
_SEVERAL = re.compile(r"multi:\[[^\]]*\]")
_FAILURES = {
    "an image that cannot be had here": ("pinging container registry", "initializing source", "short-name"),
    "a file that is not in the context": ("no such file", "no items matching", "no such glob"),
    "a command that fails here": ("exit status", "executable file not found"),
    "a download, without a network": ("dial tcp", "lookup ", "Could not resolve"),
    "a mount that is not allowed here": ("mount",),
}


class _NotBuiltError(Exception):
    """Nothing can be compared; the message says why, in few words."""


@dataclass(slots=True, kw_only=True)
class Histories:
    """What came of Dockerfiles on one podman engine."""

    engine: RunningEngine
    place: Path
    """A short directory, for sockets."""
    exact: Counter[str] = field(default_factory=Counter)
    """Lines that the model writes too, by instruction."""
    digests: int = 0
    """Of them those with the digest of files that were copied, made of the files alone."""
    unsaid: Counter[str] = field(default_factory=Counter)
    """Lines that the model says nothing of, by reason."""
    wrong: list[str] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)
    left_out: list[str] = field(default_factory=list)
    built: int = 0
    _named: set[str] = field(default_factory=set)

    def add(self, published: Published) -> None:
        """Build a Dockerfile in its directory, and compare. Raises: EngineError."""
        path = published.path
        if path is None:
            self.passed_over["a text of a program, which has no context"] += 1
            return
        try:
            data = _files_in(path.parent)
            record = self._built(published, path.name, data)
        except _NotBuiltError as error:
            kind, _, why = str(error).partition("\n")
            self.passed_over[kind] += 1
            self.left_out.append(f"{published.name}: {kind} {why}")
            return
        self.built += 1
        keys = {key.index: key.key for key in keys_of(blind(record)).steps}
        for step in read_script_by_text(record).steps:
            if step.instruction is None:
                self.unsaid["an instruction that is not found in the text"] += 1
            elif step.instruction.keyword != "FROM":
                key = keys[step.record.index]
                self._compare(published.name, record, step.record, step.instruction, key, data)

    def _built(self, published: Published, name: str, data: dict[str, bytes]) -> BuildRecord:
        with Recorder(self.engine, self.place / f"{self.built}.sock", b"published") as recorder:
            query = {
                "dockerfile": name,
                "layers": "1",
                "t": "published/built",
                "buildargs": json.dumps(dict(published.build_args)),
            }
            self._name_bases(published)
            said = post(recorder.docker_host, query, _tar_of(data), gzip=False)
        records = recorder.records(ClientInfo(id="published"))
        if len(records) != 1 or records[0].result.outcome is not BuildOutcome.SUCCEEDED:
            raise _NotBuiltError(f"{_failure_of(said)}\n{said[-300:]}")
        record = add_image_facts(records[0], recorder.image_facts, records[0].result.image_id)
        return add_base_facts(record, recorder.image_facts)

    def _name_bases(self, published: Published) -> None:
        """Give a base image all names that a Dockerfile builds on; what is none the build refuses."""
        api = EngineApi(self.engine.docker_host)
        with suppress(UsageError, BadSubstitutionError):
            parsed = parse_dockerfile(published.text)
            for reference in base_references(parsed, dict(published.build_args)):
                repository, _, tag = reference.rpartition(":")
                if not repository or "/" in tag:
                    repository, tag = reference, "latest"
                if reference not in self._named and reference != _BASE:
                    self._named.add(reference)
                    with suppress(ApiError):
                        api.request("POST", f"/images/{_BASE}/tag", {"repo": repository, "tag": tag})

    def _compare(
        self,
        name: str,
        record: BuildRecord,
        step: StepRecord,
        instruction: Instruction,
        key: CacheKey,
        data: dict[str, bytes],
    ) -> None:
        keyword, written = instruction.keyword, step.created_by
        if not written:
            self.unsaid["the history shows no line of its own"] += 1
        elif key.engine_form:
            self._tally(name, keyword, key.engine_form, written)
        elif keyword in ("COPY", "ADD"):
            text = next(
                (p.value for p in key.parts if isinstance(p, KeyPart) and p.field == "created by"), ""
            )
            if not text:
                self.unsaid[key.unknown[0] if key.unknown else "no text"] += 1
                return
            made = _SEVERAL.sub("multi:…", f"/bin/sh -c #(nop) {text}")
            shape = "…" if " … in " in made else ""
            self._tally(name, keyword, made, _DIGEST.sub(lambda found: shape or _shape(found), written))
            self._compare_digest(name, record, instruction, written, data)
        else:
            self.unsaid[key.unknown[0] if key.unknown else "no text"] += 1

    def _tally(self, name: str, keyword: str, made: str, written: str) -> None:
        if made == written:
            self.exact[keyword] += 1
        else:
            self.wrong.append(f"{name}: {made!r}, but it wrote {written!r}")

    def _compare_digest(
        self,
        name: str,
        record: BuildRecord,
        instruction: Instruction,
        written: str,
        data: dict[str, bytes],
    ) -> None:
        """The digest of files in the context, where no variable and no option changes which they are."""
        context, words = record.context, instruction.sources
        names = {flag for flag, _ in instruction.flags}
        is_plain = not any("$" in word or "://" in word for word in instruction.arguments)
        if context is None or instruction.heredocs or names - _PLAIN_FLAGS or not is_plain:
            return
        rules = buildah_rules(record.engine)
        finder = SourceFinder(
            tree=unpack(context.entries),
            excludes=storage_matcher(context.excludes, rules.ignores),
            rules=rules,
        )

        def contents(entry: ContextEntry) -> list[bytes]:
            return [data[posixpath.normpath(entry.name)]]

        # A file gets the destination's name where no directory is, which no record shows.
        options = [CopyOptions(), CopyOptions(rename=posixpath.basename(instruction.arguments[-1]))]
        try:
            made = {added_summary(finder.find(words, each), contents) for each in options}
        except MissingSourceError as error:
            made = {f"no {error}"}
        if added_digest(written) in made:
            self.digests += 1
        else:
            self.wrong.append(f"{name}: {instruction.text!r} is {made}, but it wrote {written!r}")

    @property
    def is_good(self) -> bool:
        return not self.wrong

    def text(self, *, verbose: bool) -> str:
        """All numbers, and every difference."""
        lines = [
            f"{self.built} builds: {self.exact.total()} lines exact, {self.digests} with a digest of files",
            *(f"  {count} {keyword}" for keyword, count in self.exact.most_common()),
            f"{len(self.wrong)} wrong, {self.unsaid.total()} not modelled:",
            *(f"  {count} {reason}" for reason, count in self.unsaid.most_common()),
            f"{self.passed_over.total()} Dockerfiles that were not built:",
            *(f"  {count} {why}" for why, count in self.passed_over.most_common()),
            *(f"  wrong {text}" for text in self.wrong),
            *(f"  left out {text}" for text in (self.left_out if verbose else ())),
        ]
        return "\n".join(lines)


def _shape(found: re.Match[str]) -> str:
    return f"{found[1]}:…" if found[1] else "multi:…"


def _failure_of(said: str) -> str:
    """Why a build failed, in few words."""
    last = said.strip().rpartition("\n")[2]
    found = (kind for kind, words in _FAILURES.items() if any(each in last for each in words))
    return next(found, "what buildah refuses, or a failure of another kind")


def _files_in(directory: Path) -> dict[str, bytes]:
    """The regular files below a directory by their paths. Raises: _NotBuiltError."""
    found: dict[str, bytes] = {}
    size = 0
    for path in sorted(directory.rglob("*")):
        if path.is_symlink() or not path.is_file() or ".git" in path.parts:
            continue
        size += path.stat().st_size
        if size > _LARGEST:
            raise _NotBuiltError("a directory that is too large for a context")
        found[str(path.relative_to(directory))] = path.read_bytes()
    return found


def _tar_of(data: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in data.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o644
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()
