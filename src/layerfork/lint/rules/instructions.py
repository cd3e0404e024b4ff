"""Rules about ARG, FROM and the RUNs that install."""

import posixpath
import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from itertools import takewhile

from layerfork.dockerfile import Dockerfile, Instruction, Stage
from layerfork.dockerfile.installs import IndexUse, index_uses, install_of
from layerfork.dockerfile.scope import SCRATCH, base_of
from layerfork.dockerfile.substitution import BadSubstitutionError
from layerfork.lint.dockerfiles import OpenedDockerfile, chain_of, covers, on_top_of, relative
from layerfork.lint.rule import LintRule, Project, Violation, found_at, lines, runs
from layerfork.record.answer import Edit, Fix
from layerfork.record.lint import TrapCode

_COMMIT = r"(?:(?:APP|BUILD)_)?(?:GIT|VCS|CI|GITHUB)_?(?:COMMIT_)?(?:COMMIT|SHA1?|HASH|REV|REVISION|REF)"
_BARE = r"COMMIT|COMMIT_SHA|COMMIT_HASH|SHA|REVISION|DATE|TIMESTAMP"
_BUILD = r"BUILD_?(?:DATE|TIME|TIMESTAMP|NUMBER|NUM|NO|ID|VERSION|COMMIT|SHA|REVISION|REF)"
_VERSION = r"(?:(?:APP|IMAGE|RELEASE|PACKAGE|PROJECT|SERVICE)_)?VERSION"
_CHANGES = re.compile(rf"{_COMMIT}|{_BARE}|{_BUILD}|{_VERSION}", re.IGNORECASE)
"""Names of what is another at each commit or build."""
_PLACEHOLDER = re.compile(
    r"|0|-|n/?a|none|null|unknown|undefined|unset|unspecified|local|dev|devel|develop|development|snapshot|head"
    r"|latest|main|master|test|docker|0\.0\.0(?:[-.+]?\w*)*|1970-01-01\S*|now|today",
    re.IGNORECASE,
)
"""Defaults that no release is built with. Any other default, such as a version, may be meant."""
_USES_NAME = "COPY", "ADD", "RUN", "WORKDIR"


def find_arguments(project: Project) -> Iterator[Violation]:
    """ARG of such a name, and RUNs below that only install and do not name it."""
    for opened, arg in project.steps("ARG"):
        yield from _of_line(opened, arg)


def _of_line(opened: OpenedDockerfile, arg: Instruction) -> Iterator[Violation]:
    for name, default in arg.pairs:
        if not _is_of_each_build(name, default):
            continue
        installs = _installs_below(opened, arg, name)
        if installs:
            cost = (
                f"each new value of {name} runs {lines(installs)} again, which "
                f"{'do' if len(installs) > 1 else 'does'} not use it: a RUN sees every ARG above it"
            )
            what = _moved(opened, arg, name, installs)
            fix = Fix(sentence=f"move {what} below line {installs[-1].last_line}")
            yield found_at(opened, arg, cost, fix)
            return


def _is_of_each_build(name: str, default: str | None) -> bool:
    return bool(_CHANGES.fullmatch(name) and _PLACEHOLDER.fullmatch((default or "").strip("\"'")))


def _installs_below(opened: OpenedDockerfile, arg: Instruction, name: str) -> list[Instruction]:
    """RUNs of the stage that install and do not name the argument, until a step needs it: what comes after
    that misses anyway."""
    steps = takewhile(lambda each: not _needs(each, name), opened.below(arg))
    return [each for each in steps if each.keyword == "RUN" and install_of(each) is not None]


def _needs(step: Instruction, name: str) -> bool:
    """Whether a step uses an argument, or declares it anew."""
    if step.keyword == "ARG":
        return name in dict(step.pairs)
    return step.keyword in _USES_NAME and _names(step, name)


def _names(instruction: Instruction, name: str) -> bool:
    texts = (instruction.text, *(heredoc.content for heredoc in instruction.heredocs))
    return any(re.search(rf"\b{re.escape(name)}\b", text) for text in texts)


def _moved(opened: OpenedDockerfile, arg: Instruction, name: str, installs: list[Instruction]) -> str:
    """The ARG, and the lines that use it before the last of the installs."""
    above = (each for each in opened.below(arg) if each.first_line < installs[-1].first_line)
    users = [each for each in above if _names(each, name)]
    what = f"`ARG {name}`" if len(arg.pairs) > 1 else lines([arg])
    return f"{what} and {lines(users)}, which use{'s' if len(users) == 1 else ''} it," if users else what


ARGUMENTS = (LintRule(code=TrapCode.ARG_BEFORE_INSTALL, find=find_arguments),)


# Base images that move under one name.

