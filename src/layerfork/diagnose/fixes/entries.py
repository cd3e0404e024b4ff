"""Context entries: restore them, leave them out, or let what does not need them come first."""

import shlex
from collections.abc import Callable

from layerfork.diagnose.causes.edits import BY_NAME, ignore_file, leave_out, pattern_of, quoted, say_edit
from layerfork.diagnose.causes.scene import Scene
from layerfork.diagnose.causes.wording import named, parse_mode, verb
from layerfork.diagnose.fixes.installing import install_first
from layerfork.diagnose.phrases.entries import paths_of
from layerfork.dockerfile.installing import MANIFESTS
from layerfork.record.answer import NOTHING_TO_FIX, Edit, Fix, Situation
from layerfork.record.build import Builder
from layerfork.record.cause import CauseCode
from layerfork.record.context import EntryType
from layerfork.record.judgement import Cause
from layerfork.record.record import StepStatus


def _content(scene: Scene, cause: Cause) -> tuple[str, Fix]:
    paths = paths_of(scene, cause)
    if (fix := install_first(scene, paths)) is not None:
        return "install-after-copy", fix
    if scene.situation is Situation.CLIENTS:
        return "", Fix(sentence=f"give both clients one context: they sent {named(paths)} with other content")
    if scene.situation is Situation.MACHINES:
        return "", _one_version(scene, paths)
    if scene.situation is Situation.TWICE:
        return "", Fix(sentence=_generated(scene, paths))
    if any(path.rpartition("/")[2] in MANIFESTS for path in paths):
        return "", _back(scene, paths)
    return "", Fix(sentence=_expected(scene, paths))


def _one_version(scene: Scene, paths: list[str]) -> Fix:
    asked = paths[:BY_NAME]
    if not all(map(scene.is_in_git, asked)):
        return Fix(sentence=f"build both from one version of {named(paths)}")
    look = f"git status --short {quoted(asked)}"
    return Fix(sentence=f"build both from one commit: `{look}` on each shows who has edits")


def _back(scene: Scene, paths: list[str]) -> Fix:
    """Undo what may not have been meant, with git where that gives what was sent before."""
    files = [path for path in paths if not _is_directory(scene, path)]
    if 0 < len(files) <= BY_NAME and all(map(scene.brings_back, files)):
        command = f"git checkout -- {quoted(files)}"
        return Fix(sentence=f"if that was not meant: `{command}`", command=command)
    return Fix(sentence=f"if that was not meant: put {named(paths)} back")


def _is_directory(scene: Scene, path: str) -> bool:
    sent = scene.writer_entries.get(path)
    return sent is not None and sent.type is EntryType.DIRECTORY


def _generated(scene: Scene, paths: list[str]) -> str:
    they = verb(paths, "it", "them")
    left_out = f"leave {they} out with {ignore_file(scene)}"
    return f"write {named(paths)} the same at each build; if no step needs {they}, {left_out}"


def _expected(scene: Scene, paths: list[str]) -> str:
    if not scene.fork.consequences:
        return f"{NOTHING_TO_FIX}: this step reads what was edited, and {_followed(scene)}"
    place = f"line {scene.line}" if scene.line else f"step {scene.fork.step}"
    return f"expected after that edit; steps that do not need {named(paths)} can stand above {place}"


def _followed(scene: Scene) -> str:
    """What became of the steps below, none of which missed for this reason alone."""
    below = (step for step in scene.reader.steps if step.index > scene.fork.step)
    if any(step.status is not StepStatus.HIT for step in below):
        return "what was built again below it has a reason of its own as well"
    return "nothing had to follow"


def _presence(scene: Scene, cause: Cause) -> tuple[str, Fix]:
    paths = paths_of(scene, cause)
    missing = cause.code == CauseCode.ENTRY_MISSING
    if not missing and (fix := install_first(scene, paths)) is not None:
        return "install-after-copy", fix
    if missing and scene.again:
        return "", _back(scene, paths)
    lines = [pattern_of(path) for path in paths[:BY_NAME]]
    if len(paths) > BY_NAME or not all(lines):
        whose = "" if scene.again else " for both"
        return "", Fix(sentence=f"if no step needs them: leave them out with {ignore_file(scene)}{whose}")
    edit = leave_out(scene, *lines)
    shown = named([f"`{line}`" for line in lines], "lines")
    said = say_edit(edit) if edit.before else f"add {shown} to {edit.file}"
    whose = "" if scene.again else " for both"
    need = verb(paths, "it", "them")
    return "", Fix(sentence=f"if no step needs {need}: {said}{whose}", edits=(edit,))


_NO_HELP = dict.fromkeys((Builder.CLASSIC, Builder.BUILDKIT), " (--chmod in COPY does not help)")
"""Their keys hold the mode that was sent; buildah looks at the files as --chmod makes them."""


