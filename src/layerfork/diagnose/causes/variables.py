"""Build arguments, environment variables and proxies."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from layerfork.diagnose.causes.declaring import is_read, set_where_read
from layerfork.diagnose.causes.dockerfilelines import fix_as_before
from layerfork.diagnose.causes.edits import with_options
from layerfork.diagnose.causes.forms import (
    ENTRY_CAUSES,
    both_values,
    one_sided_paths,
    say_value,
    value_finding,
    value_rule,
)
from layerfork.diagnose.causes.material import Material
from layerfork.diagnose.causes.rule import Case, CauseRule, Finding, FixOf, PatternFix, Say, Undo
from layerfork.diagnose.causes.scene import Scene
from layerfork.diagnose.causes.wording import show_value, shown, values
from layerfork.diagnose.compare.differences import ORDER_OF_ENV, Difference, claimed_by_origins
from layerfork.diagnose.compare.structure import declared_names, instructions_in
from layerfork.dockerfile import Dockerfile
from layerfork.dockerfile.recorded import dockerfile_of
from layerfork.keys.buildkit import origins as epoch
from layerfork.keys.buildkit.origins import arguments_of
from layerfork.keys.recordedbases import find_facts
from layerfork.record.answer import NOTHING_TO_FIX, Cause, Fix
from layerfork.record.cause import CauseCode
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


_CHANGING = re.compile(r"[0-9a-f]{7,40}|\d{4}-\d\d-\d\d.*|1\d{9}|\d{8}(?:[T-]?\d{4,6})?Z?")
"""A commit, a date, seconds since 1970: another one in every build."""


def _fix_build_arg(scene: Scene, cause: Cause) -> Fix | PatternFix:
    values = (cause.parts[0].writer, cause.parts[0].reader) if cause.parts else (cause.writer, cause.reader)
    changing = all(value and _CHANGING.fullmatch(value) for value in values)
    fix = set_where_read(scene, cause.path, "ARG")
    if fix is not None:
        return _rearranged(fix, "changing-argument" if changing else "early-argument")
    if changing and scene.again and is_read(scene, cause.path):
        return _needed(scene, cause)
    return _same_argument(scene, cause)


def _rearranged(fix: Fix, pattern: str) -> Fix | PatternFix:
    """A fix that follows the pattern where it has edits; without them a person moves the lines."""
    return PatternFix(pattern, fix) if fix.edits else fix


def _needed(scene: Scene, cause: Cause) -> Fix:
    """A commit or a date changes in the next build, too: its earlier value is of no use."""
    place = f"line {scene.line}" if scene.line else f"step {scene.fork.step}"
    if not scene.fork.consequences:
        return Fix(sentence=f"{NOTHING_TO_FIX}: this step needs {cause.path}, which changes with every build")
    move = f"move steps that do not need it above {place}"
    return Fix(sentence=f"expected: this step needs {cause.path}, which changes with every build; {move}")


def _same_argument(scene: Scene, cause: Cause) -> Fix:
    writer = dict(scene.writer.request.build_args).get(cause.path)
    if writer is None and cause.path not in dict(scene.reader.request.build_args):
        where = "" if scene.again else " in both Dockerfiles"
        one = f"give ARG {cause.path} one default{where}"
        return Fix(sentence=f"{one}, or declare it below the steps that do not need it")
    add = () if writer is None else (f"--build-arg={cause.path}={writer}",)
    command = with_options(scene, (f"--build-arg {cause.path}",), add)
    if command:
        return Fix(sentence=f"pass the earlier value of {cause.path}: `{command}`", command=command)
    who = "in both builds" if scene.again else f"to {scene.reader_name} and {scene.writer_name}"
    same = f"stop passing {cause.path}" if writer is None else f"pass {cause.path}={shown(writer)} {who}"
    return Fix(sentence=f"{same}, or declare it below the steps that do not need it")


def _fix_env(scene: Scene, cause: Cause) -> Fix | PatternFix:
    fix = set_where_read(scene, cause.path, "ENV")
    if fix is not None:
        return _rearranged(fix, "early-variable")
    who = "" if scene.again else " in both Dockerfiles"
    return Fix(sentence=f"set {cause.path} to one value{who}, or set it below the steps that do not need it")


def variable_rule(
    *,
    code: CauseCode,
    undo: Undo,
    say: Say,
    fix: FixOf,
    remedy: str,
    remedies: Mapping[str, str] = MappingProxyType({}),
) -> CauseRule:
    """A rule for ``build-arg`` or ``env``. ``remedies`` are those of variables that need another one."""

    def find(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
        arguments = argument_names(case)
        if code == CauseCode.ENV:
            yield from _behind_derived(case, unclaimed, arguments)
        found = [
            *_own_variables(case, unclaimed, code, arguments),
            *(_moved_arguments(case, unclaimed) if code == CauseCode.BUILD_ARG else ()),
            *_origins(case, unclaimed, code, arguments),
        ]
        for finding in found:
            yield replace(finding, remedy=remedies.get(finding.path, ""))

    return CauseRule(code=code, find=find, undo=undo, say=say, remedy=remedy, fix=fix)


def _own_variables(
    case: Case, unclaimed: tuple[Difference, ...], code: CauseCode, arguments: frozenset[str]
) -> Iterator[Finding]:
    """Variables that the key holds; BuildKit's hold build arguments as variables of the environment."""
    orders = order_of_names(unclaimed)
    as_env = arguments if code == CauseCode.BUILD_ARG else frozenset()
    for difference in unclaimed:
        if difference.cause == code or (difference.cause == CauseCode.ENV and difference.path in as_env):
            finding = value_finding(case, difference, code=code)
            claims = (difference, *orders) if difference.one_sided else (difference,)
            yield replace(finding, claims=claims)


