"""The changes that undo a cause: what the reader's build would have to be like for the cause to be gone."""

from collections.abc import Callable, Mapping

from layerfork.explain.claims.rule import Finding
from layerfork.explain.proof.undo.entries import undo_attribute, undo_ignore_rule, undo_link, undo_presence
from layerfork.explain.proof.undo.lines import undo_label, undo_line
from layerfork.explain.proof.undo.material import Material
from layerfork.explain.proof.undo.request import (
    undo_base,
    undo_engine,
    undo_field,
    undo_format,
    undo_frontend,
    undo_options,
    undo_source,
)
from layerfork.explain.proof.undo.variables import undo_proxy, undo_variable
from layerfork.model.change import Change

Undo = Callable[[Material, Finding], tuple[Change, ...]]

UNDO: Mapping[str, Undo] = {
    "build-arg": undo_variable,
    "env": undo_variable,
    "proxy": undo_proxy,
    "platform": undo_field,
    "network": undo_field,
    "target": undo_field,
    "image-format": undo_format,
    "base-image": undo_base,
    "base-config": undo_base,
    "frontend": undo_frontend,
    "engine-version": undo_engine,
    "instruction": undo_line,
    "instruction-order": undo_line,
    "label": undo_label,
    "mount": undo_line,
    "run-option": undo_options,
    "remote-source": undo_source,
    "dockerfile-in-context": undo_presence,
    "ignore-rule": undo_ignore_rule,
    "directory-entry": undo_presence,
    "root-header": undo_presence,
    "entry-missing": undo_presence,
    "entry-extra": undo_presence,
    "duplicate-entry": undo_presence,
    "hardlink": undo_link,
    "entry-type": undo_link,
    "link-target": undo_link,
    "entry-name": undo_attribute,
    "mode": undo_attribute,
    "mode-type-bits": undo_attribute,
    "uid": undo_attribute,
    "gid": undo_attribute,
    "owner-name": undo_attribute,
    "xattr": undo_attribute,
    "content": undo_attribute,
    "stale-content": undo_attribute,
}
"""How a cause that key parts show is undone, by code."""


def undo(material: Material, finding: Finding) -> tuple[Change, ...]:
    """The changes that undo one cause; none when nothing in the records stands for it.

    Raises: UnappliableError when it is known that none can be made.
    """
    if finding.code == "content" and any(each.base_field == "source" for each in finding.claims):
        return undo_source(material, finding)
    return UNDO[finding.code](material, finding)
