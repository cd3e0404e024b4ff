"""Secrets that podman's client puts into the context: what they hold is not recorded, not even as a digest.

Source: containers/podman pkg/bindings/images/build.go @ v5.4.2. For each `--secret` of a build by its service
it copies the file to `podman-build-secret` and digits in the context, appends that to the tar, and says in
`secrets` which it is.
"""

import json
import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from layerfork.record.context import ContentSource, ContextEntry
from layerfork.wire.posted.observed import PostedBuild

PARAMETER = "secrets"
_NAME = "podman-build-secret"
_FIELD = re.compile(r"(?:id|src|source|type|env|target|uid|gid|mode|required)=[^,]*")


def secrets_of(build: PostedBuild) -> tuple[str, ...] | None:
    """What each `--secret` says of itself: ids and files, no values. None when this is something else."""
    try:
        listed = json.loads(build.first(PARAMETER) or "[]")
    except (ValueError, RecursionError):
        return None
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        return None
    if not all(_FIELD.fullmatch(field) for each in listed for field in each.split(",")):
        return None
    return tuple(re.sub(rf"({_NAME})-?[0-9]+", r"\1", each) for each in listed)


def without_secrets(entries: Iterable[ContextEntry]) -> Iterator[ContextEntry]:
    """Entries of which the secrets among them have no content, no length and no digest."""
    for entry in entries:
        if (
            posixpath.basename(entry.name).startswith(_NAME)
            and entry.content_source is not ContentSource.NONE
        ):
            yield replace(entry, size=0, content=None, content_source=ContentSource.HIDDEN, tarsum=None)
        else:
            yield entry
