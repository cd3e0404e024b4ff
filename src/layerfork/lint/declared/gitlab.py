"""The builds in the scripts of GitLab's jobs. Source: docs.gitlab.com ci/yaml (script, parallel:matrix)."""

import os
from collections.abc import Iterator

from layerfork.lint.declared.build import DeclaredBuild
from layerfork.lint.declared.github import of_command
from layerfork.lint.declared.node import Node
from layerfork.lint.declared.shell import docker_builds
from layerfork.lint.declared.yamlfile import read_yaml
from layerfork.lint.files.reading import Source

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