_MOVING = frozenset(
    {"latest", "edge", "stable", "mainline", "testing", "unstable", "nightly", "canary", "current", "rolling"}
    | {"lts", "main", "master", "dev", "develop", "head"}
)
"""Tags that name no version, so that each release moves them."""
_OF_ONES_OWN = re.compile(r"[^/]*_[^/]*|(?:[^/]*[.-])?(?:base|local|builder)")
"""Names without a registry or owner that no official image has: images that people build here themselves."""
_REFERENCE = re.compile(r"(?P<name>(?:[^/@]+/)*[^:/@]+)(?::(?P<tag>[^:/@]+))?(?P<digest>@.+)?")


def find_moving_base(project: Project) -> Iterator[Violation]:
    """FROM of an image whose tag names no version, without a digest."""
    for opened in project.dockerfiles:
        for stage in opened.dockerfile.stages:
            found = _REFERENCE.fullmatch(_image_of(opened.dockerfile, stage))
            if found is None or found["digest"] or _is_built_here(project, found["name"]):
                continue
            tag = found["tag"] or "latest"
            later = opened.later_runs(stage.origin)
            if later and tag.split("-")[0] in _MOVING:
                cost = (
                    f"each release moves {found['name']}:{tag}, and makes the {runs(later)} miss; two "
                    "machines that pulled it on different days share nothing"
                )
                sentence = f"name a version, or the digest: FROM {found['name']}:{tag}@sha256:…"
                yield found_at(opened, stage.origin, cost, Fix(sentence=sentence))


def _image_of(dockerfile: Dockerfile, stage: Stage) -> str:
    """The image that a stage begins with; empty for another stage, none, and what an argument decides."""
    try:
        base = base_of(dockerfile, stage, {}) or ""
    except BadSubstitutionError:
        return ""
    is_image = base != SCRATCH and dockerfile.find_base(base, before=stage.index) is None
    return base if is_image and "$" not in stage.base else ""


def _is_built_here(project: Project, name: str) -> bool:
    """Whether it looks like an image that a build of this project, or of this machine, makes."""
    tags = {tag.partition(":")[0] for build in project.builds for tag in build.tags}
    return name in tags or _OF_ONES_OWN.fullmatch(name) is not None


BASES = (LintRule(code=TrapCode.MOVING_BASE, find=find_moving_base),)


# An update of apt's package index in a RUN of its own.

_INDEX = "/var/lib/apt/lists"
_INSTALLS = re.compile(r"install|upgrade|build-dep|satisfy|gdebi")
"""Words of a RUN that may install, in whatever way."""
_RENEWS = re.compile(r"bust|cache|date|refresh|force|random|nonce", re.IGNORECASE)
"""Names of arguments that people give a new value so that the steps below run again."""
_MAY_STAND_BETWEEN = frozenset(
    {"ARG", "ENV", "LABEL", "EXPOSE", "WORKDIR", "CMD", "ENTRYPOINT", "MAINTAINER"}
)
"""What an update may be moved across: it leaves the files, the user and the shell as they are."""
_FIELD_NAMES = {"dst": "target", "destination": "target", "src": "source"}
"""Source: moby/buildkit frontend/dockerfile/instructions/commands_runmount.go:parseMount @ v0.13.2."""
_CHAIN = re.compile(r"(?:(?:sudo|[A-Z_]+=[\w'\"]*) +)*apt(?:-get)? (?:[^;&|#\n]|&&)*")
_RUN_LINE = re.compile(r"(?P<head>\s*RUN\s+(?:--\S+\s+)*)(?P<command>[^-\\`\s].*)", re.IGNORECASE | re.DOTALL)


def find_stale_index(project: Project) -> Iterator[Violation]:
    """A RUN that fetches apt's index and does not install, and later RUNs that install from it."""
    for opened, update in project.steps("RUN"):
        if _only_updates(update) and not _runs_anyway(opened, update):
            readers = _readers(opened, update)
            if readers:
                yield _stale(opened, update, readers)


def _only_updates(run: Instruction) -> bool:
    """Whether it leaves an index in its layer, and installs nothing."""
    if _INSTALLS.search(_whole_text(run)) or _hides_index(run):
        return False
    return index_uses(run)[-1:] == (IndexUse.FETCHED,)


def _whole_text(run: Instruction) -> str:
    return " ".join((run.text, *(heredoc.content for heredoc in run.heredocs)))


def _hides_index(run: Instruction) -> bool:
    """Whether something is mounted over the index, or below a variable that may be over it."""
    return any(map(_is_over_index, run.flag_values("mount")))


def _fields(mount: str) -> dict[str, str]:
    """The fields of a ``--mount``, under the first of their names."""
    fields = dict(part.partition("=")[::2] for part in mount.split(","))
    return {_FIELD_NAMES.get(name, name): value for name, value in fields.items()}


