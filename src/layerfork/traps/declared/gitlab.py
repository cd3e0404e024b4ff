"""The builds in the scripts of GitLab's jobs. Source: docs.gitlab.com ci/yaml (script, parallel:matrix)."""

import os
from collections.abc import Iterator

from layerfork.traps.declared.build import DeclaredBuild
from layerfork.traps.declared.github import of_command
from layerfork.traps.declared.node import Node
from layerfork.traps.declared.shell import docker_builds
from layerfork.traps.declared.yamlfile import read_yaml
from layerfork.traps.files.reading import Source

_SCRIPTS = ("before_script", "script", "after_script")


def gitlab_builds(source: Source) -> Iterator[DeclaredBuild]:
    """The builds of a file of GitLab CI. Raises: UnreadableError."""
    for document in read_yaml(source.text):
        for job, node in document.fields.items():
            for script in map(node.get, _SCRIPTS):
                for build in docker_builds(_flat(script)):
                    yield of_command(source, build, os.fspath(source.path.parent), f"job {job}")


def _flat(script: Node) -> Iterator[tuple[int, str]]:
    yield from script.lines()