def _mode(scene: Scene, cause: Cause) -> tuple[str, Fix]:
    paths = paths_of(scene, cause)
    writers = {part.writer for part in cause.parts}
    number = parse_mode(writers.pop() or "") if len(writers) == 1 else None
    where = "" if scene.again else f" on {scene.reader_name}"
    if number is None or len(paths) > BY_NAME or scene.situation is Situation.CLIENTS:
        return "", Fix(sentence=f"chmod before building{where}{_NO_HELP.get(scene.reader.builder, '')}")
    command = f"chmod {number & 0o7777:04o} {quoted(paths)}"
    sentence = f"`{command}`{where}{_NO_HELP.get(scene.reader.builder, '')}"
    return "", Fix(sentence=sentence, command=command)


def _type(scene: Scene, cause: Cause) -> tuple[str, Fix]:
    place = scene.place_of(cause.path)
    writer, reader = scene.writer_entries.get(place), scene.entries.get(place)
    where = "" if scene.again else f" on {scene.reader_name}"
    if cause.more or writer is None or reader is None:
        return "", Fix(sentence=cause.remedy)
    if EntryType.DIRECTORY in (writer.type, reader.type):
        if scene.again:
            return "", Fix(sentence=f"if that was not meant: make {place} {cause.writer} again")
        return "", Fix(sentence=f"give both builds one kind of {place}: {cause.writer} or {cause.reader}")
    if writer.type is EntryType.SYMLINK:
        command = f"ln -sfn {shlex.quote(writer.linkname)} {quoted([place])}"
        return "", Fix(sentence=f"`{command}`{where} makes it the link it was", command=command)
    if reader.type is EntryType.SYMLINK and writer.type is EntryType.FILE:
        command = f'cp --remove-destination "$(readlink -f {quoted([place])})" {quoted([place])}'
        return "", Fix(sentence=f"`{command}`{where} makes it a file again", command=command)
    return "", Fix(sentence=cause.remedy)


def _xattr(scene: Scene, cause: Cause) -> tuple[str, Fix]:
    paths = paths_of(scene, cause)
    part = cause.parts[0]
    name = part.field
    if len(paths) > BY_NAME or len({each[1:] for each in cause.parts}) != 1:
        return "", Fix(sentence=cause.remedy)
    how = f"-x {shlex.quote(name)}" if part.writer is None else f"-n {shlex.quote(name)} -v 0x{part.writer}"
    command = f"setfattr {how} {quoted(paths)}"
    where = "" if scene.again else f" on {scene.reader_name}"
    return "", Fix(sentence=f"`{command}`{where}", command=command)


def _owner(option: str) -> Callable[[Scene, Cause], tuple[str, Fix]]:
    """Of a single entry: patterns speak for several."""

    def fix(scene: Scene, cause: Cause) -> tuple[str, Fix]:
        paths = paths_of(scene, cause)
        writers = {part.writer or "" for part in cause.parts}
        writer = writers.pop() if len(writers) == 1 else ""
        if not writer.isdigit() or len(paths) > BY_NAME or scene.situation is Situation.CLIENTS:
            return "", Fix(sentence=cause.remedy)
        program = "chown" if option == "owner" else "chgrp"
        command = f"{program} {writer} {quoted(paths)}"
        return "", Fix(sentence=f"`{command}`, or make the tar with `--{option}={writer}`", command=command)

    return fix


def _ignored(scene: Scene, cause: Cause) -> tuple[str, Fix]:
    """Have the patterns that the writer had. Where there are exceptions their order counts: no edit then."""
    writer, reader = (
        record.context.excludes if record.context is not None else ()
        for record in (scene.writer, scene.reader)
    )
    gone = tuple(each for each in writer if each not in reader)
    new = tuple(each for each in reader if each not in writer)
    file = ignore_file(scene)
    edits = (
        *((Edit(file=file, after=gone),) if gone else ()),
        *(Edit(file=file, before=(each,)) for each in new),
    )
    said = [f"put {_listed(gone)} back into {file}"] if gone else []
    said += [f"take {_listed(new)} out of {file}"] if new else []
    if not said:
        return "", Fix(sentence=cause.remedy)
    whose = "" if scene.again else f" on {scene.reader_name}"
    ordered = bool(gone) and any(each.startswith("!") for each in (*writer, *reader))
    return "", Fix(sentence=f"{' and '.join(said)}{whose}", edits=() if ordered else edits)


def _listed(patterns: tuple[str, ...]) -> str:
    return ", ".join(f"`{each}`" for each in patterns)


def _build_file(scene: Scene, cause: Cause) -> tuple[str, Fix]:
    paths = paths_of(scene, cause)
    edit = leave_out(scene, *map(pattern_of, paths))
    lines = ", ".join(f"`{line}`" for line in edit.after)
    said = say_edit(edit) if edit.before else f"add {lines} to {edit.file}"
    return "", Fix(sentence=f"{said}: builders find them all the same", edits=(edit,))


FIXES = {
    CauseCode.CONTENT: _content,
    CauseCode.ENTRY_EXTRA: _presence,
    CauseCode.ENTRY_MISSING: _presence,
    CauseCode.MODE: _mode,
    CauseCode.UID: _owner("owner"),
    CauseCode.GID: _owner("group"),
    CauseCode.ENTRY_TYPE: _type,
    CauseCode.LINK_TARGET: _type,
    CauseCode.XATTR: _xattr,
    CauseCode.IGNORE_RULE: _ignored,
    CauseCode.DOCKERFILE_IN_CONTEXT: _build_file,
}
