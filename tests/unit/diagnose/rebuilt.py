"""Records of real builds, changed, with what an engine would have answered.

A step is reused when its key and those of all that it builds on were stored before: so these builds refute
no key model, but everything that explains what it says.
"""

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from types import MappingProxyType

from layerfork.diagnose import JudgedBuild
from layerfork.hypothesis import suppose
from layerfork.keys import keys_of
from layerfork.keys.classic.tarsum import tarsum
from layerfork.record.build import Builder
from layerfork.record.cachekey import BuildKeys
from layerfork.record.change import Change
from layerfork.record.context import ContextEntry, Digest
from layerfork.record.record import BuildRecord, StepRecord, StepStatus

_NONE: Mapping[str, bytes] = MappingProxyType({})


def judged(client: str, record: BuildRecord, control: str = "") -> JudgedBuild:
    return JudgedBuild(client=client, record=record, keys=keys_of(record), control=control)


def rebuilt(record: BuildRecord, *changes: Change, contents: Mapping[str, bytes] = _NONE) -> BuildRecord:
    """The record with changes, as built where the unchanged one has stored its steps.

    ``contents`` are bytes of files by digest: what the classic builder's digests are made of.
    """
    changed = suppose(record, changes).record
    if changed.context is not None:
        entries = tuple(_with_sum(entry, contents) for entry in changed.context.entries)
        changed = replace(changed, context=replace(changed.context, entries=entries))
    return answered(changed, after=record)


def _with_sum(entry: ContextEntry, contents: Mapping[str, bytes]) -> ContextEntry:
    data = contents.get(entry.content or "")
    return entry if data is None else replace(entry, tarsum=tarsum(entry, [data]))


def answered(record: BuildRecord, after: BuildRecord) -> BuildRecord:
    """A record as built where another one has stored its steps."""
    keys, stored = keys_of(record), keys_of(after).chain_digests()
    images = {chain: step for step in after.steps if (chain := stored.get(step.index))}
    steps = tuple(_answered(record, step, keys, images) for step in record.steps)
    return replace(record, steps=steps)


def _answered(
    record: BuildRecord, step: StepRecord, keys: BuildKeys, images: Mapping[Digest, StepRecord]
) -> StepRecord:
    own = next(key for key in keys.steps if key.index == step.index)
    chain = keys.chain_digests().get(step.index)
    before = images.get(chain) if chain is not None else None
    base = own.always_runs
    identity = before.identity if before is not None else f"sha256:{sha256(repr(chain).encode()).hexdigest()}"
    written = "" if record.builder is Builder.BUILDKIT else own.key.engine_form
    return replace(
        step,
        status=StepStatus.HIT if base or before is not None else StepStatus.MISS,
        identity="" if record.builder is Builder.BUILDKIT else step.identity if base else identity,
        created_by=written or step.created_by,
        seconds=0.5,
    )
