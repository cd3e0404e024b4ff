"""A private copy of buildx's configuration with recorders as nodes; the command's changes are copied back."""

import contextlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from layerfork.builders.routing.buildxstore import (
    CURRENT,
    DEFAULTS,
    INSTANCES,
    LOCK,
    OURS,
    Instance,
    compact,
    default_file,
    entries_of,
    files_in,
    instances_in,
    locked,
    nodes_of,
    read_object,
    write_file,
)

Node = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Substitution:
    """The replacements in the copy, and the user's own values."""

    recorder: str
    """The recorder's address, which is DOCKER_HOST in the command."""
    key: str
    """What buildx calls the recorded engine without a recorder; empty when that engine is gone afterwards."""
    addresses: Mapping[str, str]
    """Other recorders' addresses that were given to the command, and the real addresses."""
    nodes: Mapping[tuple[str, str], tuple[Node, Node]]
    """By builder and node: as the user has it, and as it is in the copy."""
    drivers: Mapping[str, tuple[str, str]]
    """By builder: its driver, and the one in the copy."""
    added: Mapping[str, Instance]
    """Builders that are only in the copy."""

    def forth(self, name: str, instance: Instance) -> Instance:
        """A user's builder as it is in the copy."""
        nodes = [self._instead(name, node) for node in nodes_of(instance)]
        driver = self.drivers.get(name, (None, instance.get("Driver")))[1]
        return {**instance, "Driver": driver, "Nodes": nodes}

    def back(self, name: str, instance: Instance) -> Instance | None:
        """A builder of the copy for the user; None when it would name an engine that is gone."""
        nodes = [self._restored(name, node) for node in nodes_of(instance)]
        if not self.key and any(node.get("Endpoint") == self.recorder for node in nodes):
            return None
        before, instead = self.drivers.get(name, ("", None))
        driver = before if instance.get("Driver") == instead else instance.get("Driver")
        return {**instance, "Driver": driver, "Nodes": nodes}

    def _instead(self, name: str, node: Node) -> Node:
        return self.nodes.get((name, str(node.get("Name"))), (node, node))[1]

    def _restored(self, name: str, node: Node) -> Node:
        """What the command did not change is the user's again; a new node is at the engine, not at us."""
        before, instead = self.nodes.get((name, str(node.get("Name"))), ({}, {}))
        fields = {key: before.get(key) if value == instead.get(key) else value for key, value in node.items()}
        if not before:
            fields = dict(node)
        if fields.get("Endpoint") == self.recorder and self.key:
            fields["Endpoint"] = self.key
        endpoint = str(fields.get("Endpoint"))
        return {**fields, "Endpoint": self.addresses[endpoint]} if endpoint in self.addresses else fields

    def choice_forth(self, current: Mapping[str, Any]) -> dict[str, Any]:
        """The last choice for the copy."""
        return {**current, "Key": self.recorder} if self._is_here(current) else dict(current)

    def choice_back(self, current: Mapping[str, Any]) -> dict[str, Any] | None:
        """The last choice for the user; None when it was made for an engine that is gone."""
        if current.get("Key") != self.recorder:
            return dict(current)
        return {**current, "Key": self.key} if self.key else None

    def _is_here(self, current: Mapping[str, Any]) -> bool:
        return bool(self.key) and current.get("Key") == self.key


class ConfigurationCopy:
    """The copy while a command uses it."""

    def __init__(self, store: Path, directory: Path, substitution: Substitution) -> None:
        """``store`` is the user's directory, there or not; ``directory`` is where the copy goes."""
        self._store = store
        self.directory = directory
        self._substitution = substitution
        self._instances = instances_in(store)
        self._current = read_object(store / CURRENT)
        self._defaults = {path.name: _text(path) for path in files_in(store / DEFAULTS)}

    def make(self) -> None:
        """Write the copy; other files are links to the user's own. Raises: OSError."""
        for name in (INSTANCES, DEFAULTS):
            (self.directory / name).mkdir(mode=0o700, parents=True)
        for path in entries_of(self._store):
            if path.name not in OURS:
                (self.directory / path.name).symlink_to(path.absolute())
        for path in files_in(self._store / INSTANCES):
            shutil.copyfile(path, self.directory / INSTANCES / path.name)
        changed = {name: self._substitution.forth(name, each) for name, each in self._instances.items()}
        for name, instance in {**self._substitution.added, **changed}.items():
            write_file(self.directory / INSTANCES / name, compact(instance))
        if self._current is not None:
            choice = self._substitution.choice_forth(self._current)
            write_file(self.directory / CURRENT, compact(choice))
        for name, text in self._defaults.items():
            write_file(self.directory / DEFAULTS / name, text)
        key, here = self._substitution.key, default_file(self._substitution.recorder)
        if key and default_file(key) in self._defaults:
            write_file(self.directory / DEFAULTS / here, self._defaults[default_file(key)])

    def carry_back(self) -> None:
        """Copy what the command changed to the user's directory, and nothing else. Raises: OSError."""
        changes = {**self._changed_instances(), **self._changed_choice(), **self._changed_defaults()}
        others = [
            path
            for path in self.directory.iterdir()
            if not path.is_symlink() and path.name not in (*OURS, LOCK)
        ]
        if not changes and not others:
            return
        with locked(self._store):
            for name, text in changes.items():
                if text is None:
                    (self._store / name).unlink(missing_ok=True)
                else:
                    write_file(self._store / name, text)
            for path in others:
                _bring(path, self._store / path.name)

    @property
    def kept(self) -> tuple[str, ...]:
        """Builders that the command removed and that stay: under another driver, nothing else was removed."""
        left = instances_in(self.directory)
        return tuple(name for name in self._substitution.drivers if name not in left)

    def _changed_instances(self) -> dict[str, str | None]:
        """What to write to files of the user's directory; None to remove one."""
        left = instances_in(self.directory)
        changes: dict[str, str | None] = {
            f"{INSTANCES}/{name}": None
            for name in self._instances
            if name not in left and name not in self._substitution.drivers
        }
        for name, instance in left.items():
            if instance == self._substitution.added.get(name):
                continue
            restored = self._substitution.back(name, instance)
            if restored is not None and restored != _whole(self._instances.get(name)):
                changes[f"{INSTANCES}/{name}"] = compact(restored)
        return changes

    def _changed_choice(self) -> dict[str, str | None]:
        left = read_object(self.directory / CURRENT)
        choice = self._substitution.choice_back(left) if left is not None else None
        return {} if choice is None or choice == self._current else {CURRENT: compact(choice)}

    def _changed_defaults(self) -> dict[str, str | None]:
        left: dict[str, str | None] = {path.name: _text(path) for path in files_in(self.directory / DEFAULTS)}
        here, key = default_file(self._substitution.recorder), self._substitution.key
        own = left.pop(here, None)
        if key:
            left[default_file(key)] = own
        names = {*left, *self._defaults}
        return {
            f"{DEFAULTS}/{name}": left.get(name)
            for name in names
            if left.get(name) != self._defaults.get(name)
        }


def _whole(instance: Instance | None) -> Instance | None:
    """A builder as reading and translating leaves it."""
    if instance is None:
        return None
    return {**instance, "Driver": instance.get("Driver"), "Nodes": nodes_of(instance)}


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="surrogateescape")


def _bring(path: Path, target: Path) -> None:
    if path.is_dir():
        shutil.copytree(path, target, dirs_exist_ok=True, symlinks=True)
    else:
        with contextlib.suppress(FileNotFoundError):
            shutil.copy2(path, target)
