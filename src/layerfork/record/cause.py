"""Cause codes: the closed set of reasons why a cache forks, in order of blame, and the page of one."""

from dataclasses import dataclass
from enum import Flag, StrEnum, auto
from typing import Literal

from layerfork.record.build import Builder

_ALL = (Builder.CLASSIC, Builder.BUILDKIT, Builder.BUILDAH)
_CLASSIC, _BUILDKIT, _BUILDAH = ((builder,) for builder in _ALL)


class Trait(Flag):
    """What is true of the differences of some causes."""

    NONE = 0
    ENTRY = auto()
    """It describes an entry of the context."""
    CLIENT = auto()
    """The client's own code decides it, for all entries alike."""
    CLIENT_MAY = auto()
    """The client's own code may decide it, by what it leaves out."""
    TEXT = auto()
    """Its value is text from the Dockerfile, with variables replaced."""
    KIND = auto()
    """It cannot stay equal, or need not, when the kind of an entry changes."""
    WRONG_HIT = auto()
    """A step was reused that should not have been: this is reported as a warning, not as a cause."""


class CauseCode(StrEnum):
    """A cause: its code, the builders whose cache it can fork, and its traits.

    Members are in order of blame: builder, then base, then the instruction's text and arguments, then
    options, then the entries of its source: names, types, modes, owners, links, attributes, content.
    """

    builders: tuple[Builder, ...]
    traits: Trait

    def __new__(cls, code: str, builders: tuple[Builder, ...], traits: Trait = Trait.NONE) -> "CauseCode":
        member = str.__new__(cls, code)
        member._value_ = code
        member.builders = builders
        member.traits = traits
        return member

    __hash__ = str.__hash__  # keys of large contexts are sets of many parts
    __str__ = str.__str__

    BUILDER = "builder", _ALL
    BUILDER_INSTANCE = "builder-instance", _ALL
    IMAGE_STORE = "image-store", _CLASSIC + _BUILDKIT
    ENGINE_VERSION = "engine-version", _ALL
    CACHE_OFF = "cache-off", _ALL
    BUILD_ARG = "build-arg", _ALL
    ENV = "env", _ALL
    PLATFORM = "platform", _ALL, Trait.TEXT
    IMAGE_FORMAT = "image-format", _BUILDAH
    BASE_IMAGE = "base-image", _ALL, Trait.TEXT
    BASE_CONFIG = "base-config", _ALL
    FRONTEND = "frontend", _BUILDKIT
    TARGET = "target", _ALL
    INSTRUCTION_ORDER = "instruction-order", _ALL
    LABEL = "label", _CLASSIC + _BUILDAH, Trait.TEXT
    INSTRUCTION = "instruction", _ALL, Trait.TEXT
    PROXY = "proxy", _ALL
    NETWORK = "network", _BUILDKIT
    RUN_OPTION = "run-option", _ALL
    MOUNT = "mount", _BUILDKIT + _BUILDAH
    REMOTE_SOURCE = "remote-source", _ALL
    CACHE_FROM = "cache-from", _CLASSIC
    CACHE_NOT_IMPORTED = "cache-not-imported", _BUILDKIT + _BUILDAH
    DOCKERFILE_IN_CONTEXT = "dockerfile-in-context", _ALL
    IGNORE_RULE = "ignore-rule", _ALL
    DIRECTORY_ENTRY = "directory-entry", _CLASSIC + _BUILDKIT, Trait.ENTRY | Trait.CLIENT_MAY
    ROOT_HEADER = "root-header", _BUILDKIT, Trait.ENTRY
    HARDLINK = "hardlink", _CLASSIC + _BUILDAH, Trait.ENTRY | Trait.CLIENT_MAY | Trait.KIND
    ENTRY_TYPE = "entry-type", _ALL, Trait.ENTRY | Trait.KIND
    LINK_TARGET = "link-target", _ALL, Trait.ENTRY | Trait.KIND
    ENTRY_MISSING = "entry-missing", _ALL, Trait.ENTRY
    ENTRY_EXTRA = "entry-extra", _ALL, Trait.ENTRY
    DUPLICATE_ENTRY = "duplicate-entry", _CLASSIC, Trait.ENTRY | Trait.WRONG_HIT
    ENTRY_NAME = "entry-name", _CLASSIC, Trait.ENTRY | Trait.CLIENT
    MODE_TYPE_BITS = "mode-type-bits", _CLASSIC, Trait.ENTRY | Trait.CLIENT | Trait.KIND
    MODE = "mode", _ALL, Trait.ENTRY | Trait.KIND
    UID = "uid", _ALL, Trait.ENTRY | Trait.CLIENT
    GID = "gid", _CLASSIC + _BUILDKIT, Trait.ENTRY | Trait.CLIENT
    OWNER_NAME = "owner-name", _CLASSIC, Trait.ENTRY | Trait.CLIENT
    XATTR = "xattr", _ALL, Trait.ENTRY | Trait.CLIENT_MAY
    STALE_CONTENT = "stale-content", _CLASSIC + _BUILDKIT, Trait.ENTRY | Trait.WRONG_HIT
    CONTENT = "content", _ALL, Trait.ENTRY | Trait.KIND
    CLIENT_VERSION = "client-version", _ALL
    PARALLEL_BUILD = "parallel-build", _CLASSIC + _BUILDKIT
    ENGINE_BUG = "engine-bug", _CLASSIC + _BUILDKIT
    CACHE_EMPTY = "cache-empty", _ALL
    CACHE_RECORD_GONE = "cache-record-gone", _ALL
    UNEXPLAINED = "unexplained", _ALL


def codes_with(trait: Trait) -> frozenset[str]:
    """Codes that have any of the traits."""
    return frozenset(code for code in CauseCode if code.traits & trait)


# What the manual says about a cause, or about a rule of lint.

CAUSES_SCHEMA = "layerfork/causes/1"
CAUSE_SCHEMA = "layerfork/cause/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseRow:
    """One cause, or one rule of lint, in a line."""

    code: str
    builders: tuple[str, ...]
    """Of a cause: those whose cache it can fork."""
    summary: str
    kind: Literal["cause", "rule"] = "cause"


@dataclass(frozen=True, slots=True, kw_only=True)
class CausePage:
    """The page of one cause or rule."""

    row: CauseRow
    text: str
    """Markdown, as in docs/causes or docs/lint."""
    pattern: str = ""
    """The requested pattern, which groups causes of this code; empty for the code itself."""
