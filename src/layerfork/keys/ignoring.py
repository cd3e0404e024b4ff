"""The dialect of ignore rules that decided which files of a build's context count."""

import functools
import re
from collections.abc import Callable, Iterable

from layerfork.context.ignore.containers_storage import storage_matcher
from layerfork.context.ignore.gopatterns import Excluder
from layerfork.context.ignore.moby import moby_matcher, old_moby_matcher_of
from layerfork.keys.buildah.rules import buildah_rules
from layerfork.record.build import Builder
from layerfork.record.engine import parse_version
from layerfork.record.record import BuildRecord


def ignore_matcher(record: BuildRecord) -> Callable[[Iterable[str]], Excluder]:
    """Makes a matcher of a record's patterns: buildah's own, else that of the docker CLI which applied them.

    The CLI's version is what it calls itself; of another client, the engine's stands in for it.
    """
    if record.builder is Builder.BUILDAH:
        return functools.partial(storage_matcher, syntax=buildah_rules(record.engine).ignores)
    own = re.search(r"Docker-Client/(\S+)", record.client.user_agent)
    engine = record.engine.version if record.engine is not None else ""
    text = own[1] if own else engine
    version = parse_version(text)
    return moby_matcher if version is None or version >= (23, 0) else old_moby_matcher_of(text)
