"""The dialect of ignore rules that decided which files of a build's context count."""

import functools
import re
from collections.abc import Callable, Iterable

from layerfork.context.ignore.containers_storage import storage_matcher
from layerfork.context.ignore.gopatterns import Excluder
from layerfork.context.ignore.moby import moby_matcher_of
from layerfork.record.build import Builder
from layerfork.record.record import BuildRecord
from layerfork.releases import buildah_rules, moby_ignores


def ignore_matcher(record: BuildRecord) -> Callable[[Iterable[str]], Excluder]:
    """Makes a matcher of a record's patterns: buildah's own, else that of the docker CLI which applied them.

    The CLI's version is what it calls itself; of another client, the engine's stands in for it.
    """
    if record.builder is Builder.BUILDAH:
        return functools.partial(storage_matcher, syntax=buildah_rules(record.engine).ignores)
    own = re.search(r"Docker-Client/(\S+)", record.client.user_agent)
    engine = record.engine.version if record.engine is not None else ""
    return moby_matcher_of(moby_ignores(own[1] if own else engine))
