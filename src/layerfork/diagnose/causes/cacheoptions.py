"""What the reader was asked to do with the cache: not to use it, to use some images only, or to import it."""

import re
from collections.abc import Iterator

from layerfork.diagnose.causes.edits import command_of, with_options
from layerfork.diagnose.causes.rule import ASK, Case, CauseRule, Finding, FixOf, Strength
from layerfork.diagnose.causes.scene import Scene
from layerfork.diagnose.causes.wording import shown
from layerfork.diagnose.compare.differences import Difference
from layerfork.diagnose.compare.sharedcaches import (
    exported_only_result,
    exports,
    failed_imports,
    imports_cache,
    is_beside_result,
    is_built_without_cache,
    places_of,
    separate_caches,
)
from layerfork.diagnose.compare.sites import Reason
from layerfork.record.answer import Cause, Fix, Treatment, Way
from layerfork.record.build import Builder
from layerfork.record.cause import CauseCode

_OFF_FOR = {"ignore-cache flag of the op": "for this step"}


def _say_off(scene: Scene, cause: Cause) -> str:
    if cause.field == SERVICE_WITHOUT_CACHE:
        return "podman's service before 4.0 has no cache for Docker clients"
    who = "the build" if scene.again else scene.reader_name
    return f"{who} was asked not to use the cache ({_OFF_FOR.get(cause.field, '--no-cache')})"


def _say_from(scene: Scene, cause: Cause) -> str:
    return f"--cache-from allows only results of {shown(cause.reader)}"


_DIGEST_OF_SOURCE = re.compile(r"digest=[^,]*,?")


def _say_import(scene: Scene, cause: Cause) -> str:
    source = _DIGEST_OF_SOURCE.sub("", cause.reader)
    who = "" if scene.again else f" for {scene.reader_name}"
    if not cause.detail:
        return f"the cache could not be imported{who} from {source}"
    return f"the cache imported{who} from {source} {cause.detail}"


def _fix_without(*options: str) -> FixOf:
    """Build without these options."""

    def fix(scene: Scene, cause: Cause) -> Fix:
        command = with_options(scene, options, ())
        if command and command != command_of(scene, scene.reader):
            return Fix(sentence=f"build without it: `{command}`", command=command)
        return Fix(sentence=cause.remedy)

    return fix


def _fix_not_imported(scene: Scene, cause: Cause) -> Fix:
    """Import from where the writer exported to."""
    source = next((found for each in scene.writer.request.cache_to if (found := _as_source(each))), "")
    if not source:
        return Fix(sentence=cause.remedy)
    command = with_options(scene, ("--cache-from *",), (f"--cache-from={source}",))
    return Fix(sentence=f"import what was exported: `{command or f'--cache-from={source}'}`", command=command)


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


