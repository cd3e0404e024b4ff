"""Generations that no file names: what a suite has now, or had after it went on to a newer Docker Engine."""

import re
from dataclasses import replace

from layerfork.builders.debian.generation import Generation
from layerfork.builders.suites import SUITES

_VERSION = re.compile(r"\d+\.\d+")


def later_generation(name: str) -> Generation | None:
    """Docker Engine by the code name of a suite, whatever that has, or by a version newer than any known.

    A newer version can only be in the suite that has the newest. Its API is not known before it runs.
    None for any other name.
    """
    generations = [suite.docker for suite in SUITES]
    for generation in generations:
        if name == generation.suite:
            return replace(generation, name=name, version="", api=("", ""))
    newest = max(generations, key=lambda generation: _numbers(generation.name))
    if _VERSION.fullmatch(name) and _numbers(name) > _numbers(newest.name):
        return replace(newest, name=name, version=f"{name}.", api=("", ""))
    return None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
