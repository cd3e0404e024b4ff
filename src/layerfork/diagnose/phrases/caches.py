"""Caches that are separate, empty or not to be used."""

import re

from layerfork.diagnose.causes.lost import SERVICE_WITHOUT_CACHE
from layerfork.diagnose.causes.scene import Scene
from layerfork.diagnose.causes.wording import shown, values
from layerfork.record.cause import CauseCode
from layerfork.record.judgement import Cause


def _builder(scene: Scene, cause: Cause) -> str:
    return values(scene, "builder", shown(cause.writer), shown(cause.reader))


def _instance(scene: Scene, cause: Cause) -> str:
    return (
        "another builder was used, with a cache of its own"
        if scene.again
        else f"{scene.reader_name} and {scene.writer_name} used two builders with a cache each"
    )


def _store(scene: Scene, cause: Cause) -> str:
    return values(scene, "image store", shown(cause.writer), shown(cause.reader))


_OFF = {"ignore-cache flag of the op": "for this step"}


def _off(scene: Scene, cause: Cause) -> str:
    if cause.field == SERVICE_WITHOUT_CACHE:
        return "podman's service before 4.0 has no cache for Docker's clients"
    told = "the build" if scene.again else scene.reader_name
    return f"{told} was told not to use the cache ({_OFF.get(cause.field, '--no-cache')})"


def _from(scene: Scene, cause: Cause) -> str:
    return f"--cache-from allows only results of {shown(cause.reader)}"


_DIGEST = re.compile(r"digest=[^,]*,?")


def _import(scene: Scene, cause: Cause) -> str:
    source = _DIGEST.sub("", cause.reader)
    who = "" if scene.again else f" for {scene.reader_name}"
    if "could not import" in cause.text:
        return f"the cache could not be imported{who} from {source}"
    told = cause.text.partition("did not hold this step")[2]
    return f"the cache imported{who} from {source} did not hold this step{told}"


def _empty(scene: Scene, cause: Cause) -> str:
    return "nothing of the earlier build was left in the cache" if scene.again else ""


def _gone(scene: Scene, cause: Cause) -> str:
    return "its stored result is gone from the cache" if scene.again else ""


_EARLY = re.compile(r"came to it ([0-9.]+ s) before")


def _at_once(scene: Scene, cause: Cause) -> str:
    early = _EARLY.search(cause.text)
    if not scene.again or early is None:
        return ""
    return f"the earlier build finished it {early[1]} later: both ran side by side"


PHRASES = {
    CauseCode.BUILDER: _builder,
    CauseCode.BUILDER_INSTANCE: _instance,
    CauseCode.IMAGE_STORE: _store,
    CauseCode.CACHE_OFF: _off,
    CauseCode.CACHE_FROM: _from,
    CauseCode.CACHE_NOT_IMPORTED: _import,
    CauseCode.PARALLEL_BUILD: _at_once,
    CauseCode.CACHE_EMPTY: _empty,
    CauseCode.CACHE_RECORD_GONE: _gone,
}