def find_cache_off(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """The request says no cache, or the step's op carries BuildKit's ignore-cache flag."""
    request = case.reader.record.request
    step = case.reader_view.step
    if case.site.reason is Reason.CACHE_OFF and not request.no_cache:
        yield _service_without_cache(case)
        return
    if case.site.reason is Reason.CACHE_OFF:
        scope = "no-cache"
    elif case.site.reason is not Reason.OTHER_CACHE and is_built_without_cache(case.reader.record, step):
        stages = request.no_cache_stages
        stage = stages[0] if len(stages) == 1 else step.stage_name
        scope = f"no-cache of stage {stage}" if stages and stage else "ignore-cache flag of the op"
    else:
        return
    yield Finding(
        code=CauseCode.CACHE_OFF,
        field=scope,
        writer="off" if case.writer.record.request.no_cache else "on",
        reader="off",
        evidence=(f"request of {case.reader_name}: {scope}",),
        strength=Strength.RECORDS,
    )


SERVICE_WITHOUT_CACHE = "no layers asked for"
"""The field of a cause that the engine, not the request, is to blame for."""


def _service_without_cache(case: Case) -> Finding:
    engine = case.reader.record.engine
    assert engine is not None  # its version is why
    return Finding(
        code=CauseCode.CACHE_OFF,
        field=SERVICE_WITHOUT_CACHE,
        evidence=(
            f"request of {case.reader_name}: it asks for no layers",
            f"engine of {case.reader_name}: podman {engine.version}",
        ),
        remedy="update to podman 4.0 or later, or build with `podman build`",
        strength=Strength.RECORDS,
    )


CACHE_OFF = CauseRule(
    code=CauseCode.CACHE_OFF,
    treatment=ASK,
    say=_say_off,
    remedy="drop --no-cache (nocache=True, no_cache: true, --no-cache-filter) where reuse is wanted",
    fix=_fix_without("--no-cache", "--no-cache-filter *"),
    find=find_cache_off,
)
"""The reader was asked not to use the cache, for the whole build or for some stages; or it had no cache."""


def find_cache_from(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """Equal keys, the classic builder, and a list that only the reader gave, or another list."""
    writer, reader = case.writer.record.request.cache_from, case.reader.record.request.cache_from
    classic = case.reader.record.builder is Builder.CLASSIC
    if case.site.reason is not Reason.EQUAL_KEYS or not classic or not reader:
        return
    yield Finding(
        code=CauseCode.CACHE_FROM,
        field="cachefrom",
        writer=", ".join(writer),
        reader=", ".join(reader),
        evidence=case.side_lines("cache-from", ", ".join(writer) or "none", ", ".join(reader)),
        strength=Strength.RECORDS if _was_there(case) else Strength.GUESS,
    )


def _was_there(case: Case) -> bool:
    """The writer's control found its results, and no image that the reader allowed is built on them."""
    facts = dict(case.reader.record.base_images)
    stored = {step.identity for step in case.writer.record.steps if step.index >= case.site.step}
    allowed = [facts.get(reference) for reference in case.reader.record.request.cache_from]
    apart = all(
        image is not None and not stored & {row.image_id for row in image.history} for image in allowed
    )
    return apart and case.writer.control == "hit"


CACHE_FROM = CauseRule(
    code=CauseCode.CACHE_FROM,
    treatment=ASK,
    say=_say_from,
    remedy="drop --cache-from for local builds, or list the local image as well",
    fix=_fix_without("--cache-from *"),
    find=find_cache_from,
)
"""--cache-from of the classic builder hides local results that are no ancestor of a listed image."""


_IMPORT = Treatment(way=Way.COLD, by_hand=True, builds=True)


def find_cache_not_imported(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """Equal keys, and an import that failed or did not contain this step."""
    reader, writer = case.reader.record, case.writer.record
    separate = separate_caches(writer, reader) is not None
    if case.site.reason is not Reason.EQUAL_KEYS or reader.builder is Builder.CLASSIC:
        return
    if not imports_cache(reader) or (not separate and case.writer.control == "hit"):
        return
    failed = failed_imports(reader)
    sources = ", ".join((*reader.request.cache_from, *reader.request.cache_from_dropped))
    exported = ", ".join(writer.request.cache_to)
    yield Finding(
        code=CauseCode.CACHE_NOT_IMPORTED,
        field="cache-from",
        writer=exported,
        reader=sources,
        detail="" if failed else f"did not contain this step{_why_not_held(case)}",
        evidence=(
            *failed,
            f"cache-from of {case.reader_name}: {sources}",
            f"cache-to of {case.writer_name}: {exported or 'none'}",
            *(f"since exported to the same place: {other}" for other in case.writer.exported_over),
            *(() if failed else (_CACHE_INSPECTED,)),
        ),
        strength=Strength.RECORDS if failed and separate else Strength.GUESS,
    )


_CACHE_INSPECTED = (
    "to find out: run `layerfork cache inspect` on that cache, with `--record` and the record of the build "
    "that exported it"
)


def _why_not_held(case: Case) -> str:
    """Why an import that succeeded lacked a step, as far as the records show."""
    writer = case.writer.record
    if not exports(writer):
        return f", and {case.writer_name} exported no cache"
    if not places_of(writer.request.cache_to) & places_of(case.reader.record.request.cache_from):
        return ""
    if case.writer.exported_over:
        return f": {case.writer.exported_over[0]} exported to the same place and overwrote it"
    if exported_only_result(writer) and is_beside_result(writer, case.writer_view.step):
        return ": mode=min exports only the stages of the result, and this step belongs to another one"
    return ""


CACHE_NOT_IMPORTED = CauseRule(
    code=CauseCode.CACHE_NOT_IMPORTED,
    treatment=_IMPORT,
    say=_say_import,
    remedy="export every step (--cache-to …,mode=max), and check that the import finds it",
    fix=_fix_not_imported,
    find=find_cache_not_imported,
)
"""The reader asked for a cache from elsewhere, and the writer's results did not come with it."""


RULES = (
    CACHE_OFF,
    CACHE_FROM,
    CACHE_NOT_IMPORTED,
)
