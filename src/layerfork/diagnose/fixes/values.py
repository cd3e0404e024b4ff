"""Arguments, variables and options: pass the same, or let them in later. Lines and base images."""

import re
import shlex
from collections.abc import Callable

from layerfork.diagnose.causes.edits import builds_itself, command_of, with_options
from layerfork.diagnose.causes.scene import Scene
from layerfork.diagnose.causes.wording import shown
from layerfork.diagnose.fixes.declaring import is_read, set_where_read
from layerfork.diagnose.fixes.lines import fix_line
from layerfork.diagnose.fixes.pinning import pinned
from layerfork.record.answer import NOTHING_TO_FIX, Fix
from layerfork.record.build import Builder
from layerfork.record.cause import CauseCode
from layerfork.record.engine import ImageFacts
from layerfork.record.judgement import Cause

_CHANGING = re.compile(r"[0-9a-f]{7,40}|\d{4}-\d\d-\d\d.*|1\d{9}|\d{8}(?:[T-]?\d{4,6})?Z?")
"""A commit, a date, seconds since 1970: another one in every build."""


def _build_arg(scene: Scene, cause: Cause) -> tuple[str, Fix]:
    values = (cause.parts[0].writer, cause.parts[0].reader) if cause.parts else (cause.writer, cause.reader)
    changing = all(value and _CHANGING.fullmatch(value) for value in values)
    fix = set_where_read(scene, cause.path, "ARG")
    if fix is not None:
        return _pattern(fix, "changing-argument" if changing else "early-argument"), fix
    if changing and scene.again and is_read(scene, cause.path):
        return "", _needed(scene, cause)
    return "", _same_argument(scene, cause)


def _pattern(fix: Fix, code: str) -> str:
    """Where the lines are a person's to move, no edit follows a pattern."""
    return code if fix.edits else ""


def _needed(scene: Scene, cause: Cause) -> Fix:
    """A commit or a date will be another one in the next build, too: what it was is of no use."""
    place = f"line {scene.line}" if scene.line else f"step {scene.fork.step}"
    if not scene.fork.consequences:
        return Fix(sentence=f"{NOTHING_TO_FIX}: this step needs {cause.path}, which changes with every build")
    above = f"steps that do not need it can stand above {place}"
    return Fix(sentence=f"expected: this step needs {cause.path}, which changes with every build; {above}")


def _same_argument(scene: Scene, cause: Cause) -> Fix:
    writer = dict(scene.writer.request.build_args).get(cause.path)
    if writer is None and cause.path not in dict(scene.reader.request.build_args):
        where = "" if scene.again else " in both Dockerfiles"
        one = f"give ARG {cause.path} one default{where}"
        return Fix(sentence=f"{one}, or declare it below the steps that do not need it")
    add = () if writer is None else (f"--build-arg={cause.path}={writer}",)
    command = with_options(scene, (f"--build-arg {cause.path}",), add)
    if command:
        return Fix(sentence=f"give {cause.path} the value it had: `{command}`", command=command)
    value = "give none" if writer is None else f"pass {cause.path}={shown(writer)}"
    who = "both times" if scene.again else f"to both, {scene.reader_name} and {scene.writer_name}"
    return Fix(sentence=f"{value} {who}, or declare it below the steps that do not need it")


def _env(scene: Scene, cause: Cause) -> tuple[str, Fix]:
    fix = set_where_read(scene, cause.path, "ENV")
    if fix is not None:
        return _pattern(fix, "early-variable"), fix
    who = "" if scene.again else " in both Dockerfiles"
    return "", Fix(sentence=f"set {cause.path} to one value{who}, or below the steps that do not need it")