def _is_over_index(mount: str) -> bool:
    target = _fields(mount).get("target", "")
    place = posixpath.normpath(posixpath.join("/", target))
    return "$" in target or (bool(target) and f"{_INDEX}/".startswith(f"{place.rstrip('/')}/"))


def _readers(opened: OpenedDockerfile, update: Instruction) -> list[Instruction]:
    """The later RUNs that install from the index of an update, in the order of the file."""
    own = opened.dockerfile.stages[update.stage]
    found: dict[int, Instruction] = {}
    for top in (own, *on_top_of(opened.dockerfile, own)):
        path = [stage for stage in chain_of(opened.dockerfile, top) if stage.index >= own.index]
        steps = (each for stage in reversed(path) for each in stage.instructions)
        later = (each for each in steps if each.first_line > update.first_line)
        found.update({each.first_line: each for each in _reading(later)})
    return [found[line] for line in sorted(found)]


def _reading(steps: Iterable[Instruction]) -> Iterator[Instruction]:
    """Those that install from the index below them, until one fetches another, or may do so."""
    for each in steps:
        if each.keyword != "RUN" or _hides_index(each):
            continue
        for use in index_uses(each):
            if use is not IndexUse.READ:
                return
            yield each


def _runs_anyway(opened: OpenedDockerfile, update: Instruction) -> bool:
    """Whether an edit of the Dockerfile, or an argument that is there for that, makes an update run again."""
    own = opened.dockerfile.stages[update.stage]
    above = [each for stage in chain_of(opened.dockerfile, own) for each in stage.instructions]
    return any(_changes_with_edits(opened, each) for each in above if each.first_line <= update.first_line)


def _changes_with_edits(opened: OpenedDockerfile, step: Instruction) -> bool:
    if step.keyword == "ARG":
        return any(_RENEWS.search(name) or _is_of_each_build(name, default) for name, default in step.pairs)
    words = list(_context_paths(step))
    return any(
        context.sends(context.dockerfile)
        and any(covers(word, context.dockerfile) or fnmatchcase(context.dockerfile, word) for word in words)
        for context in opened.contexts
    )


def _context_paths(step: Instruction) -> Iterator[str]:
    """What a step reads of the build's context, by copying or by a mount."""
    if step.keyword in ("COPY", "ADD") and not step.flag("from"):
        yield from map(relative, step.sources)
    for fields in map(_fields, step.flag_values("mount")):
        if fields.get("type", "bind") == "bind" and "from" not in fields:
            yield relative(fields.get("source", "."))


def _stale(opened: OpenedDockerfile, update: Instruction, readers: list[Instruction]) -> Violation:
    cost = (
        f"an edit of {lines(readers)} does not run this again: apt installs from the package index of an "
        "earlier build, which may list old versions, or files that are gone (404)"
    )
    edits = _joined(opened, update, readers[0]) if len(readers) == 1 else ()
    if edits:
        sentence = f"put `{_command(update)} &&` at the start of {lines(readers)}, and take this line out"
    else:
        command = "sudo apt-get update" if "sudo" in update.text.split() else "apt-get update"
        sentence = f"begin the {runs(readers)} with `{command} &&` as well"
    return found_at(opened, update, cost, Fix(sentence=sentence, edits=edits))


def _joined(opened: OpenedDockerfile, update: Instruction, reader: Instruction) -> tuple[Edit, ...]:
    """The edits that put an update into the one RUN that needs it; none unless both are plain."""
    text, own = (opened.source.lines[each.first_line - 1 : each.last_line] for each in (reader, update))
    line = _RUN_LINE.fullmatch(text[0])
    if line is None or not (_is_plain(update) and _is_plain(reader) and _can_move(opened, update, reader)):
        return ()
    joined = f"{line['head']}{_command(update)} && {line['command']}"
    file = str(opened.source.path)
    return (
        Edit(file=file, line=update.first_line, before=own),
        Edit(file=file, line=reader.first_line, before=text, after=(joined, *text[1:])),
    )


def _can_move(opened: OpenedDockerfile, update: Instruction, reader: Instruction) -> bool:
    """Whether an update does nothing else, and would do the same where its reader stands."""
    between = {each.keyword for each in opened.below(update) if each.first_line < reader.first_line}
    does_more = update.flags or "&&" in update.arguments[0]
    return reader.stage == update.stage and not does_more and between <= _MAY_STAND_BETWEEN


def _command(update: Instruction) -> str:
    """Its text in one line; blanks between quotes stay."""
    text = update.arguments[0]
    return text if "'" in text or '"' in text else " ".join(text.split())


def _is_plain(run: Instruction) -> bool:
    """Whether its text is a chain of ``&&``, which begins with a use of the index."""
    return not (run.json or run.heredocs) and _CHAIN.fullmatch(run.arguments[0]) is not None


INDEXES = (LintRule(code=TrapCode.STALE_PACKAGE_INDEX, find=find_stale_index),)
