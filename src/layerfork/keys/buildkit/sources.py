"""Where the files of a BuildKit build come from: images, contexts, URLs.

Source: moby/buildkit source/containerimage/pull.go, source/{http,git,local}/source.go,
frontend/dockerui/context.go @ v0.13.2; moby/moby builder/builder-next/adapters/containerimage/pull.go
@ v26.1.5.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from layerfork.dockerfile.recorded import printed_instruction
from layerfork.keys.buildkit.gitsource import SCHEME, git_source
from layerfork.keys.buildkit.opdigest import layers_record
from layerfork.keys.buildkit.rules import BuildKitRules
from layerfork.keys.shared.baseimage import are_facts_of, chain_id, find_facts
from layerfork.record.cachekey import KeyPart
from layerfork.record.context import ContextManifest, Digest, Transport
from layerfork.record.llb import LLBOp, SourceOp
from layerfork.record.record import BuildRecord

LAYERS_OF = "layers of "
"""In front of the name of an image of which nobody asked the engine: what is unknown of its key."""
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

        It also matches by manifest digest and platform; equal manifests have equal layers. Since 0.31 images
        are written with OCI media types, which gives another manifest and id for the same layers.
        Source: moby/buildkit exporter/containerimage/opts.go @ v0.30.0 and v0.31.0 (commit 9144af6fe).
        """
        reference, _, digest = name.partition("@")
        known = are_facts_of(self.record, platform)
        facts = find_facts(self.record, reference, name) if known else None
        if facts is None:
            value = digest or reference
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
        """The URL of a main context that the engine fetched and whose entries are known all the same."""
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
        if op.source is not None and op.source.identifier.startswith(_LOCAL):
            return self._manifest(op.source.identifier.removeprefix(_LOCAL))
        if op.source is not None and op.source.identifier.startswith(SCHEME) and self.is_context(op.source):
            return self.record.context
        if op.file is None or not any(action.attempt_unpack for action in op.file):
            return None
        below = (self.ops.get(each.digest) for each in op.inputs)
        sources = [each.source for each in below if each is not None and each.source is not None]
        context = self.record.context
        if context is None or context.transport not in (Transport.TAR, Transport.FILE_SYNC):
            return None
        if any(source.identifier.startswith((*_UPLOADS, *self._fetched())) for source in sources):
            return context
        return None

    def _manifest(self, name: str) -> ContextManifest | None:
        manifests = (self.record.context, *self.record.named_contexts)
        named = [each for each in manifests if each is not None and each.name == name]
        if not named and name == _MAIN:
            return self.record.context
        return named[0] if named else None
