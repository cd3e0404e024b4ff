"""Undoes differences of variables: arguments that are given, lines that set them, the base image's own."""

from collections.abc import Iterator
from dataclasses import replace

from layerfork.diagnose.causes.material import Material
from layerfork.diagnose.causes.rule import Finding
from layerfork.keys.buildkit.epoch import arguments_of
from layerfork.keys.shared.baseimage import find_facts
from layerfork.record.change import BaseImageIs, BuildArgIs, Change
from layerfork.record.engine import ImageFacts


def undo_variable(material: Material, finding: Finding) -> tuple[Change, ...]:
    """The variable is set as in the writer's build; not by the step's own line where that reads otherwise."""
    name, case = finding.path, material.case
    lines = [
        material.dockerfiles.line_of(side, view.step)
        for side, view in (("writer", case.writer_view), ("reader", case.reader_view))
    ]
    own = not any(each.cause == "instruction" for each in case.site.differences)
    setting = material.dockerfiles.setting(name, (lines[0], lines[1]), own=own)
    return tuple(dict.fromkeys((*_given(material, name), *setting, *_of_base_images(material, name))))


def undo_proxy(material: Material, finding: Finding) -> tuple[Change, ...]:
    """The proxies are given as in the writer's build; one of them may stand for all."""
    if finding.path:
        return undo_variable(material, finding)
    writer, reader = _requests(material)
    names = sorted(name for name in writer.keys() | reader.keys() if name.lower().endswith("_proxy"))
    return tuple(change for name in names for change in _given(material, name))


def _given(material: Material, name: str) -> Iterator[Change]:
    writer, reader = _requests(material)
    if writer.get(name) != reader.get(name):
        yield BuildArgIs(name=name, value=writer.get(name))


def _requests(material: Material) -> tuple[dict[str, str], dict[str, str]]:
    case = material.case
    return arguments_of(case.writer.record), arguments_of(case.reader.record)


def _of_base_images(material: Material, name: str) -> Iterator[Change]:
    """Images whose own environment differs in this variable."""
    case = material.case
    for reference, facts in case.reader.record.base_images:
        other = find_facts(case.writer.record, reference)
        if other is not None and _value(other, name) != _value(facts, name):
            env = [entry for entry in facts.env if entry.partition("=")[0] != name]
            env += [entry for entry in other.env if entry.partition("=")[0] == name]
            yield BaseImageIs(reference=reference, facts=replace(facts, env=tuple(env)))


def _value(facts: ImageFacts, name: str) -> str | None:
    return dict(entry.partition("=")[::2] for entry in facts.env).get(name)
