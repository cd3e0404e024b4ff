"""Where the files of a BuildKit build come from: images, contexts, URLs, git repositories."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from layerfork.dockerfile.recorded import printed_instruction
from layerfork.keys.buildkit.opdigest import layers_record
from layerfork.keys.recordedbases import are_facts_of, chain_id, find_facts
from layerfork.record.cachekey import KeyPart
from layerfork.record.context import ContextManifest, Digest, Transport
from layerfork.record.llb import LLBInput, LLBOp, SourceOp
from layerfork.record.record import BuildRecord
from layerfork.releases import BuildKitRules

# What BuildKit takes of a git repository, and the key of it.
#
# The key of the source is text: the commit, ``.git`` and ``#ref`` when the repository itself is kept,
# ``:path`` of a directory of it, ``(skip-submodules)``, ``(mtime=commit)`` and ``(bundle)``. Neither the
# address nor, otherwise, the name of a branch or tag is in it. A tag's commit counts, not the tag, when no
# ``.git`` is kept, since 0.26. The path counts since 0.9, the name of a ref since 0.17 (commit 44b1aca26),
# also where it is a commit's since 0.26 (70e592971), submodules since 0.24 (3765fe358), the policy of times
# since 0.29 (508dd62bf), a bundle since 0.30 (9a0c5cb02); who asks an older BuildKit for these is refused.
# ``mtime=checkout`` is the default and adds nothing.
#
# What only reads files of it (COPY, ADD, bind mounts) matches by their content as well, which holds no times.
# Source: moby/buildkit source/git/source.go:{shaToCacheKey,CacheKey,resolveMetadata} @ v0.8.3 to v0.32.2.

SCHEME = "git://"
"""Before the address of any repository, whatever it is fetched by; the scheme is an attribute.
Source: moby/buildkit client/llb/source.go (Git) @ v0.13.2 to v0.32.2."""
COMMIT, DIRECTORY, KEPT, SUBMODULES, FORM, TIMES = (
    "commit",
    "directory",
    "the repository itself",
    "submodules",
    "form",
    "times of files",
)
"""Fields of the parts."""
TAKEN = frozenset({DIRECTORY, KEPT, SUBMODULES, FORM, TIMES})
"""Those that say what is taken of a commit."""
READS = "reads"
"""Field of the part that holds which paths a step reads of an input."""
_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_CHECKOUT = "checkout"


@dataclass(frozen=True, slots=True, kw_only=True)
class GitSource:
    """One repository, and what is taken of it."""

    repository: str
    """Its address, without a ref."""
    ref: str
    directory: str
    checksum: str
    """The commit that is asked for, or the beginning of it; empty when the ref decides."""
    keeps_git: bool
    skips_submodules: bool
    times: str
    """``commit``: files have the commit's time. Empty for the time of the checkout."""
    as_bundle: bool

    @property
    def commit(self) -> str:
        """The commit; empty when nothing but the repository tells which it is."""
        return next((each for each in (self.checksum, self.ref) if _SHA.fullmatch(each)), "")

    def parts(self, *, whole: bool) -> list[KeyPart]:
        """Parts of the source; ``whole`` also of what no content shows."""
        values = {
            COMMIT: self.commit or self.checksum,
            DIRECTORY: self.directory,
            KEPT: f"kept at {self.ref or 'its default branch'}" if self.keeps_git else "",
            SUBMODULES: "skipped" if self.skips_submodules else "",
            FORM: "bundle" if self.as_bundle else "",
            TIMES: self.times if whole else "",
        }
        return [
            KeyPart(cause="remote-source", path=self.repository, field=field, value=value)
            for field, value in values.items()
            if value or field == COMMIT
        ]

    def key(self, rules: BuildKitRules) -> str:
        """The text that BuildKit makes of it; empty when the commit, or its ref's full name, is not known."""
        is_commit = bool(_SHA.fullmatch(self.ref))
        if not self.commit or (self.keeps_git and rules.git_refs and not is_commit):
            return ""
        ref = f"#{self.ref}" if rules.git_commit_refs else ""
        pieces = (
            self.commit,
            f".git{ref}" if self.keeps_git else "",
            f":{self.directory}" if self.directory else "",
            "(skip-submodules)" if self.skips_submodules else "",
            f"(mtime={self.times})" if self.times else "",
            "(bundle)" if self.as_bundle else "",
        )
        return "".join(pieces)


def git_source(source: SourceOp) -> GitSource | None:
    """The repository that an op reads; None when it reads something else."""
    if not source.identifier.startswith(SCHEME):
        return None
    repository, _, fragment = source.identifier.partition("#")
    ref, _, directory = fragment.partition(":")
    attrs = dict(source.attrs)
    times = attrs.get("git.mtime", "")
    return GitSource(
        repository=repository,
        ref=ref,
        directory=directory,
        checksum=attrs.get("git.checksum", ""),
        keeps_git=attrs.get("git.keepgitdir") == "true",
        skips_submodules=attrs.get("git.skipsubmodules") == "true",
        times="" if times == _CHECKOUT else times,
        as_bundle=attrs.get("git.checkoutbundle") == "true",
    )


