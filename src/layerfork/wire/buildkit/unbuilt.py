"""A definition that a frontend made and nobody built: its operations, and the steps that they would be."""

from collections.abc import Mapping

from layerfork.record.llb import Definition
from layerfork.record.record import StepRecord
from layerfork.wire.buildkit import ops_pb2 as ops
from layerfork.wire.definition.ops import read_definition
from layerfork.wire.redact import Redactor
from layerfork.wire.steps.branches import branches_of
from layerfork.wire.steps.layout import find_layout
from layerfork.wire.steps.steps import read_steps


def read_unbuilt(
    by_platform: Mapping[str, ops.Definition],
    dockerfile: str,
    name: str,
    build_args: Mapping[str, str],
    redactor: Redactor,
) -> tuple[Definition, tuple[StepRecord, ...]]:
    """What a frontend made of a Dockerfile of this text and name, secrets hidden."""
    definition = read_definition(by_platform.values(), name, redactor).definition
    stages, _ = find_layout(dockerfile, build_args)
    return definition, read_steps(definition.ops, {}, stages, redactor, branches_of(by_platform))
