"""Mutations of how a tar is written, everything in it being the same."""

from dataclasses import replace
from random import Random

from layerfork.record.build import Builder
from layerfork.record.context import EntryType
from research.mutations.change import Change, Expected, Mutate, change, if_read
from research.mutations.subject import Arena, Delivery, Subject


def other_prefix(_rng: Random, before: Subject, arena: Arena) -> Change | None:
    if arena.delivery is not Delivery.TAR:
        return None
    wire = replace(before.wire, prefix="" if before.wire.prefix else "./")
    return change("prefix", before, replace(before, wire=wire), arena, _classic_only(arena, "entry-name"))


def type_bits(_rng: Random, before: Subject, arena: Arena) -> Change | None:
    if arena.delivery is not Delivery.TAR:
        return None
    after = replace(before, wire=replace(before.wire, type_bits=not before.wire.type_bits))
    return change("type-bits", before, after, arena, _classic_only(arena, "mode-type-bits"))


def _classic_only(arena: Arena, code: str) -> Expected | None:
    """Every stage copies a file first, so what happens to all entries is always read."""
    return Expected(code=code) if arena.builder is Builder.CLASSIC else None


def no_directories(_rng: Random, before: Subject, arena: Arena) -> Change | None:
    directories = [node for node in before.nodes if node.type is EntryType.DIRECTORY]
    plain = all((n.mode, n.uid, n.gid, n.xattrs) == (0o755, 0, 0, ()) for n in directories)
    if arena.delivery is not Delivery.TAR or not (plain or arena.builder is Builder.CLASSIC):
        return None
    after = replace(before, wire=replace(before.wire, directories=False))
    cause = None
    if arena.builder is Builder.CLASSIC:
        cause = if_read(before, arena, "directory-entry", *(node.path for node in directories))
    return change("no-directories", before, after, arena, cause)


def other_order(_rng: Random, before: Subject, arena: Arena) -> Change | None:
    if arena.delivery is not Delivery.TAR:
        return None
    wire = replace(before.wire, reverse=not before.wire.reverse)
    return change("order", before, replace(before, wire=wire), arena)


def other_compression(_rng: Random, before: Subject, arena: Arena) -> Change | None:
    if arena.delivery is not Delivery.TAR:
        return None
    wire = replace(before.wire, gzip=not before.wire.gzip)
    return change("compression", before, replace(before, wire=wire), arena)


WIRE_MUTATIONS: tuple[Mutate, ...] = (
    other_prefix,
    type_bits,
    no_directories,
    other_order,
    other_compression,
)
