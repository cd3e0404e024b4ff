"""Gives steps the identity that BuildKit and buildah do not print: a digest of all that decided them."""

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256

from layerfork.model.build import Builder
from layerfork.model.cachekey import BuildKeys
from layerfork.model.record import BuildRecord


def add_identities(record: BuildRecord, keys: BuildKeys) -> BuildRecord:
    """The record with a key digest as the identity of every step whose key is fully known.

    The digest covers the step's own key and those of all steps that it builds on. The classic builder's
    steps keep their image ids.
    """
    if record.builder is Builder.CLASSIC:
        return record
    identities = chain_digests(keys)
    steps = tuple(replace(step, identity=identities.get(step.index, "")) for step in record.steps)
    return replace(record, steps=steps)


def chain_digests(keys: BuildKeys) -> Mapping[int, str]:
    """Step index to the digest of its own key and its ancestors'; steps with unknown parts are left out."""
    known: dict[int, str] = {}
    for step in keys.steps:
        parents = [known.get(parent) for parent in step.parents]
        if step.key.unknown or None in parents:
            continue
        text = "\n".join([step.key.digest, *(parent or "" for parent in parents)])
        known[step.index] = "sha256:" + sha256(text.encode()).hexdigest()
    return known