def _moved_arguments(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """Arguments that only one build was given, and that have the same value in the other by their default: a
    later ARG without a default sets a given one again, which moves it behind the others.

    Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go (dispatchArg) @ v0.13.2.
    """
    alone = order_of_names(unclaimed)
    orders = [each for each in unclaimed if is_order_of_env(each) and each not in alone]
    writer, reader = arguments_of(case.writer.record), arguments_of(case.reader.record)
    differing = {each.path for each in unclaimed if each.cause in (CauseCode.ENV, CauseCode.BUILD_ARG)}
    for order in orders:
        both = set((order.writer or "").split()).intersection((order.reader or "").split())
        moved = sorted(both.intersection(writer.keys() ^ reader.keys()) - differing)
        for name in moved:
            evidence = case.side_lines(
                f"build argument {name} as given", show_value(writer.get(name)), show_value(reader.get(name))
            )
            yield Finding(
                code=CauseCode.BUILD_ARG,
                path=name,
                field="given",
                writer=writer.get(name, ""),
                reader=reader.get(name, ""),
                evidence=(*evidence, *case.side_lines(order.field, order.writer or "", order.reader or "")),
                claims=(order,) if len(moved) == 1 else (),
                shared=() if len(moved) == 1 else (order,),
            )


def _origins(
    case: Case, unclaimed: tuple[Difference, ...], code: CauseCode, arguments: frozenset[str]
) -> Iterator[Finding]:
    """Variables that the step's text was expanded with."""
    if not case.site.origins:
        return
    shared = claimed_by_origins(unclaimed, _named_otherwise(case, unclaimed))
    known: frozenset[str] = frozenset()
    if not shared and code == CauseCode.BUILD_ARG:
        shared = tuple(each for each in unclaimed if _is_derived(case, each, arguments))
        known = frozenset(each.path for each in unclaimed if each.path in arguments or each.cause == code)
    if not shared:
        return
    for origin in case.site.origins:
        if origin.cause == code and origin.path not in known:
            yield replace(value_finding(case, origin, code=code), claims=(), shared=shared)


def _behind_derived(
    case: Case, unclaimed: tuple[Difference, ...], arguments: frozenset[str]
) -> Iterator[Finding]:
    """Variables that other variables of the environment were made from, and that a changed line set to
    another value at that time; later lines have set them again."""
    held = {each.path for each in unclaimed if each.cause == "env"}
    derived = tuple(each for each in unclaimed if _is_derived(case, each, arguments))
    for origin in case.site.origins if derived else ():
        if origin.cause == "env" and origin.path not in held and not _is_set_alike(case, origin.path):
            finding = value_finding(case, origin, code=CauseCode.ENV)
            yield replace(finding, claims=(), shared=derived)


def _is_derived(case: Case, difference: Difference, arguments: frozenset[str]) -> bool:
    """A variable whose ENV lines read alike in both Dockerfiles: its value is that of what they name."""
    name = difference.path
    if difference.cause != "env" or not name or name in arguments:
        return False
    return _is_set_alike(case, name)


def _is_set_alike(case: Case, name: str) -> bool:
    lines = [_setters(dockerfile_of(each.record), name) for each in (case.writer, case.reader)]
    return bool(lines[0]) and lines[0] == lines[1]


def _setters(dockerfile: Dockerfile | None, name: str) -> list[str]:
    return [
        each.text
        for each in instructions_in(dockerfile)
        if each.keyword == "ENV" and name in dict(each.pairs)
    ]


def _named_otherwise(case: Case, unclaimed: tuple[Difference, ...]) -> frozenset[str]:
    """Paths of entries that may differ because a variable names other sources."""
    if case.reads_elsewhere:
        return frozenset(each.path for each in unclaimed if each.cause in ENTRY_CAUSES)
    return frozenset().union(*one_sided_paths(case, unclaimed))


def argument_names(case: Case) -> frozenset[str]:
    """Names that are build arguments and no environment variables of the Dockerfile.

    BuildKit holds both as the environment of a RUN; given ones are among the origins of a step.
    """
    names = {
        origin.path
        for view in (case.writer_view, case.reader_view)
        for origin in view.key.origins
        if origin.cause == "build-arg"
    }
    for build in (case.writer, case.reader):
        dockerfile = dockerfile_of(build.record)
        names |= declared_names(dockerfile, "ARG") - declared_names(dockerfile, "ENV")
    return frozenset(names)


def order_of_names(unclaimed: tuple[Difference, ...]) -> tuple[Difference, ...]:
    """Orders of variables that differ only because a variable is there or not."""
    return tuple(
        each
        for each in unclaimed
        if is_order_of_env(each) and _common(each.writer, each.reader) == _common(each.reader, each.writer)
    )


def is_order_of_env(difference: Difference) -> bool:
    """Whether a difference is the order of variables."""
    return difference.cause == CauseCode.INSTRUCTION_ORDER and difference.field == ORDER_OF_ENV


def _common(names: str | None, others: str | None) -> list[str]:
    kept = set((others or "").split())
    return [name for name in (names or "").split() if name in kept]


def _say_build_arg(scene: Scene, cause: Cause) -> str:
    """Names the given value as well where the key holds another one, such as the date of the context."""
    said = say_value("build argument")(scene, cause)
    given = dict(scene.reader.request.build_args).get(epoch.NAME)
    found = cause.path == epoch.NAME and given is not None and given != both_values(cause)[1]
    return f"{said} (resolved from {epoch.NAME}={given})" if found else said


BUILD_ARG = variable_rule(
    code=CauseCode.BUILD_ARG,
    say=_say_build_arg,
    fix=_fix_build_arg,
    undo=undo_variable,
    remedy="pass the same value, or declare the ARG after the steps that do not need it",
    remedies={epoch.NAME: f"give every build the same {epoch.NAME}, or none"},
)
"""A build argument has another value, or only one of the builds has it."""


ENV = variable_rule(
    code=CauseCode.ENV,
    say=say_value("variable", "not set"),
    fix=_fix_env,
    undo=undo_variable,
    remedy="set the same value for every client, or set the variable after the steps that do not need it",
)
"""A variable of the step's environment, or one that its text was expanded with."""


MARK = "prefix"
"""Field of the part that stands for the mark alone (``|0``)."""


def _say_proxy(scene: Scene, cause: Cause) -> str:
    """Who has a proxy in force; a declared one counts by its value."""
    writer, reader = both_values(cause)
    if cause.field != MARK or None not in (writer, reader):
        return values(scene, f"proxy argument {cause.path}", shown(writer), shown(reader))
    lacking, having = scene.subjects if writer is None else reversed(scene.subjects)
    return f"{having} passed a proxy setting, {lacking} passed none (it marks every RUN with |0)"


PROXY = value_rule(
    code=CauseCode.PROXY,
    say=_say_proxy,
    fix=fix_as_before,
    undo=undo_proxy,
    remedy=(
        "give every client the same proxy settings (the `proxies` entry of ~/.docker/config.json, "
        "use_config_proxy of docker-py), or declare any ARG before the first RUN"
    ),
)
"""A proxy variable is in force for one build only.

The classic builder marks every RUN that has any proxy argument, whatever its value; buildah lists the
names of given ones in every ARG.
Source: moby/moby builder/dockerfile/dispatchers.go:prependEnvOnCmd @ v26.1.5, containers/buildah
imagebuildah/stage_executor.go:getCreatedBy @ v1.39.3.
"""


RULES = (
    BUILD_ARG,
    ENV,
    PROXY,
)
