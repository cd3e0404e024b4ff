"""Caches that are elsewhere, empty, or not to be used."""

from layerfork.diagnose.causes.edits import command_of, with_options
from layerfork.diagnose.causes.scene import Scene
from layerfork.record.answer import Fix
from layerfork.record.cause import CauseCode
from layerfork.record.judgement import Cause

_OFF = ("--no-cache", "--no-cache-filter *")


def _off(scene: Scene, cause: Cause) -> tuple[str, Fix]:
    command = with_options(scene, _OFF, ())
    if command and command != command_of(scene, scene.reader):
        return "", Fix(sentence=f"build without it: `{command}`", command=command)
    return "", Fix(sentence=cause.remedy)


def _lost(scene: Scene, cause: Cause) -> tuple[str, Fix]:
    """This very build has stored it anew."""
    command = command_of(scene, scene.reader)
    if scene.again and command:
        return "", Fix(
            sentence=f"this build has stored it anew: `{command}` finds it, until the next prune",
            command=command,
        )
    return "", Fix(sentence=cause.remedy)


def _not_imported(scene: Scene, cause: Cause) -> tuple[str, Fix]:
    """Import from where the writer exported to."""
    source = next((found for each in scene.writer.request.cache_to if (found := _as_source(each))), "")
    if not source:
        return "", Fix(sentence=cause.remedy)
    command = with_options(scene, ("--cache-from *",), (f"--cache-from={source}",))
    return "", Fix(
        sentence=f"import what was exported: `{command or f'--cache-from={source}'}`", command=command
    )


def _as_source(export: str) -> str:
    """``type=local,src=DIR`` of ``type=local,dest=DIR,mode=max``; empty for what is not known."""
    fields = dict(field.partition("=")[::2] for field in export.split(","))
    match fields.get("type"):
        case "local" if "dest" in fields:
            return f"type=local,src={fields['dest']}"
        case "registry" if "ref" in fields:
            return f"type=registry,ref={fields['ref']}"
        case _:
            return ""


def _cache_from(scene: Scene, cause: Cause) -> tuple[str, Fix]:
    command = with_options(scene, ("--cache-from *",), ())
    if command and command != command_of(scene, scene.reader):
        return "", Fix(sentence=f"build without it: `{command}`", command=command)
    return "", Fix(sentence=cause.remedy)


FIXES = {
    CauseCode.CACHE_OFF: _off,
    CauseCode.CACHE_EMPTY: _lost,
    CauseCode.CACHE_RECORD_GONE: _lost,
    CauseCode.CACHE_NOT_IMPORTED: _not_imported,
    CauseCode.CACHE_FROM: _cache_from,
}