# Source: moby/buildkit source/containerimage/pull.go, source/{http,git,local}/source.go,
# frontend/dockerui/context.go @ v0.13.2; moby/moby builder/builder-next/adapters/containerimage/pull.go
# @ v26.1.5.

LAYERS_OF = "layers of "
"""In front of the name of an image that the engine was not asked about: what is unknown of its key."""
_IMAGE = "docker-image://"
_LOCAL = "local://"
_UPLOADS = ("http://buildkit-session/", "http://build-context-")
_MAIN = "context"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceParts:
    """Makes parts of source ops, and finds the contexts behind inputs."""

    record: BuildRecord
    ops: Mapping[Digest, LLBOp]
    rules: BuildKitRules = field(default_factory=BuildKitRules)

    def parts(
        self, source: SourceOp, platform: str = "", *, whole: bool = True
    ) -> tuple[list[KeyPart], list[str], str]:
        """Parts of a source, what is unknown of it, and its record digest.

        ``platform`` is that of the op; ``whole``: it has to match as a whole, not only by its files.
        """
        if source.identifier.startswith(_IMAGE):
            return self._image(source.identifier.removeprefix(_IMAGE), platform)
        if self.is_context(source):
            # A session's own source never matches by itself; its files do, where they are read.
            return [], [], ""
        unknown = [f"content of {source.identifier}"]
        git = git_source(source)
        if git is not None:
            text = git.key(self.rules)
            parts = git.parts(whole=whole)
            return parts, [] if git.commit else unknown, layers_record(text) if text else ""
        known = dict(source.attrs).get("http.checksum", "")
        part = KeyPart(cause="remote-source", path=source.identifier, field="checksum", value=known)
        return [part], [] if known else unknown, ""

    def _image(self, name: str, platform: str = "") -> tuple[list[KeyPart], list[str], str]:
        """An image counts by its layers: its name, labels and id do not.

        Where they are not known, the digest of its manifest stands for them, as the definition or provenance
        names it; else its name does, which may be that of several images.

        It also matches by manifest digest and platform; equal manifests have equal layers. Since 0.31 images
        are written with OCI media types, which gives another manifest and id for the same layers.
        Source: moby/buildkit exporter/containerimage/opts.go @ v0.30.0 and v0.31.0 (commit 9144af6fe).
        """
        reference, _, digest = name.partition("@")
        known = are_facts_of(self.record, platform)
        facts = find_facts(self.record, reference, name) if known else None
        if facts is None:
            value = digest or dict(self.record.image_digests).get(reference, reference)
            return (
                [KeyPart(cause="base-image", path=reference, field="digest", value=value)],
                [LAYERS_OF + reference],
                "",
            )
        chain = chain_id(facts.diff_ids)
        return [KeyPart(cause="base-image", field="layers", value=chain)], [], layers_record(chain)

    def named_image(self, instruction: str) -> list[KeyPart]:
        """The layers of the image that a FROM names, where no source op tells it; none when not known."""
        parsed = printed_instruction(instruction)
        parts, unknown, _ = self._image(parsed.arguments[0]) if parsed is not None else ([], [], "")
        return [] if unknown else parts

    def is_context(self, source: SourceOp) -> bool:
        """Whether a source is what the client sent."""
        return source.identifier.startswith((_LOCAL, *_UPLOADS, *self._fetched()))

    def _fetched(self) -> tuple[str, ...]:
        """The URL of a main context that the engine fetched, but whose entries are known."""
        context = self.record.context
        if context is None or context.transport is not Transport.TAR or not context.remote:
            return ()
        return (context.remote, SCHEME + context.remote.partition("://")[2])

    def context_of(self, digest: Digest) -> ContextManifest | None:
        """The context that an input is: transferred as files, or unpacked from a tar by a hidden op.

        How the record says that it travelled decides, not which op brings it: in a build that did not
        happen one may stand for the other.
        """
        op = self.ops.get(digest)
        if op is None:
            return None
        if op.source is not None:
            return self._brought_by(op.source)
        unpacks = any(action.attempt_unpack for action in op.file or ())
        return self._unpacked_of(op.inputs) if unpacks else None

    def _brought_by(self, source: SourceOp) -> ContextManifest | None:
        if source.identifier.startswith(_LOCAL):
            return self._manifest(source.identifier.removeprefix(_LOCAL))
        is_main = source.identifier.startswith(SCHEME) and self.is_context(source)
        return self.record.context if is_main else None

    def _unpacked_of(self, inputs: Sequence[LLBInput]) -> ContextManifest | None:
        """The main context, if one of the inputs is what the client sent of it."""
        context = self.record.context
        if context is None or context.transport not in (Transport.TAR, Transport.FILE_SYNC):
            return None
        below = filter(None, (self.ops.get(each.digest) for each in inputs))
        names = (each.source.identifier for each in below if each.source is not None)
        sent = (*_UPLOADS, *self._fetched())
        return context if any(name.startswith(sent) for name in names) else None

    def _manifest(self, name: str) -> ContextManifest | None:
        manifests = (self.record.context, *self.record.named_contexts)
        named = (each for each in manifests if each is not None and each.name == name)
        return next(named, self.record.context if name == _MAIN else None)
