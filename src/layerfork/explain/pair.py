"""Explains two builds, whoever made them and wherever."""

from layerfork.explain.compare import compare
from layerfork.explain.diagnose import diagnose
from layerfork.explain.difference import Difference
from layerfork.explain.fork import find_forks
from layerfork.explain.judged import JudgedBuild
from layerfork.explain.refine import refine
from layerfork.model.judgement import Fork


def explain_pair(writer: JudgedBuild, reader: JudgedBuild) -> tuple[Fork, ...]:
    """Where and why ``reader`` could not use what ``writer`` stored, in step order.

    The first fork of a branch is followed by later ones on it only if they have a cause of their
    own: repairing the first would not bring those steps back. Builds of two caches (two builders,
    two engines) fork at the first step; where their keys can be compared, the forks that remain
    on one common cache follow.
    """
    comparison = compare(writer, reader)
    return tuple(diagnose(comparison, site) for site in find_forks(comparison))


def list_fork_differences(writer: JudgedBuild, reader: JudgedBuild, fork: Fork) -> tuple[Difference, ...]:
    """Every differing part behind a fork of these two builds: the whole list that its causes sum up."""
    return tuple(
        difference
        for site in find_forks(compare(writer, reader))
        if site.step == fork.step
        for difference in refine(site.differences)
    )