def _base(scene: Scene, cause: Cause) -> tuple[str, Fix]:
    reference, facts = _writer_base(scene, cause.path)
    if scene.again and reference and facts is not None:
        command = f"docker tag {shlex.quote(facts.image_id)} {shlex.quote(reference)}"
        if scene.reader.builder is Builder.BUILDAH:
            command = command.replace("docker", "podman", 1)
        short = command.replace(facts.image_id, facts.image_id.removeprefix("sha256:")[:12])
        return "", Fix(
            sentence=f"`{short}` brings the earlier one back; pin it by digest to keep it",
            edits=pinned(scene),
            command=command,
        )
    name = reference or cause.path or "the base image"
    return "", Fix(
        sentence=f"pin it by digest in both: FROM {name.partition('@')[0]}@sha256:…; pull on neither alone",
        edits=pinned(scene),
    )


def _writer_base(scene: Scene, path: str) -> tuple[str, ImageFacts | None]:
    """Reference of the FROM as written, and the image that it was for the writer."""
    words = scene.instruction.arguments if scene.instruction is not None else ()
    written = words[0] if words else ""
    facts = dict(scene.writer.base_images)
    return next(((each, facts[each]) for each in (written, path) if each in facts), (written, None))


def _option(name: str, drop: str, field: str) -> Callable[[Scene, Cause], tuple[str, Fix]]:
    """An option of the command line: give it as the writer did."""

    def fix(scene: Scene, cause: Cause) -> tuple[str, Fix]:
        writer = str(getattr(scene.writer.request, field))
        command = with_options(scene, (drop,), (f"{name}={writer}",) if writer else ())
        if command:
            return "", Fix(sentence=f"build with the {field} as before: `{command}`", command=command)
        if scene.writer_text != scene.text:
            return _line(scene, cause)
        return "", Fix(sentence=f"give both builds the same {name}")

    return fix


def _as_before(scene: Scene, cause: Cause) -> tuple[str, Fix]:
    """The whole command of the writer, where it was another one."""
    command = command_of(scene, scene.writer)
    if scene.again and command and command != command_of(scene, scene.reader):
        return "", Fix(sentence=f"build with the same options: `{command}`", command=command)
    if scene.writer_text != scene.text:
        return _line(scene, cause)
    return "", Fix(sentence=cause.remedy)


def _line(scene: Scene, cause: Cause) -> tuple[str, Fix]:
    return "", fix_line(scene)


def _builder(scene: Scene, cause: Cause) -> tuple[str, Fix]:
    """Ask for the writer's builder, with the environment variable that docker's programs look at."""
    switch = _SWITCHES.get(scene.writer.builder)
    command = command_of(scene, scene.reader)
    if switch and command and builds_itself(scene.reader) and scene.reader.builder is not Builder.BUILDAH:
        command = f"DOCKER_BUILDKIT={switch[0]} {command}"
        return "", Fix(sentence=f"use {_whose(scene)}: `{command}`", command=command)
    if switch:
        ways = f"DOCKER_BUILDKIT={switch[0]} (docker's programs), version={switch[1]} (POST /build)"
        return "", Fix(sentence=f"ask both for one builder: {ways}")
    return "", Fix(sentence=cause.remedy)


_SWITCHES = {Builder.CLASSIC: ("0", "1"), Builder.BUILDKIT: ("1", "2")}
"""What asks for a builder: docker's programs by their environment, others by a parameter of the API.
Source: docker/cli cmd/docker/builder.go, moby/moby api/swagger.yaml (ImageBuild, version) @ v26.1.5."""


def _whose(scene: Scene) -> str:
    return "the builder it had" if scene.again else f"the builder of {scene.writer_name}"


FIXES = {
    CauseCode.BUILD_ARG: _build_arg,
    CauseCode.ENV: _env,
    CauseCode.BASE_IMAGE: _base,
    CauseCode.BASE_CONFIG: _base,
    CauseCode.PLATFORM: _option("--platform", "--platform *", "platform"),
    CauseCode.TARGET: _option("--target", "--target *", "target"),
    CauseCode.NETWORK: _option("--network", "--network *", "network"),
    CauseCode.RUN_OPTION: _as_before,
    CauseCode.PROXY: _as_before,
    CauseCode.LABEL: _as_before,
    CauseCode.INSTRUCTION: _line,
    CauseCode.BUILDER: _builder,
}
