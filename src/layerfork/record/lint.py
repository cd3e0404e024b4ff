"""Cache traps: lines of files that will make builds miss, or reuse what is old, found before any build."""

from dataclasses import dataclass
from enum import StrEnum

from layerfork.record.answer import Fix

LINT_SCHEMA = "layerfork/lint/1"


class TrapCode(StrEnum):
    """The rules of `layerfork lint`, each with its page in docs/lint."""

    COPY_BEFORE_INSTALL = "copy-before-install"
    ARG_BEFORE_INSTALL = "arg-before-install"
    DOCKERFILE_COPIED = "dockerfile-copied"
    REPOSITORY_COPIED = "repository-copied"
    MOVING_BASE = "moving-base"
    STALE_PACKAGE_INDEX = "stale-package-index"
    UNSTORED_MODES = "unstored-modes"
    DEAD_IGNORE_RULE = "dead-ignore-rule"
    CACHE_OVERWRITTEN = "cache-overwritten"
    PLATFORMS_SHARE_CACHE = "platforms-share-cache"
    SCOPE_NEVER_WRITTEN = "scope-never-written"
    INLINE_CACHE_MISSING = "inline-cache-missing"
    STAGES_NOT_EXPORTED = "stages-not-exported"
    FROZEN_CACHE_KEY = "frozen-cache-key"
    UNMATCHED_CACHE_KEY = "unmatched-cache-key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trap:
    """One line of a file that makes builds miss, or reuse what is old."""

    code: TrapCode
    path: str
    """Absolute path of the file."""
    file: str
    """The same as a person types it from the working directory."""
    line: int
    """From 1."""
    subject: str
    """What the line says: ``COPY . .``."""
    cost: str
    """What it costs, in one sentence without a full stop."""
    fix: Fix


@dataclass(frozen=True, slots=True, kw_only=True)
class BadFile:
    """A file that cannot be checked, or only in part."""

    path: str
    """Absolute."""
    file: str
    """As a person types it."""
    line: int = 0
    """From 1; 0 when it is the whole file."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LintReport:
    """What was found in the files of some paths."""

    files: int
    """How many were read."""
    traps: tuple[Trap, ...] = ()
    """By file and line."""
    bad: tuple[BadFile, ...] = ()
    ignored: int = 0
    """Traps that a comment or an option suppresses."""
