"""What nobody can know of a build before it runs, although its keys can be computed.

What a URL or a repository gives, what an image's name means now, what the engine reads where no record looks,
and what BuildKit's directory transfer takes for unchanged.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from layerfork.diagnose.compare.builds import JudgedBuild
from layerfork.diagnose.compare.parts import list_differences
from layerfork.diagnose.compare.steps import StepView, views_of
from layerfork.diagnose.warnings.overlooked import Sent, overlooked_change
from layerfork.diagnose.warnings.stale import sent_unlike
from layerfork.dockerfile.recorded import printed_instruction
from layerfork.keys.buildah.elsewhere import bind_targets
from layerfork.keys.buildkit.sources import SourceParts
from layerfork.keys.shared.baseimage import find_facts
from layerfork.record.build import Builder
from layerfork.record.context import MAIN_CONTEXT, ContextManifest, Transport
from layerfork.record.record import BuildRecord, StepRecord

_IMAGE = "docker-image://"
_REMOTE = re.compile(r"[a-z]+://|git@|github\.com/")
_COMMIT = re.compile(r"#[0-9a-f]{40}(?::|$)")


def doubts_about(
    recorded: JudgedBuild, planned: JudgedBuild, real: Mapping[int, int], unseen: Mapping[str, str]
) -> dict[int, str]:
    """Steps of a planned build of which nobody can tell what they find, by index, and why.

    ``real`` says which step of the recorded build each of its steps is, ``unseen`` of which of its contexts
    nobody knows what they hold, and why.
    """
    before, after = views_of(recorded), views_of(planned)
    sent = dict(_sent_unlike(recorded.record, planned.record))
    changed = recorded.record.context != planned.record.context
    found: dict[int, str] = {}
    for view in after.values():
        writer = before.get(real.get(view.index, 0))
        why = (
            _remote(view.step)
            or _unseen(planned.record, view.step, unseen)
            or _other_image(recorded.record, planned.record, view.step)
            or _read_elsewhere(planned.record, view.step, changed=changed)
        )
        if not why and writer is not None and sent:
            why = _overlooked(planned.record, sent, writer, view)
        if why:
            found[view.index] = why
    return found


def _sent_unlike(recorded: BuildRecord, planned: BuildRecord) -> Iterator[tuple[str, Sent]]:
    """By context, what is not as the recorded build sent it; only of one that is transferred file by file may
    the builder take such for unchanged."""
    before = {each.name: each for each in _contexts(recorded)}
    for manifest in _contexts(planned):
        if manifest.transport is Transport.FILE_SYNC and manifest.name in before:
            pair = replace(recorded, context=before[manifest.name]), replace(planned, context=manifest)
            sent = sent_unlike(*pair)
            if sent:
                yield manifest.name, sent


def _contexts(record: BuildRecord) -> tuple[ContextManifest, ...]:
    return tuple(each for each in (record.context, *record.named_contexts) if each is not None)


def _overlooked(record: BuildRecord, sent: Mapping[str, Sent], writer: StepView, view: StepView) -> str:
    """What a step reads that changed, where the builder does not notice it."""
    differences = list_differences(writer.key, view.key)
    if not differences:
        return ""
    read = _contexts_of(record, view.step)
    for manifest in _contexts(record):
        if manifest.name in sent and manifest.name in read:
            what, reason = overlooked_change(
                manifest, sent[manifest.name], view.step.instruction, differences
            )
            return f"{what} changed, but {reason}" if what else ""
    return ""


def _remote(step: StepRecord) -> str:
    """An ADD of what the engine fetches: it may be another thing today."""
    instruction = printed_instruction(step.instruction)
    if instruction is None or instruction.keyword != "ADD" or instruction.flag("checksum"):
        return ""
    remote = [word for word in instruction.sources if _REMOTE.match(word) and not _COMMIT.search(word)]
    return f"what {remote[0]} gives now is not known" if remote else ""


def _unseen(record: BuildRecord, step: StepRecord, unseen: Mapping[str, str]) -> str:
    """Why nobody knows what a step reads of contexts."""
    if MAIN_CONTEXT in unseen and _reads_context(step):
        return unseen[MAIN_CONTEXT]
    named = [each for each in unseen if each != MAIN_CONTEXT]
    read = _contexts_of(record, step) if named else set()
    return next((unseen[each] for each in named if each in read), "")


def _contexts_of(record: BuildRecord, step: StepRecord) -> set[str]:
    """The contexts that a step reads, as the definition has it."""
    ops = {op.digest: op for op in (record.definition.ops if record.definition is not None else ())}
    parts = SourceParts(record=record, ops=ops)
    own = [ops[each] for each in step.vertices if each in ops]
    read = (*(op.digest for op in own), *(each.digest for op in own for each in op.inputs))
    found = map(parts.context_of, read)
    return {each.name for each in found if each is not None}


def _reads_context(step: StepRecord) -> bool:
    instruction = printed_instruction(step.instruction)
    if instruction is None:
        return False
    if instruction.keyword in ("COPY", "ADD"):
        return bool(instruction.sources) and not instruction.flag("from")
    return instruction.keyword == "RUN" and bool(bind_targets(instruction))


def _other_image(recorded: BuildRecord, planned: BuildRecord, step: StepRecord) -> str:
    """A FROM of an image that the recorded build did not use: which one it is now, the engine would ask."""
    known = set(_images(recorded))
    for digest, identifier in _images(planned):
        is_told = "@sha256:" in identifier or find_facts(planned, identifier.removeprefix(_IMAGE)) is not None
        if digest in step.vertices and (digest, identifier) not in known and not is_told:
            return f"which image {identifier.removeprefix(_IMAGE)} is now is not known"
    return ""


def _images(record: BuildRecord) -> Iterator[tuple[str, str]]:
    ops = record.definition.ops if record.definition is not None else ()
    for op in ops:
        if op.source is not None and op.source.identifier.startswith(_IMAGE):
            yield op.digest, op.source.identifier


def _read_elsewhere(record: BuildRecord, step: StepRecord, *, changed: bool) -> str:
    """The classic builder and buildah digest what no client sends; only history shows these digests."""
    instruction = printed_instruction(step.instruction)
    if record.builder is Builder.BUILDKIT or instruction is None:
        return ""
    if instruction.keyword == "RUN" and bind_targets(instruction):
        anew = changed or not step.created_by
        return "the digest of what it mounts is buildah's own, of files that changed" if anew else ""
    copies = instruction.keyword in ("COPY", "ADD") and instruction.flag("from")
    if copies and not step.created_by:
        return f"it reads files of {instruction.flag('from')}, and no record shows their digest"
    return ""
